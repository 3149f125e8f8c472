package io.boxlite.server;

import io.boxlite.api.BoxliteException;
import io.boxlite.api.Execution;
import io.boxlite.api.ExitStatus;
import io.boxlite.api.InvalidStateException;
import io.boxlite.rest.Frames;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Owns the streams of one execution: reads its output into two rings, from which at most one
/// attached client is served at a time. The ring is replay store and send buffer in one, so a new
/// client gets neither a gap nor a duplicate. Thread-safe.
///
/// While a client is attached, and for a while before the first one came, a full ring holds the
/// command back. Otherwise the newest bytes are kept.
final class StreamHub {
  private static final Logger LOG = LoggerFactory.getLogger(StreamHub.class);
  private static final long FIRST_ATTACH_NANOS = TimeUnit.SECONDS.toNanos(30);

  /// How long an incomplete UTF-8 sequence waits for its rest. Forever would be wrong: it may be
  /// the end of a binary message whose answer the command waits for.
  private static final long TAIL_NANOS = TimeUnit.MILLISECONDS.toNanos(100);

  private final Execution execution;
  private volatile boolean mainCommand;
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();
  private final Condition attendance = lock.newCondition();
  private final ReentrantLock stdinLock = new ReentrantLock();
  private final OutputRing stdout = new OutputRing();
  private final OutputRing stderr = new OutputRing();
  private final Runnable onFinished;
  private final long heldUntil;
  private @Nullable Attachment attachment;
  private boolean everAttached;
  private long attended = System.nanoTime();
  private boolean exited;
  private boolean finishTold;
  private @Nullable ExitStatus exit;
  private @Nullable String exitProblem;

  /// Begins to read the output.
  ///
  /// @param onFinished told once, when the command has ended and all its output was read
  StreamHub(Execution execution, boolean mainCommand, boolean holdBack, Runnable onFinished) {
    this.execution = execution;
    this.mainCommand = mainCommand;
    this.onFinished = onFinished;
    heldUntil = System.nanoTime() + (holdBack ? FIRST_ATTACH_NANOS : 0);
    everAttached = !holdBack;
  }

  void start() {
    String id = execution.id();
    InputStream out = execution.stdout();
    InputStream err = execution.stderr();
    Thread.ofVirtual().name("out-" + id).start(() -> pump(out, stdout));
    Thread.ofVirtual().name("err-" + id).start(() -> pump(err, stderr));
    Thread.ofVirtual().name("wait-" + id).start(this::awaitExit);
  }

  Execution execution() {
    return execution;
  }

  private void pump(InputStream from, OutputRing to) {
    byte[] buffer = new byte[Frames.MAX_PAYLOAD];
    try (from) {
      int count = from.read(buffer);
      while (count >= 0) {
        append(to, buffer, count);
        count = from.read(buffer);
      }
    } catch (IOException | InterruptedException | RuntimeException e) {
      LOG.debug("output of {} ended early", execution.id(), e);
    }
    lock.lock();
    try {
      to.endOfStream();
      changed.signalAll();
    } finally {
      lock.unlock();
    }
    finishIfOver();
  }

  private void append(OutputRing to, byte[] bytes, int count) throws InterruptedException {
    lock.lock();
    try {
      while (to.end() + count - oldestNeeded(to) > OutputRing.CAPACITY) {
        long wait = heldUntil - System.nanoTime();
        if (attachment != null) {
          changed.await();
        } else if (!everAttached && wait > 0) {
          changed.awaitNanos(wait);
        } else {
          break;
        }
      }
      to.append(bytes, 0, count);
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  private long oldestNeeded(OutputRing ring) {
    Attachment current = attachment;
    return current == null ? ring.begin() : ring == stdout ? current.out.at : current.err.at;
  }

  private void awaitExit() {
    ExitStatus status = null;
    String problem = null;
    try {
      status = execution.waitFor();
    } catch (BoxliteException e) {
      problem = e.getMessage();
    } catch (InterruptedException | RuntimeException e) {
      LOG.error("waiting for {} failed", execution.id(), e);
      problem = "the result is not known";
    }
    lock.lock();
    try {
      exit = status;
      exitProblem = problem;
      exited = true;
      changed.signalAll();
      attendance.signalAll();
    } finally {
      lock.unlock();
    }
    finishIfOver();
  }

  private void finishIfOver() {
    lock.lock();
    try {
      if (!isOver() || finishTold) {
        return;
      }
      finishTold = true;
    } finally {
      lock.unlock();
    }
    onFinished.run();
  }

  private boolean isOver() {
    return exited && stdout.isEof() && stderr.isEof();
  }

  /// {@return whether the command has ended}
  boolean hasExited() {
    lock.lock();
    try {
      return exited;
    } finally {
      lock.unlock();
    }
  }

  /// {@return how it ended on the wire, if that is known}
  Optional<ExitStatus> exit() {
    lock.lock();
    try {
      return Optional.ofNullable(exit);
    } finally {
      lock.unlock();
    }
  }

  /// From now on the end is told as that of a box's main command.
  void markMain() {
    mainCommand = true;
  }

  int exitCode(ExitStatus status) {
    return Frames.exitCode(status, mainCommand);
  }

  /// Bytes of memory that the kept output takes.
  int retained() {
    lock.lock();
    try {
      return stdout.retained() + stderr.retained();
    } finally {
      lock.unlock();
    }
  }

  void trim() {
    lock.lock();
    try {
      stdout.trim();
      stderr.trim();
    } finally {
      lock.unlock();
    }
  }

  void dropOutput() {
    lock.lock();
    try {
      if (attachment == null) {
        stdout.drop();
        stderr.drop();
      }
    } finally {
      lock.unlock();
    }
  }

  /// Kills the command. Who attaches then sees how it ended: the published clients attach only
  /// after they have returned from exec, and may have killed by then.
  void kill() {
    execution.kill();
  }

  /// Claims the place of the one client.
  ///
  /// @param raw whether output may be cut within a UTF-8 sequence
  /// @throws InvalidStateException if it is taken
  Attachment claim(String what, boolean raw) {
    lock.lock();
    try {
      if (attachment != null) {
        throw new InvalidStateException("attached", what + " already has an attached client");
      }
      Attachment claimed = new Attachment(raw);
      attachment = claimed;
      everAttached = true;
      return claimed;
    } finally {
      lock.unlock();
    }
  }

  /// Notes that somebody has asked about the command.
  void attend() {
    lock.lock();
    try {
      attended = System.nanoTime();
    } finally {
      lock.unlock();
    }
  }

  /// Waits until from now on nobody has been attached, or has asked, for that long.
  ///
  /// @return whether so; not if the command has ended
  boolean awaitUnattended(Duration time) throws InterruptedException {
    lock.lock();
    try {
      long from = System.nanoTime();
      while (!exited) {
        long since = attended - from > 0 ? attended : from;
        long wait = time.toNanos() - (System.nanoTime() - since);
        if (attachment != null) {
          attendance.await();
        } else if (wait > 0) {
          attendance.awaitNanos(wait);
        } else {
          return true;
        }
      }
      return false;
    } finally {
      lock.unlock();
    }
  }

  /// @param nanoTime of [System#nanoTime()]
  boolean wasAttendedSince(long nanoTime) {
    lock.lock();
    try {
      return attended - nanoTime > 0;
    } finally {
      lock.unlock();
    }
  }

  /// What to send next.
  sealed interface Next {
    /// Output; the payload is in the buffer, behind the channel.
    record Output(int length) implements Next {}

    /// How the command ended; empty when that is not known.
    record Exit(Optional<ExitStatus> status, String problem) implements Next {}

    /// Nothing yet.
    record Idle() implements Next {}

    /// The server ends.
    record Leaving() implements Next {}

    /// The client is gone.
    record Gone() implements Next {}
  }

  /// How far a client has got in one stream. Guarded by the lock.
  private static final class Cursor {
    private final byte channel;
    private final OutputRing ring;
    private final boolean raw;
    private long at;
    private boolean tail;
    private long tailSince;

    Cursor(byte channel, OutputRing ring, boolean raw) {
      this.channel = channel;
      this.ring = ring;
      this.raw = raw;
      at = raw ? ring.begin() : ring.start();
    }

    int take(byte[] buffer) {
      boolean whole = raw || (tail && tailWait() <= 0);
      int count =
          whole ? ring.sendable(at, Frames.MAX_PAYLOAD) : ring.sendableText(at, Frames.MAX_PAYLOAD);
      if (count > 0) {
        tail = false;
        buffer[0] = channel;
        ring.copy(at, buffer, 1, count);
        at += count;
      } else if (!tail && ring.end() > at) {
        tail = true;
        tailSince = System.nanoTime();
      }
      return count;
    }

    /// How long a tail may still wait for its rest.
    long tailWait() {
      return tail ? tailSince + TAIL_NANOS - System.nanoTime() : Long.MAX_VALUE;
    }
  }

  /// The one client. Its sender calls [#next]; everything else may be called by any thread.
  final class Attachment {
    private final Cursor out;
    private final Cursor err;
    private boolean released;
    private boolean leaving;
    private boolean errFirst;
    private @Nullable String notice;

    private Attachment(boolean raw) {
      out = new Cursor(Frames.STDOUT, stdout, raw);
      err = new Cursor(Frames.STDERR, stderr, raw);
    }

    /// Waits for what to send.
    ///
    /// @param buffer takes a channel byte and up to [Frames#MAX_PAYLOAD] bytes
    /// @param deadline when to give up waiting, by [System#nanoTime()]
    Next next(byte[] buffer, long deadline) throws InterruptedException {
      lock.lock();
      try {
        while (true) {
          if (released) {
            return new Next.Gone();
          }
          if (leaving) {
            return new Next.Leaving();
          }
          int length = takeOutput(buffer);
          if (length > 0) {
            changed.signalAll();
            return new Next.Output(length);
          }
          if (isOver()) {
            return new Next.Exit(Optional.ofNullable(exit), exitProblem == null ? "" : exitProblem);
          }
          long wait = deadline - System.nanoTime();
          if (wait <= 0 || notice != null) {
            return new Next.Idle();
          }
          changed.awaitNanos(Math.min(wait, Math.min(out.tailWait(), err.tailWait())));
        }
      } finally {
        lock.unlock();
      }
    }

    // The streams take turns, so that a flood on one does not starve the other.
    private int takeOutput(byte[] buffer) {
      errFirst = !errFirst;
      int length = errFirst ? err.take(buffer) : out.take(buffer);
      return length > 0 ? length : errFirst ? out.take(buffer) : err.take(buffer);
    }

    /// The server ends: the sender tells the client.
    void leave() {
      lock.lock();
      try {
        leaving = true;
        changed.signalAll();
      } finally {
        lock.unlock();
      }
    }

    /// Leaves a complaint for the sender; the newest one counts.
    void complain(String message) {
      lock.lock();
      try {
        notice = message;
        changed.signalAll();
      } finally {
        lock.unlock();
      }
    }

    Optional<String> takeComplaint() {
      lock.lock();
      try {
        Optional<String> taken = Optional.ofNullable(notice);
        notice = null;
        return taken;
      } finally {
        lock.unlock();
      }
    }

    /// Writes, unless the client has gone: what it left must not get between the bytes of the next.
    /// May block until the command reads; an interrupt ends that.
    void writeStdin(byte[] bytes) throws IOException, InterruptedException {
      stdinLock.lockInterruptibly();
      try {
        if (!isReleased()) {
          OutputStream stdin = execution.stdin();
          stdin.write(bytes, 0, bytes.length);
          stdin.flush();
        }
      } finally {
        stdinLock.unlock();
      }
    }

    void closeStdin() throws IOException, InterruptedException {
      stdinLock.lockInterruptibly();
      try {
        if (!isReleased()) {
          execution.stdin().close();
        }
      } finally {
        stdinLock.unlock();
      }
    }

    private boolean isReleased() {
      lock.lock();
      try {
        return released;
      } finally {
        lock.unlock();
      }
    }

    /// Frees the place. The command goes on.
    void release() {
      lock.lock();
      try {
        if (!released) {
          released = true;
          attachment = null;
          attended = System.nanoTime();
          changed.signalAll();
          attendance.signalAll();
        }
      } finally {
        lock.unlock();
      }
    }
  }
}
