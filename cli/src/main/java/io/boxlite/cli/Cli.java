package io.boxlite.cli;

import io.boxlite.api.Boxlite;
import io.boxlite.api.BoxliteException;
import io.boxlite.api.ExecException;
import io.boxlite.api.ImageRegistry;
import io.boxlite.cli.command.CliContext;
import io.boxlite.cli.command.CliException;
import io.boxlite.cli.command.Command;
import io.boxlite.cli.command.Configuration;
import io.boxlite.cli.command.GlobalFlags;
import io.boxlite.cli.command.Group;
import io.boxlite.cli.command.RemoteServers;
import io.boxlite.cli.command.Verb;
import io.boxlite.cli.output.OneLine;
import io.boxlite.cli.terminal.Terminal;
import io.boxlite.client.RemoteBoxlite;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import picocli.CommandLine;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParseResult;

/// The command line: finds the verb, reads its arguments, runs it, and turns whatever goes wrong
/// into one line and an exit code. Confined to one thread.
final class Cli {
  private static final int NOT_EXECUTABLE = 126;
  private static final int NOT_FOUND = 127;
  private static final int INTERRUPTED = 130;

  private final InputStream in;
  private final OutputStream out;
  private final OutputStream err;
  private final Map<String, String> environment;
  private final Supplier<Terminal> terminal;
  private final Opener opener;

  /// Opens the runtime of a home.
  interface Opener {
    Boxlite open(Path home, List<ImageRegistry> registries);
  }

  Cli(
      InputStream in,
      OutputStream out,
      OutputStream err,
      Map<String, String> environment,
      Supplier<Terminal> terminal,
      Opener opener) {
    this.in = in;
    this.out = out;
    this.err = err;
    this.environment = environment;
    this.terminal = terminal;
    this.opener = opener;
  }

  /// {@return the exit code}
  int run(String... arguments) {
    boolean debug = Arrays.asList(arguments).contains("--debug");
    int verbIndex = GlobalFlags.verbIndex(arguments);
    PrintStream errors = new PrintStream(err, true, StandardCharsets.UTF_8);
    try {
      return verbIndex < 0 ? withoutVerb(arguments) : withVerb(arguments, verbIndex);
    } catch (ParameterException e) {
      return fail(errors, debug, e, CliException.USAGE);
    } catch (CliException e) {
      return fail(errors, debug, e, e.exitCode());
    } catch (ExecException e) {
      return fail(errors, debug, e, exitCode(e));
    } catch (BoxliteException | IOException | UncheckedIOException | InvalidPathException e) {
      return fail(errors, debug, e, CliException.FAILURE);
    } catch (InterruptedException e) {
      return INTERRUPTED;
    }
  }

  private int withoutVerb(String[] arguments) {
    List<String> given = Arrays.asList(arguments);
    if (given.contains("-V") || given.contains("--version")) {
      return print(Version.LINE + "\n");
    }
    if (given.isEmpty() || given.contains("-h") || given.contains("--help")) {
      return print(Help.text());
    }
    throw CliException.usage("no command given; see boxlite --help");
  }

  private int withVerb(String[] arguments, int verbIndex) throws IOException, InterruptedException {
    String word = arguments[verbIndex];
    if (word.equals("help")) {
      return print(Help.text());
    }
    Verb verb =
        Verb.of(word)
            .orElseThrow(
                () -> CliException.usage("unknown command '" + word + "'; see boxlite --help"));
    String[] rest = without(arguments, verbIndex);
    return verb.group().isEmpty()
        ? run(verb.command(), verb.word(), rest)
        : withinGroup(verb.group().get(), verb.word(), rest);
  }

  /// `boxlite image ls`: the second word says what to do.
  private int withinGroup(Group group, String word, String[] arguments)
      throws IOException, InterruptedException {
    int index = GlobalFlags.verbIndex(arguments);
    if (index < 0) {
      List<String> given = Arrays.asList(arguments);
      if (given.contains("-h") || given.contains("--help")) {
        return print(Help.text(word, group));
      }
      throw CliException.usage("missing argument: " + String.join(", ", group.words()));
    }
    String action = arguments[index];
    Command command =
        group
            .command(action)
            .orElseThrow(() ->
                CliException.usage(
                    "unknown action '"
                        + action
                        + "' of "
                        + word
                        + "; use one of "
                        + String.join(", ", group.words())));
    return run(command, word + " " + action, without(arguments, index));
  }

  private int run(Command command, String name, String[] arguments)
      throws IOException, InterruptedException {
    CommandSpec spec = specification(name, command);
    String[] arranged = command.arrange(arguments, spec);
    CommandLine line = new CommandLine(spec);
    ParseResult parsed = line.parseArgs(arranged);
    if (parsed.isUsageHelpRequested()) {
      return print(line.getUsageMessage());
    }
    Configuration configuration = GlobalFlags.configuration(parsed);
    Path home = GlobalFlags.home(parsed, configuration, environment);
    Supplier<Boxlite> runtime =
        () ->
            RemoteServers.choose(parsed, environment, configuration.registries())
                .<Boxlite>map(RemoteBoxlite::connect)
                .orElseGet(() -> opener.open(home, configuration.registries()));
    try (CliContext context = new CliContext(in, out, err, environment, terminal, runtime)) {
      return command.run(parsed, context);
    }
  }

  private static CommandSpec specification(String name, Command command) {
    CommandSpec spec = command.spec().name("boxlite " + name);
    GlobalFlags.addTo(spec);
    // `@name` and the like are ordinary arguments here, not files with more of them.
    spec.parser().expandAtFiles(false);
    return spec;
  }

  private static String[] without(String[] arguments, int index) {
    String[] rest = new String[arguments.length - 1];
    System.arraycopy(arguments, 0, rest, 0, index);
    System.arraycopy(arguments, index + 1, rest, index, rest.length - index);
    return rest;
  }

  private int print(String text) {
    PrintStream to = new PrintStream(out, false, StandardCharsets.UTF_8);
    to.print(text);
    to.flush();
    return 0;
  }

  private static int fail(PrintStream errors, boolean debug, Exception e, int code) {
    if (debug) {
      e.printStackTrace(errors);
    }
    String message = e.getMessage() == null ? e.getClass().getSimpleName() : e.getMessage();
    String shown = e instanceof IOException ? named(e, message) : message;
    errors.println("Error: " + OneLine.of(shown));
    return code;
  }

  /// The message of a file system exception is often the bare path.
  private static String named(Exception e, String message) {
    return switch (e) {
      case java.nio.file.NoSuchFileException missing -> message + ": no such file";
      case java.nio.file.AccessDeniedException denied -> message + ": permission denied";
      default -> message;
    };
  }

  /// As shells do it.
  private static int exitCode(ExecException e) {
    return switch (e.reason()) {
      case "command_not_found" -> NOT_FOUND;
      case "command_not_executable" -> NOT_EXECUTABLE;
      default -> CliException.FAILURE;
    };
  }
}
