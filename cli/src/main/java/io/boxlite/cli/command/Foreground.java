package io.boxlite.cli.command;

import io.boxlite.api.BoxliteException;
import io.boxlite.api.Execution;
import io.boxlite.cli.terminal.Terminal;
import io.boxlite.cli.terminal.Terminal.RawMode;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.time.Duration;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// Stays with a command that runs in a box: streams both ways, passes signals on, and waits for its
/// end. Used once, by one thread.
///
/// Streams are copied by platform threads that have ended before this returns: HotSpot delays the
/// exit of a process by 300 ms for every thread that is still blocked in a system call.
final class Foreground {
  private static final int BUFFER_BYTES = 64 * 1024;

  /// What a command that writes into a broken pipe dies of; also the code that a shell would show.
  private static final int SIGPIPE = 13;

  /// How long it may take to die of that.
  private static final Duration PIPE_GRACE = Duration.ofSeconds(1);

  /// How long to look for the reason when output was cut.
  private static final Duration CUT_GRACE = Duration.ofSeconds(1);

  private final CliContext context;
  private final Execution execution;
  private final boolean input;
  private final Optional<Terminal> terminal;

  /// Why output ended too early, when it did.
  private volatile @Nullable IOException cut;

  Foreground(CliContext context, Execution execution, boolean input, Optional<Terminal> terminal) {
    this.context = context;
    this.execution = execution;
    this.input = input;
    this.terminal = terminal;
  }

  /// {@return the terminal, when one was asked for}
  ///
  /// @throws CliException if standard input is none
  static Optional<Terminal> terminal(boolean wanted, CliContext context) {
    if (!wanted) {
      return Optional.empty();
    }
    Terminal terminal = context.terminal();
    if (!terminal.isTerminal()) {
      throw CliException.failure("the input device is not a TTY.");
    }
    return Optional.of(terminal);
  }

  /// Streams until the command has ended and all its output is written.
  ///
  /// @return its exit code, 128 + signal, or 141 when nobody reads the output any more
  /// @throws CliException if output was lost
  int run() throws InterruptedException {
    context.out().flush();
    Optional<RawMode> raw = terminal.map(Terminal::raw);
    try (SignalForwarding _ = SignalForwarding.to(execution, terminal)) {
      return stream(raw);
    }
  }

  private int stream(Optional<RawMode> raw) throws InterruptedException {
    Thread stdin = Thread.ofPlatform().daemon().name("stdin").unstarted(this::feed);
    Thread stderr = Thread.ofPlatform().daemon().name("stderr").start(this::drainStderr);
    try {
      if (input) {
        stdin.start();
      } else {
        closeStdin();
      }
      if (!drainStdout()) {
        breakPipe();
        return 128 + SIGPIPE;
      }
      stderr.join();
      refuseCutOutput();
      return execution.waitFor().shellCode();
    } finally {
      // First: interrupting a read closes standard input, which is the terminal to restore.
      raw.ifPresent(RawMode::close);
      stdin.interrupt();
      stdin.join();
    }
  }

  /// Nobody reads the output any more: the command gets what a local one would get. One that does
  /// not care would run on for ever, with nobody to notice.
  private void breakPipe() throws InterruptedException {
    boolean ended;
    try {
      execution.stdout().close(); // unread output would hold back the news of the end
      execution.signal(SIGPIPE);
      ended = execution.waitFor(PIPE_GRACE).isPresent();
    } catch (IOException | BoxliteException e) {
      ended = false; // or it has, just now: then killing it does nothing
    }
    if (!ended) {
      SignalForwarding.quietly(execution::kill);
    }
  }

  /// An exit code beside a part of the output would pass for success.
  private void refuseCutOutput() throws InterruptedException {
    IOException why = cut;
    if (why != null) {
      // When the whole box was lost, this throws, and tells more.
      boolean ended = execution.waitFor(CUT_GRACE).isPresent();
      throw CliException.failure(
          "output is incomplete"
              + (ended ? "" : ", the command may still run")
              + ": "
              + why.getMessage());
    }
  }

  /// {@return whether all was written; otherwise the reader of standard output has gone}
  private boolean drainStdout() {
    byte[] buffer = new byte[BUFFER_BYTES];
    InputStream from = execution.stdout();
    int count = read(from, buffer);
    while (count >= 0) {
      if (!write(context.rawOut(), buffer, count)) {
        return false;
      }
      count = read(from, buffer);
    }
    return true;
  }

  /// Goes on reading when nobody listens, so that the command is not held back.
  private void drainStderr() {
    byte[] buffer = new byte[BUFFER_BYTES];
    InputStream from = execution.stderr();
    boolean open = true;
    int count = read(from, buffer);
    while (count >= 0) {
      open = open && write(context.rawErr(), buffer, count);
      count = read(from, buffer);
    }
  }

  private int read(InputStream from, byte[] buffer) {
    try {
      return from.read(buffer);
    } catch (IOException e) {
      cut = e;
      return -1;
    }
  }

  private static boolean write(OutputStream to, byte[] buffer, int count) {
    try {
      to.write(buffer, 0, count);
      to.flush();
      return true;
    } catch (IOException e) {
      return false;
    }
  }

  /// The command sees the end of input at once, as with `/dev/null`.
  private void closeStdin() {
    try {
      execution.stdin().close();
    } catch (IOException e) {
      // It has ended already.
      return;
    }
  }

  private void feed() {
    byte[] buffer = new byte[BUFFER_BYTES];
    try (OutputStream to = execution.stdin()) {
      InputStream from = context.in();
      int count = from.read(buffer);
      while (count >= 0) {
        to.write(buffer, 0, count);
        to.flush();
        count = from.read(buffer);
      }
    } catch (IOException e) {
      // The command has ended or does not read any more, or this thread was told to end.
      return;
    }
  }
}
