package io.boxlite.cli;

import io.boxlite.api.Execution;
import io.boxlite.api.ExitStatus;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;

/// A command whose output is given beforehand; it ends once its stdin was closed.
final class FakeExecution implements Execution {
  final ByteArrayOutputStream stdin = new ByteArrayOutputStream();
  final List<Integer> signals = new ArrayList<>();
  final List<String> sizes = new ArrayList<>();
  boolean ignoresSignals;
  boolean cut;
  private final CountDownLatch stdinClosed = new CountDownLatch(1);
  private final byte[] stdout;
  private final byte[] stderr;
  private final ExitStatus exit;

  FakeExecution(byte[] stdout, byte[] stderr, ExitStatus exit) {
    this.stdout = stdout;
    this.stderr = stderr;
    this.exit = exit;
  }

  @Override
  public String id() {
    return "main";
  }

  @Override
  public OutputStream stdin() {
    return new OutputStream() {
      @Override
      public void write(int b) {
        stdin.write(b);
      }

      @Override
      public void write(byte[] bytes, int offset, int count) {
        stdin.write(bytes, offset, count);
      }

      @Override
      public void close() {
        stdinClosed.countDown();
      }
    };
  }

  @Override
  public InputStream stdout() {
    return new FilterInputStream(new ByteArrayInputStream(stdout)) {
      @Override
      public int read(byte[] bytes, int offset, int count) throws IOException {
        try {
          stdinClosed.await();
        } catch (InterruptedException e) {
          Thread.currentThread().interrupt();
        }
        int read = super.read(bytes, offset, count);
        if (read < 0 && cut) {
          throw new IOException("connection lost");
        }
        return read;
      }
    };
  }

  @Override
  public InputStream stderr() {
    return new ByteArrayInputStream(stderr);
  }

  @Override
  public ExitStatus waitFor() {
    return exit;
  }

  @Override
  public Optional<ExitStatus> waitFor(Duration timeout) {
    return ignoresSignals ? Optional.empty() : Optional.of(exit);
  }

  @Override
  public void kill() {
    signals.add(9);
  }

  @Override
  public void signal(int signal) {
    signals.add(signal);
  }

  @Override
  public void resize(int rows, int cols) {
    sizes.add(rows + "x" + cols);
  }
}
