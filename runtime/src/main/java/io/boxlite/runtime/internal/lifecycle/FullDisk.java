package io.boxlite.runtime.internal.lifecycle;

import io.boxlite.api.BoxStatus;
import io.boxlite.api.EngineException;
import io.boxlite.runtime.internal.state.BoxRecord.BoxState;
import io.boxlite.vmm.Vm;
import io.boxlite.vmm.VmActivity;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;

/// Lets a VM go on that the VM monitor stopped because the host's disk is full, as soon as there is
/// room. Only such a VM: a box that a user paused stays so.
///
/// One thread watches, any may close. It does not own the VM.
final class FullDisk implements AutoCloseable {
  private static final System.Logger LOG = System.getLogger("io.boxlite.runtime");

  /// Free space with which it is worth to go on.
  private static final long ROOM_BYTES = 32L << 20;

  private static final Duration LOOK = Duration.ofSeconds(1);

  /// A quota, say, is not seen in the free space: a VM that goes on then stops again each time.
  private static final Duration LONGEST = Duration.ofSeconds(30);

  /// How long a VM that goes on may take to find the disk full again.
  private static final Duration SETTLE = Duration.ofMillis(200);

  private final Vm vm;
  private final Path directory;
  private final Supplier<BoxState> state;
  private final Predicate<UnaryOperator<BoxState>> change;
  private final Semaphore wake = new Semaphore(0);
  private volatile boolean closed;

  /// Of the thread that watches: whether the box's state says that it waits.
  private boolean told;

  /// Does nothing yet.
  ///
  /// @param vm that may stand still, now or later
  /// @param directory where its disk is
  /// @param state of the box
  /// @param change of that state; answers no when this is not the moment, and is asked again then
  FullDisk(
      Vm vm, Path directory, Supplier<BoxState> state, Predicate<UnaryOperator<BoxState>> change) {
    this.vm = vm;
    this.directory = directory;
    this.state = state;
    this.change = change;
  }

  /// {@return the state of a box that waits}
  ///
  /// @param of the box
  /// @param directory where its disk is
  static BoxState waiting(BoxState of, Path directory) {
    return of.waitingForRoom(
        "the host's disk is full: "
            + directory
            + " has no room for what the box writes; it goes on when there is room");
  }

  /// Watches until this is closed or the VM has ended.
  void watch() {
    vm.onStop(wake::release);
    try {
      while (waitForRoom()) {
        if (told && !change.test(FullDisk::runs)) {
          await(LOOK);
          continue;
        }
        told = false;
        wake.acquire();
        wake.drainPermits();
      }
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
    }
  }

  /// Waits for as long as the VM stands still for want of room.
  ///
  /// @return whether it is worth to watch on: false when this is closed or the VM has ended
  boolean waitForRoom() {
    try {
      Duration wait = LOOK;
      while (!closed) {
        if (vm.activity() != VmActivity.DISK_FULL) {
          return true;
        }
        told |= change.test(this::waits);
        await(wait);
        wait = goOn() ? longer(wait) : LOOK;
      }
    } catch (EngineException e) {
      // It has ended, which its owner learns in another way.
      LOG.log(System.Logger.Level.DEBUG, "vm {0}: {1}", vm.id(), e.getMessage());
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
    }
    return false;
  }

  private BoxState waits(BoxState now) {
    if (now.status() != BoxStatus.RUNNING) {
      return now; // on its way down, or told before
    }
    LOG.log(System.Logger.Level.WARNING, "box {0} is paused: no room in {1}", vm.id(), directory);
    return waiting(now, directory);
  }

  private static BoxState runs(BoxState now) {
    return now.isWaitingForRoom() ? now.running(now.process().orElseThrow()) : now;
  }

  /// {@return whether the VM was let go on, for however long}
  private boolean goOn() throws InterruptedException {
    if (closed || state.get().isPausedByUser() || !hasRoom()) {
      return false;
    }
    vm.resume();
    if (state.get().isPausedByUser()) {
      vm.pause(); // who was slower than the check above
    }
    await(SETTLE);
    return true;
  }

  private boolean hasRoom() {
    try {
      return Files.getFileStore(directory).getUsableSpace() >= ROOM_BYTES;
    } catch (IOException _) {
      return true; // the VM will find out
    }
  }

  private static Duration longer(Duration wait) {
    Duration twice = wait.multipliedBy(2);
    return twice.compareTo(LONGEST) < 0 ? twice : LONGEST;
  }

  /// Ends early when the VM stops, or this is closed.
  private void await(Duration limit) throws InterruptedException {
    var _ = wake.tryAcquire(limit.toNanos(), TimeUnit.NANOSECONDS);
    wake.drainPermits();
  }

  /// Ends watching, soon. The VM stays as it is.
  @Override
  public void close() {
    closed = true;
    wake.release();
  }
}
