package io.boxlite.server;

import io.boxlite.api.Execution;
import io.boxlite.api.ExitStatus;
import io.boxlite.api.InvalidStateException;
import io.boxlite.api.PortalException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/// A command whose output a test writes and whose stdin it reads.
final class FakeExecution implements Execution {
  final Pipe out = new Pipe();
  final Pipe err = new Pipe();
  final Pipe in = new Pipe();
  final List<Integer> signals = new CopyOnWriteArrayList<>();
  final List<String> sizes = new CopyOnWriteArrayList<>();
  final CompletableFuture<ExitStatus> exit = new CompletableFuture<>();
  volatile boolean killFails;
  private final String id;
  private final boolean tty;

  FakeExecution(String id, boolean tty) {
    this.id = id;
    this.tty = tty;
  }

  void end(int code) {
    end(new ExitStatus(code, 0, false));
  }

  void end(ExitStatus status) {
    exit.complete(status);
    out.end();
    err.end();
  }

  void loseExit() {
    exit.completeExceptionally(new PortalException("box_ended", "the box ended"));
    out.end();
    err.end();
  }

  @Override
  public String id() {
    return id;
  }

  @Override
  public OutputStream stdin() {
    return in.sink;
  }

  @Override
  public InputStream stdout() {
    return out.source;
  }

  @Override
  public InputStream stderr() {
    return err.source;
  }

  @Override
  public ExitStatus waitFor() throws InterruptedException {
    return waitFor(Duration.ofDays(1)).orElseThrow();
  }

  @Override
  public Optional<ExitStatus> waitFor(Duration timeout) throws InterruptedException {
    try {
      return Optional.of(exit.get(timeout.toMillis(), TimeUnit.MILLISECONDS));
    } catch (TimeoutException e) {
      return Optional.empty();
    } catch (ExecutionException e) {
      throw (PortalException) e.getCause();
    }
  }

  @Override
  public void kill() {
    if (killFails) {
      throw new PortalException("agent_silent", "the agent does not answer");
    }
    if (!exit.isDone()) {
      end(new ExitStatus(0, 9, false));
    }
  }

  @Override
  public void signal(int signal) {
    if (exit.isDone()) {
      throw new InvalidStateException("ended", "execution " + id + " has ended");
    }
    signals.add(signal);
  }

  @Override
  public void resize(int rows, int cols) {
    if (!tty) {
      throw new InvalidStateException("no_tty", "execution " + id + " has no terminal");
    }
    sizes.add(rows + "x" + cols);
  }

  /// A bounded pipe that blocks its writer, like the kernel's.
  static final class Pipe {
    private static final int CAPACITY = 64 * 1024;
    final InputStream source = new Source();
    final OutputStream sink = new Sink();
    private final List<byte[]> chunks = new ArrayList<>();
    private int waiting;
    private long written;
    private boolean ended;

    synchronized void end() {
      ended = true;
      notifyAll();
    }

    synchronized long written() {
      return written;
    }

    void write(String text) throws IOException {
      sink.write(text.getBytes(java.nio.charset.StandardCharsets.UTF_8));
    }

    private synchronized void put(byte[] bytes) throws InterruptedException {
      while (waiting >= CAPACITY && !ended) {
        wait();
      }
      chunks.add(bytes);
      waiting += bytes.length;
      written += bytes.length;
      notifyAll();
    }

    private synchronized int take(byte[] target, int offset, int count)
        throws InterruptedException {
      while (chunks.isEmpty() && !ended) {
        wait();
      }
      if (chunks.isEmpty()) {
        return -1;
      }
      byte[] first = chunks.removeFirst();
      int part = Math.min(count, first.length);
      System.arraycopy(first, 0, target, offset, part);
      if (part < first.length) {
        chunks.addFirst(java.util.Arrays.copyOfRange(first, part, first.length));
      }
      waiting -= part;
      notifyAll();
      return part;
    }

    private final class Source extends InputStream {
      @Override
      public int read() throws IOException {
        byte[] one = new byte[1];
        return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
      }

      @Override
      public int read(byte[] target, int offset, int count) throws IOException {
        try {
          return take(target, offset, count);
        } catch (InterruptedException e) {
          throw new IOException(e);
        }
      }
    }

    private final class Sink extends OutputStream {
      @Override
      public void write(int b) throws IOException {
        write(new byte[] {(byte) b}, 0, 1);
      }

      @Override
      public void write(byte[] bytes, int offset, int count) throws IOException {
        try {
          put(java.util.Arrays.copyOfRange(bytes, offset, offset + count));
        } catch (InterruptedException e) {
          throw new IOException(e);
        }
      }

      @Override
      public void close() {
        end();
      }
    }
  }
}
