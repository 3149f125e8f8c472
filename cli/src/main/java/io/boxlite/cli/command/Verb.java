package io.boxlite.cli.command;

import java.util.List;
import java.util.Locale;
import java.util.Optional;

/// The verbs of the command line. What implements one is made only when it is used.
///
/// @since 0.1
public enum Verb {
  /// Makes a box and runs a command in it.
  RUN,
  /// Runs one more command in a box.
  EXEC,
  /// Makes a box.
  CREATE,
  /// Shows the boxes.
  LIST,
  /// Starts boxes.
  START,
  /// Stops boxes.
  STOP,
  /// Stops and starts boxes.
  RESTART,
  /// Changes what boxes have.
  UPDATE,
  /// Lets boxes stand still.
  PAUSE,
  /// Lets paused boxes go on.
  UNPAUSE,
  /// Waits until boxes have stopped.
  WAIT,
  /// Removes boxes.
  RM,
  /// Shows details of boxes.
  INSPECT,
  /// Shows what a box wrote.
  LOGS,
  /// Shows what boxes use.
  STATS,
  /// Copies files.
  CP,
  /// The network of a box.
  NETWORK,
  /// Shows the ports of the host that lead into a box.
  PORT,
  /// Shows what the runtime is.
  INFO,
  /// Shows the images.
  IMAGES,
  /// Fetches an image.
  PULL,
  /// Sends an image.
  PUSH,
  /// Gives an image one more name.
  TAG,
  /// Removes images.
  RMI,
  /// Writes images to an archive.
  SAVE,
  /// Adds images.
  LOAD,
  /// Shows what made an image.
  HISTORY,
  /// Makes an image of a box.
  COMMIT,
  /// Keeps what the disk of a box is.
  SNAPSHOT,
  /// Makes a box of what a box is.
  CLONE,
  /// Writes a box as an archive.
  EXPORT,
  /// Makes a box of an archive.
  IMPORT,
  /// All that concerns images.
  IMAGE,
  /// What concerns the whole home.
  SYSTEM,
  /// Makes, shows and removes the VMs at rest that boxes start from.
  TEMPLATE,
  /// Makes, shows and removes volumes.
  VOLUME,
  /// Serves others by TCP.
  SERVE,
  /// Who may use which server.
  AUTH,
  /// Prints a script for a shell.
  COMPLETION;

  /// {@return the verb of a name or alias, or empty}
  ///
  /// @param name as the user typed it
  public static Optional<Verb> of(String name) {
    for (Verb verb : values()) {
      if (verb.word().equals(name) || verb.aliases().contains(name)) {
        return Optional.of(verb);
      }
    }
    return Optional.empty();
  }

  /// {@return its name on the command line}
  public String word() {
    return name().toLowerCase(Locale.ROOT);
  }

  /// {@return its other names}
  public List<String> aliases() {
    return this == LIST ? List.of("ls", "ps") : List.of();
  }

  /// {@return one line about it}
  public String description() {
    return group()
        .map(Group::description)
        .orElseGet(() -> command().spec().usageMessage().description()[0]);
  }

  /// {@return the commands that it holds, if it is a group}
  public Optional<Group> group() {
    return switch (this) {
      case AUTH -> Optional.of(Group.auth());
      case IMAGE -> Optional.of(Group.image());
      case NETWORK -> Optional.of(Group.network());
      case SYSTEM -> Optional.of(Group.system());
      default -> Optional.empty();
    };
  }

  /// {@return a new instance of what implements it}
  ///
  /// @throws IllegalStateException if it is a group
  public Command command() {
    return switch (this) {
      case RUN -> new RunCommand();
      case EXEC -> new ExecCommand();
      case CREATE -> new CreateCommand();
      case LIST -> new ListCommand();
      case START -> LifecycleCommand.start();
      case STOP -> LifecycleCommand.stop();
      case RESTART -> LifecycleCommand.restart();
      case UPDATE -> new UpdateCommand();
      case PAUSE -> LifecycleCommand.pause();
      case UNPAUSE -> LifecycleCommand.unpause();
      case WAIT -> new WaitCommand();
      case RM -> new RmCommand();
      case INSPECT -> new InspectCommand();
      case LOGS -> new LogsCommand();
      case STATS -> new StatsCommand();
      case CP -> new CpCommand();
      case PORT -> new PortCommand();
      case INFO -> new InfoCommand();
      case IMAGES -> new ImagesCommand();
      case PULL -> new PullCommand();
      case PUSH -> new PushCommand();
      case TAG -> new TagCommand();
      case RMI -> new RmiCommand();
      case SAVE -> new SaveCommand();
      case LOAD -> new LoadCommand();
      case HISTORY -> new HistoryCommand();
      case COMMIT -> new CommitCommand();
      case SNAPSHOT -> new SnapshotCommand();
      case CLONE -> new CloneCommand();
      case EXPORT -> new ExportCommand();
      case IMPORT -> new ImportCommand();
      case AUTH, IMAGE, NETWORK, SYSTEM -> throw new IllegalStateException(word() + " is a group");
      case TEMPLATE -> new TemplateCommand();
      case VOLUME -> new VolumeCommand();
      case SERVE -> new ServeCommand();
      case COMPLETION -> new CompletionCommand();
    };
  }
}
