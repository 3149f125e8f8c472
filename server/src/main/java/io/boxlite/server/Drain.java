package io.boxlite.server;

import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.eclipse.jetty.server.Connector;

/// How a place where the server listens comes to its end: it takes no further requests, those that
/// are worked on may end within a limit, and whoever would stay for ever is told. One for each
/// connector, which has it as a bean. Thread-safe.
final class Drain {
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();
  private final Set<Stay> stays = new HashSet<>();
  private int requests;
  private boolean begun;

  /// Somebody who stays until told. Closed when it has gone.
  final class Stay implements AutoCloseable {
    private final Runnable leave;

    private Stay(Runnable leave) {
      this.leave = leave;
    }

    @Override
    public void close() {
      lock.lock();
      try {
        stays.remove(this);
        changed.signalAll();
      } finally {
        lock.unlock();
      }
    }
  }

  /// {@return that of a connector}
  static Drain of(Connector connector) {
    return Optional.ofNullable(connector.getBean(Drain.class)).orElseThrow();
  }

  /// Counts a request.
  ///
  /// @return false if it must be refused; it is counted all the same
  boolean enter() {
    lock.lock();
    try {
      requests++;
      return !begun;
    } finally {
      lock.unlock();
    }
  }

  /// A request is over.
  void leave() {
    lock.lock();
    try {
      requests--;
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  /// Notes somebody who stays.
  ///
  /// @param leave how it is told to go, once at most, also at once; must not block
  /// @return to be closed when it has gone
  Stay stay(Runnable leave) {
    Stay stay = new Stay(leave);
    boolean late;
    lock.lock();
    try {
      stays.add(stay);
      late = begun;
    } finally {
      lock.unlock();
    }
    if (late) {
      leave.run();
    }
    return stay;
  }

  boolean hasBegun() {
    lock.lock();
    try {
      return begun;
    } finally {
      lock.unlock();
    }
  }

  /// Takes no further requests, and tells all who stay.
  void begin() {
    List<Stay> told;
    lock.lock();
    try {
      if (begun) {
        return;
      }
      begun = true;
      told = List.copyOf(stays);
    } finally {
      lock.unlock();
    }
    told.forEach(stay -> stay.leave.run());
  }

  /// Waits until all requests are over and all who stayed have gone.
  ///
  /// @param limit how long
  /// @return how many had not gone by then
  int await(Duration limit) {
    long deadline = System.nanoTime() + limit.toNanos();
    lock.lock();
    try {
      long left = deadline - System.nanoTime();
      while (requests + stays.size() > 0 && left > 0) {
        changed.await(left, TimeUnit.NANOSECONDS);
        left = deadline - System.nanoTime();
      }
      return requests + stays.size();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return requests + stays.size();
    } finally {
      lock.unlock();
    }
  }
}
