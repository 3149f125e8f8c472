package io.boxlite.cli.command;

import io.boxlite.api.Box;
import io.boxlite.api.BoxInfo;
import io.boxlite.api.BoxStatus;
import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParseResult;

/// `wait`: waits until boxes do not run any more, and prints how their main commands ended.
final class WaitCommand implements Command {
  @Override
  public CommandSpec spec() {
    CommandSpec spec = Specs.command("Wait until boxes have stopped, and print their exit codes");
    spec.addPositional(Specs.arguments("BOX...", "Ids, unique prefixes of ids, or names"));
    return spec;
  }

  @Override
  public int run(ParseResult parsed, CliContext context) throws InterruptedException {
    List<Box> boxes = new ArrayList<>();
    for (String target : Specs.someArguments(parsed, "BOX")) {
      boxes.add(context.box(target)); // all of them, before any is waited for
    }
    int code = 0;
    for (Box box : boxes) {
      BoxInfo end = box.waitFor();
      if (end.status() == BoxStatus.FAILED) {
        context.error("box " + box.id() + " failed: " + end.errorReason().orElse("unknown reason"));
        code = CliException.FAILURE;
      } else {
        context.out().println(end.exitCode().orElse(0));
        context.out().flush();
      }
    }
    return code;
  }
}
