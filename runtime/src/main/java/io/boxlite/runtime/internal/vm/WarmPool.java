package io.boxlite.runtime.internal.vm;

import io.boxlite.api.BoxliteException;
import io.boxlite.vmm.VmFiles;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/// VMs that were restored before anybody asked for them, so that the start of a box takes one,
/// gives it its disks and runs.
///
/// They are all of the size that was started last. There are as many as were started in the last
/// minute, at least one and at most the limit; none when nothing was started for a while, or memory
/// is short. They die with this process, however it ends: see [PoolGuard].
///
/// Thread-safe. One thread fills and empties the pool.
final class WarmPool implements AutoCloseable {
  private static final System.Logger LOG = System.getLogger("io.boxlite.runtime");

  private static final int AUTOMATIC_LIMIT = 4;
  private static final Duration RECENT = Duration.ofMinutes(1);
  private static final Duration KEEP = Duration.ofMinutes(10);
  private static final Duration CHECK = Duration.ofSeconds(5);

  /// After a failure nothing is tried for so long.
  private static final Duration PAUSE = Duration.ofSeconds(30);

  private final int limit;
  private final Maker maker;
  private final PoolGuard guard;

  private final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();
  private final Deque<Waiting> waiting = new ArrayDeque<>();
  private final Deque<Instant> starts = new ArrayDeque<>();
  private @Nullable Size size;
  private Instant notBefore = Instant.EPOCH;
  private boolean closed;
  private @Nullable Thread filler;

  /// Used by the filling thread only.
  private int made;

  /// What VMs are made for.
  ///
  /// @param key of the template
  /// @param cpus number of virtual CPUs
  /// @param memoryMib in MiB
  record Size(String key, int cpus, int memoryMib) {}

  /// Restores a VM.
  interface Maker {
    /// Restores one and has it rehearse.
    ///
    /// @param id of the VM
    /// @param size what it is for
    /// @param files where its files are
    /// @return the VM, rehearsed; empty if there is no template
    Optional<AgentVm> make(String id, Size size, VmFiles files);
  }

  private record Waiting(Size size, AgentVm agent) {
    /// Whether it may be handed out.
    boolean isGood() {
      return agent.vm().isAlive() && !agent.portal().isLost();
    }
  }

  /// Makes an empty pool, which begins to fill at the first start of a box.
  ///
  /// @param limit how many VMs at most; empty: what seems sensible
  /// @param guard of the VMs; closed by the caller after this
  /// @param maker makes them
  WarmPool(OptionalInt limit, PoolGuard guard, Maker maker) {
    this.limit = limit.orElse(AUTOMATIC_LIMIT);
    this.guard = guard;
    this.maker = maker;
  }

  /// Takes a VM for a box. It stays where it is until its files are moved.
  ///
  /// @param wanted size of the box
  /// @return a VM that nobody else gets; empty if none waits
  Optional<AgentVm> take(Size wanted) {
    List<Waiting> dead = new ArrayList<>();
    try {
      return take(wanted, dead);
    } finally {
      dead.forEach(this::end);
    }
  }

  private Optional<AgentVm> take(Size wanted, List<Waiting> dead) {
    lock.lock();
    try {
      Iterator<Waiting> all = waiting.iterator();
      while (all.hasNext()) {
        Waiting next = all.next();
        if (next.size().equals(wanted)) {
          all.remove();
          if (next.isGood()) {
            return Optional.of(next.agent());
          }
          dead.add(next);
        }
      }
      return Optional.empty();
    } finally {
      lock.unlock();
    }
  }

  /// {@return how many VMs wait}
  int size() {
    lock.lock();
    try {
      return (int) waiting.stream().filter(Waiting::isGood).count();
    } finally {
      lock.unlock();
    }
  }

  /// Says that a box has been started, so that others of its kind are expected.
  ///
  /// @param started its size
  void started(Size started) {
    if (limit == 0) {
      return;
    }
    lock.lock();
    try {
      size = started;
      starts.addLast(Instant.now());
      if (starts.size() > limit) {
        starts.removeFirst();
      }
      if (filler == null && !closed) {
        filler = Thread.ofVirtual().name("warm-pool").start(this::run);
      }
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  private void run() {
    try {
      while (true) {
        Optional<Size> missing = awaitMissing();
        if (missing.isEmpty()) {
          return;
        }
        add(missing.get());
      }
    } catch (InterruptedException _) {
      // The pool closes.
    }
  }

  /// Ends what is not wanted any more, and waits until something is missing.
  ///
  /// @return what; empty when the pool is closed
  private Optional<Size> awaitMissing() throws InterruptedException {
    while (true) {
      List<Waiting> unwanted = new ArrayList<>();
      lock.lock();
      try {
        if (closed) {
          return Optional.empty();
        }
        Size wanted = size;
        int count = wanted == null ? 0 : target();
        removeUnwanted(wanted, count, unwanted);
        if (wanted != null
            && waiting.size() < count
            && Instant.now().isAfter(notBefore)
            && HostMemory.hasRoomFor(wanted.memoryMib())) {
          return Optional.of(wanted);
        }
        if (unwanted.isEmpty()) {
          var _ = changed.await(CHECK.toMillis(), TimeUnit.MILLISECONDS);
        }
      } finally {
        lock.unlock();
        unwanted.forEach(this::end);
      }
    }
  }

  /// How many there should be.
  private int target() {
    Instant now = Instant.now();
    if (starts.isEmpty() || starts.getLast().plus(KEEP).isBefore(now)) {
      return 0;
    }
    if (!HostMemory.hasRoomFor(0)) {
      return 0; // those that wait take what others need; when one more has no room, none is added
    }
    int recent = (int) starts.stream().filter(s -> s.plus(RECENT).isAfter(now)).count();
    return Math.clamp(recent, 1, limit);
  }

  private void removeUnwanted(@Nullable Size wanted, int count, List<Waiting> unwanted) {
    Iterator<Waiting> all = waiting.iterator();
    int kept = 0;
    while (all.hasNext()) {
      Waiting next = all.next();
      if (kept < count && next.size().equals(wanted) && next.isGood()) {
        kept++;
      } else {
        all.remove();
        unwanted.add(next);
      }
    }
  }

  private void add(Size wanted) throws InterruptedException {
    String id = "warm-" + made++;
    try {
      Path directory = guard.directory(id);
      Optional<AgentVm> agent = maker.make(id, wanted, LocalTemplates.files(directory));
      if (agent.isEmpty()) {
        release(id);
        pause();
        return;
      }
      Waiting next = new Waiting(wanted, agent.get());
      lock.lock();
      try {
        if (!closed) {
          waiting.addLast(next);
          return;
        }
      } finally {
        lock.unlock();
      }
      end(next);
    } catch (RuntimeException e) {
      release(id);
      if (e instanceof BoxliteException known && known.reason().equals("interrupted")) {
        throw new InterruptedException();
      }
      LOG.log(System.Logger.Level.WARNING, "warm pool: {0}", e.toString());
      pause();
    }
  }

  /// What is left of a VM only takes room: the pool goes on.
  private void release(String id) {
    try {
      guard.release(id);
    } catch (BoxliteException e) {
      LOG.log(System.Logger.Level.WARNING, "warm pool: {0}", e.getMessage());
    }
  }

  private void pause() {
    lock.lock();
    try {
      notBefore = Instant.now().plus(PAUSE);
    } finally {
      lock.unlock();
    }
  }

  private void end(Waiting unwanted) {
    try {
      unwanted.agent().kill();
    } catch (BoxliteException e) {
      LOG.log(System.Logger.Level.WARNING, "warm pool: {0}", e.getMessage());
    }
    release(unwanted.agent().vm().id());
  }

  /// Ends all VMs that wait. Does nothing the second time.
  @Override
  public void close() {
    Thread running;
    lock.lock();
    try {
      closed = true;
      running = filler;
      changed.signalAll();
    } finally {
      lock.unlock();
    }
    if (running != null) {
      running.interrupt();
      boolean interrupted = false;
      while (running.isAlive()) {
        try {
          running.join();
        } catch (InterruptedException _) {
          interrupted = true;
        }
      }
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
    lock.lock();
    try {
      waiting.forEach(this::end);
      waiting.clear();
    } finally {
      lock.unlock();
    }
  }
}
