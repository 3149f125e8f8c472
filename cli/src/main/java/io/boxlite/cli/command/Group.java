package io.boxlite.cli.command;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;

/// Commands under one verb, such as `boxlite image ls`. Immutable.
///
/// @since 0.1
public final class Group {
  private final String description;
  private final Map<String, Supplier<Command>> commands;

  private Group(String description, Map<String, Supplier<Command>> commands) {
    this.description = description;
    this.commands = commands;
  }

  static Group auth() {
    Map<String, Supplier<Command>> commands = new LinkedHashMap<>();
    commands.put("login", LoginCommand::new);
    commands.put("logout", AuthCommand::logout);
    commands.put("status", AuthCommand::status);
    commands.put("whoami", AuthCommand::whoami);
    commands.put("key", AuthKeyCommand::new);
    return new Group("Who may use which server", commands);
  }

  static Group image() {
    Map<String, Supplier<Command>> commands = new LinkedHashMap<>();
    commands.put("ls", ImagesCommand::new);
    commands.put("pull", PullCommand::new);
    commands.put("push", PushCommand::new);
    commands.put("tag", TagCommand::new);
    commands.put("rm", RmiCommand::new);
    commands.put("prune", ImagePruneCommand::new);
    commands.put("inspect", ImageInspectCommand::new);
    commands.put("history", HistoryCommand::new);
    commands.put("save", SaveCommand::new);
    commands.put("load", LoadCommand::new);
    return new Group("All that concerns images", commands);
  }

  static Group network() {
    Map<String, Supplier<Command>> commands = new LinkedHashMap<>();
    commands.put("show", NetworkShowCommand::new);
    commands.put("allow", NetworkRulesCommand::allow);
    commands.put("deny", NetworkRulesCommand::deny);
    commands.put("log", NetworkLogCommand::new);
    commands.put("publish", PublishCommand::publish);
    commands.put("unpublish", PublishCommand::unpublish);
    commands.put("tunnel", TunnelCommand::tunnel);
    commands.put("port-forward", TunnelCommand::portForward);
    return new Group("The network of a box", commands);
  }

  static Group system() {
    return new Group("What concerns the whole home", Map.of("df", SystemDfCommand::new));
  }

  /// {@return one line about it}
  public String description() {
    return description;
  }

  /// {@return the words of its commands}
  public List<String> words() {
    return List.copyOf(commands.keySet());
  }

  /// {@return a new instance of a command, or empty if there is none}
  ///
  /// @param word as the user typed it
  public Optional<Command> command(String word) {
    Supplier<Command> command = commands.get(word.equals("list") ? "ls" : word);
    return command == null ? Optional.empty() : Optional.of(command.get());
  }
}
