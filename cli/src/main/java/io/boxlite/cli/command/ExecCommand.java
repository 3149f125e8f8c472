package io.boxlite.cli.command;

import io.boxlite.api.Box;
import io.boxlite.api.ExecOptions;
import io.boxlite.api.Execution;
import io.boxlite.cli.terminal.Terminal;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import picocli.CommandLine;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParseResult;

/// `exec`: runs one more command in a box.
final class ExecCommand implements Command {
  @Override
  public CommandSpec spec() {
    CommandSpec spec = Specs.command("Run one more command in a box");
    spec.parser().stopAtPositional(true);
    ProcessFlags.addStreams(spec);
    ProcessFlags.addEnvironment(spec);
    spec.addOption(Specs.flag("Leave it running in the background", "-d", "--detach"));
    spec.addOption(Specs.text("EXEC", "Accepted, has no effect", "--entrypoint"));
    spec.addPositional(Specs.arguments("BOX [--] COMMAND [ARG...]", "Box, and what to run in it"));
    return spec;
  }

  /// `exec BOX -it -- sh`: flags between the box and `--` are moved before the box.
  @Override
  public String[] arrange(String[] arguments, CommandSpec specified) {
    ParseResult parsed = new CommandLine(specified).parseArgs(arguments);
    List<String> positionals = Specs.arguments(parsed);
    if (positionals.size() < 2 || !isFlag(positionals.get(1))) {
      return arguments;
    }
    int box = arguments.length - positionals.size();
    int separator = Arrays.asList(arguments).subList(box, arguments.length).indexOf("--");
    if (separator < 0) {
      throw CliException.usage(
          "unexpected argument '"
              + positionals.get(1)
              + "' after BOX: flags come before BOX, and -- before the command");
    }
    List<String> arranged = new ArrayList<>(Arrays.asList(arguments).subList(0, box));
    arranged.addAll(positionals.subList(1, separator));
    arranged.add(positionals.getFirst());
    arranged.addAll(positionals.subList(separator, positionals.size()));
    return arranged.toArray(String[]::new);
  }

  private static boolean isFlag(String argument) {
    return argument.startsWith("-") && argument.length() > 1 && !argument.equals("--");
  }

  @Override
  public int run(ParseResult parsed, CliContext context) throws InterruptedException {
    List<String> positionals = Specs.someArguments(parsed, "BOX");
    boolean detach = Specs.has(parsed, "--detach");
    boolean tty = ProcessFlags.tty(parsed);
    ExecOptions.Builder options =
        ExecOptions.builder(command(positionals).toArray(String[]::new))
            .env(ProcessFlags.env(parsed, context))
            .tty(tty)
            .detach(detach);
    ProcessFlags.workdir(parsed).ifPresent(options::workingDir);
    ProcessFlags.user(parsed).ifPresent(options::user);
    Optional<Terminal> terminal = Foreground.terminal(tty && !detach, context);
    terminal.flatMap(Terminal::size).ifPresent(size -> options.size(size.rows(), size.cols()));
    ExecOptions checked = options.build();
    Box box = context.box(positionals.getFirst());
    Execution execution = box.exec(checked);
    if (detach) {
      return 0;
    }
    boolean input = ProcessFlags.interactive(parsed);
    return new Foreground(context, execution, input, terminal).run();
  }

  private static List<String> command(List<String> positionals) {
    int first = positionals.size() > 1 && positionals.get(1).equals("--") ? 2 : 1;
    if (positionals.size() <= first) {
      throw CliException.usage("missing argument: COMMAND");
    }
    return positionals.subList(first, positionals.size());
  }
}
