package io.boxlite.server;

import io.boxlite.api.TransferProgress;
import io.boxlite.rest.ImageMapping;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;

/// Takes the steps of a transfer and writes them as lines, from a thread of its own: whoever
/// reports a step never waits for the client. Of each layer every stage is told, and how far it has
/// come at most once in [#PERIOD_NANOS]; what a slow client has not got meanwhile is replaced by
/// what is newer, so that no more waits than one line for each stage of each layer. Thread-safe.
final class ProgressLines implements Consumer<TransferProgress>, AutoCloseable {
  private static final long PERIOD_NANOS = TimeUnit.MILLISECONDS.toNanos(100);

  private record Key(String layer, TransferProgress.Stage stage) {}

  private final Consumer<Object> lines;
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();
  private final Map<Key, TransferProgress> pending = new LinkedHashMap<>();
  private final Thread writer;
  private boolean ended;

  private ProgressLines(Consumer<Object> lines) {
    this.lines = lines;
    writer = Thread.ofVirtual().name("progress-lines").unstarted(this::write);
  }

  /// {@return what writes to these lines until it is closed; nobody else may meanwhile}
  static ProgressLines to(Consumer<Object> lines) {
    ProgressLines progress = new ProgressLines(lines);
    progress.writer.start();
    return progress;
  }

  @Override
  public void accept(TransferProgress step) {
    lock.lock();
    try {
      Key key = new Key(step.layer(), step.stage());
      pending.remove(key); // so that it comes behind what was told since
      pending.put(key, step);
      changed.signal();
    } finally {
      lock.unlock();
    }
  }

  private void write() {
    try {
      while (true) {
        List<TransferProgress> steps = next();
        if (steps.isEmpty()) {
          return;
        }
        steps.forEach(step -> lines.accept(ImageMapping.toBody(step)));
        pause();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt(); // nobody does that; then there are no more lines
    }
  }

  /// {@return what is to be told, empty at the end}
  private List<TransferProgress> next() throws InterruptedException {
    lock.lock();
    try {
      while (pending.isEmpty() && !ended) {
        changed.await();
      }
      List<TransferProgress> steps = new ArrayList<>(pending.values());
      pending.clear();
      return steps;
    } finally {
      lock.unlock();
    }
  }

  private void pause() throws InterruptedException {
    lock.lock();
    try {
      long left = PERIOD_NANOS;
      while (left > 0 && !ended) {
        left = changed.awaitNanos(left);
      }
    } finally {
      lock.unlock();
    }
  }

  /// Waits until all is written, also when this thread is interrupted: the lines are free then.
  @Override
  public void close() {
    lock.lock();
    try {
      ended = true;
      changed.signal();
    } finally {
      lock.unlock();
    }
    boolean interrupted = false;
    while (true) {
      try {
        writer.join();
        break;
      } catch (InterruptedException e) {
        interrupted = true;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }
}
