package io.boxlite.cli.command;

import io.boxlite.api.Box;
import io.boxlite.api.BoxOptions;
import io.boxlite.api.BoxliteException;
import io.boxlite.api.Execution;
import io.boxlite.api.NotFoundException;
import io.boxlite.api.RestartPolicy;
import io.boxlite.cli.terminal.Terminal;
import io.boxlite.client.RemoteBoxlite;
import java.util.Optional;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParseResult;

/// `run`: makes a box, starts it, and stays with its main command until it ends.
final class RunCommand implements Command {
  @Override
  public CommandSpec spec() {
    CommandSpec spec = Specs.command("Make a box and run a command in it");
    ProcessFlags.addStreams(spec);
    BoxFlags.add(spec);
    spec.addOption(Specs.flag("Print how long each stage of the start took", "--timing"));
    return spec;
  }

  @Override
  public int run(ParseResult parsed, CliContext context) throws InterruptedException {
    boolean detach = Specs.has(parsed, "--detach");
    BoxOptions.Builder builder =
        BoxFlags.read(parsed, context)
            .tty(ProcessFlags.tty(parsed))
            .detach(detach)
            .autoRemove(Specs.has(parsed, "--rm") && !detach);
    ProcessFlags.user(parsed).ifPresent(builder::user);
    BoxOptions options = outliving(builder.build());
    Optional<StartTiming> timing =
        Specs.has(parsed, "--timing") ? Optional.of(new StartTiming()) : Optional.empty();
    return detach
        ? background(options, parsed, timing, context)
        : foreground(options, parsed, timing, context);
  }

  /// A box that is started again by itself does not end with this process, nor with its command.
  private static BoxOptions outliving(BoxOptions options) {
    return options.restart().equals(RestartPolicy.NO)
        ? options
        : options.toBuilder().detach(true).build();
  }

  private static int background(
      BoxOptions options, ParseResult parsed, Optional<StartTiming> timing, CliContext context) {
    timing.ifPresent(StartTiming::asked);
    Box box = Transfers.create(options, parsed, context);
    try {
      start(box, timing, context);
    } catch (BoxliteException e) {
      throw undone(box, e);
    }
    context.out().println(box.id());
    timing.ifPresent(t -> t.print(context.err()));
    return 0;
  }

  private static int foreground(
      BoxOptions options, ParseResult parsed, Optional<StartTiming> timing, CliContext context)
      throws InterruptedException {
    Optional<Terminal> terminal = Foreground.terminal(options.tty(), context);
    timing.ifPresent(StartTiming::asked);
    Box box = Transfers.create(options, parsed, context);
    Execution execution;
    try {
      // Attached first, so that nothing that the command writes is missed.
      execution = attach(box, !options.detach(), context);
      start(box, timing, context);
    } catch (BoxliteException e) {
      throw undone(box, e);
    }
    boolean input = ProcessFlags.interactive(parsed);
    int code = new Foreground(context, execution, input, terminal).run();
    if (!options.detach()) {
      ended(box, context);
    }
    timing.ifPresent(t -> t.print(context.err()));
    return code;
  }

  /// A supervisor that is told that the box `ends` with this process stops it when the process goes
  /// away, however that happens.
  private static Execution attach(Box box, boolean ends, CliContext context) {
    return context.boxlite() instanceof RemoteBoxlite remote
        ? remote.attach(box.id(), ends)
        : box.attach();
  }

  private static void start(Box box, Optional<StartTiming> timing, CliContext context) {
    if (timing.isEmpty()) {
      box.start();
    } else if (context.boxlite() instanceof RemoteBoxlite remote) {
      timing.get().started(remote.start(box.id()));
    } else {
      box.start();
      timing.get().started(box.info());
    }
  }

  /// The box was only made to run this: when that fails, nothing of it stays.
  private static BoxliteException undone(Box box, BoxliteException failure) {
    try {
      box.remove(true, true);
    } catch (NotFoundException e) {
      // It had `--rm`: gone already, as wanted.
      return failure;
    } catch (BoxliteException e) {
      failure.addSuppressed(e);
    }
    return failure;
  }

  /// Waits until the box has stopped, and with `--rm` is gone: who runs `list` next must not see it
  /// still stopping.
  private static void ended(Box box, CliContext context) {
    try {
      box.stop();
    } catch (NotFoundException e) {
      return;
    } catch (BoxliteException e) {
      context.warn("box " + box.id() + " did not stop: " + e.getMessage());
    }
  }
}
