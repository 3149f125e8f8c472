package io.boxlite.runtime.internal.lifecycle;

import io.boxlite.api.BoxStatus;
import io.boxlite.api.BoxliteException;
import io.boxlite.api.EngineException;
import io.boxlite.api.Execution;
import io.boxlite.api.ExitStatus;
import io.boxlite.api.InvalidStateException;
import io.boxlite.api.PortalException;
import io.boxlite.api.StorageException;
import io.boxlite.api.VolumeMount;
import io.boxlite.api.internal.CrashPoint;
import io.boxlite.runtime.internal.portal.Portal;
import io.boxlite.runtime.internal.state.BoxRecord;
import io.boxlite.runtime.internal.state.BoxRecord.BoxState;
import io.boxlite.runtime.internal.vm.SpawnedVm;
import io.boxlite.vmm.VmExit;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/// The states of one box, and the only place that changes them. Everything that starts, stops or
/// removes it holds `lock`; what only looks does not.
final class BoxLifecycle {
  private static final System.Logger LOG = System.getLogger("io.boxlite.runtime");
  private static final int SIGKILL = 9;

  /// For the main command of a box whose stop another supervisor did not finish.
  private static final Duration TAKEN_OVER_GRACE = Duration.ofSeconds(10);

  private final BoxContext context;
  private final BoxBoot boot;
  private final ReentrantLock lock = new ReentrantLock(true);
  private final BoxFigures figures;

  private volatile BoxRecord record;
  private volatile @Nullable RunningBox running;
  private volatile @Nullable SpawnedVm booting;
  private volatile String command = "";
  private volatile boolean alone;
  private volatile boolean removed;

  BoxLifecycle(BoxContext context, BoxRecord record, BoxFigures figures) {
    this.context = context;
    this.record = record;
    this.boot = new BoxBoot(context, record.id());
    this.figures = figures;
  }

  private String id() {
    return record.id();
  }

  /// {@return the box as it is stored now}
  BoxRecord record() {
    return record;
  }

  /// {@return its run, if it has one}
  Optional<RunningBox> running() {
    return Optional.ofNullable(running);
  }

  /// {@return whether it has been removed}
  boolean removed() {
    return removed;
  }

  private interface Held extends AutoCloseable {
    @Override
    void close();
  }

  private Held hold() {
    lock.lock();
    return lock::unlock;
  }

  /// @throws io.boxlite.api.NotFoundException if the box has been removed
  void checkExists() {
    if (removed) {
      throw Refusals.gone(id());
    }
  }

  private void store(BoxState state) {
    BoxRecord changed = record.with(state);
    context.store().update(changed);
    record = changed;
  }

  /// For a state that has come about already: callers see it even if the disk is full.
  private void storeEnd(BoxState state) {
    BoxRecord changed = record.with(state);
    try {
      context.store().update(changed);
    } finally {
      record = changed;
    }
  }

  /// See [io.boxlite.api.Box#start()].
  void start() {
    try (Held _ = hold()) {
      checkExists();
      RunningBox run = running;
      if (run == null) {
        run = boot();
      }
      if (!run.initStarted()) {
        startInit(run);
      }
    }
  }

  private RunningBox boot() {
    SpawnedVm spawned = new SpawnedVm();
    booting = spawned;
    try {
      BoxBoot.Booted booted =
          boot.boot(record, spawned, vm -> store(record.state().running(BoxBoot.recorded(vm))));
      figures.booted(booted.timing());
      command = booted.command();
      adopt(booted.running());
      return booted.running();
    } catch (RuntimeException e) {
      startFailed(e);
      throw e;
    } finally {
      booting = null;
    }
  }

  private void startInit(RunningBox run) {
    long began = System.nanoTime();
    try {
      run.startInit(command);
      CrashPoint.reached("start.init");
    } catch (BoxliteException e) {
      running = null;
      run.end(e);
      startFailed(e);
      throw e;
    }
    figures.initStarted(Duration.ofNanos(System.nanoTime() - began));
    boot.started(record);
  }

  /// A start that failed leaves the box `failed` with the reason, or nothing of it when it was to
  /// be removed anyway.
  private void startFailed(RuntimeException e) {
    context.counters().boxesFailed.increment();
    try {
      if (record.options().autoRemove()) {
        delete(false);
      } else {
        storeEnd(record.state().failed(String.valueOf(e.getMessage())));
      }
    } catch (BoxliteException again) {
      LOG.log(System.Logger.Level.ERROR, "box " + id() + ": its failure cannot be stored", again);
    }
  }

  /// From here on this run's end is noticed, whichever way it comes.
  private void adopt(RunningBox run) {
    running = run;
    var _ =
        run.initExit()
            .whenComplete((exit, _) -> {
              if (exit != null) {
                context.inBackground(id(), "init-exit", () -> initEnded(run, exit));
              }
            });
    var _ =
        run.vm()
            .onExit()
            .thenAccept(exit -> context.inBackground(id(), "vm-exit", () -> vmEnded(run, exit)));
    watchPortal(run);
  }

  private void watchPortal(RunningBox run) {
    run.portal()
        .onLost()
        .thenAccept(
            cause -> context.inBackground(id(), "portal-lost", () -> portalLost(run, cause)));
  }

  /// The main command has ended by itself: the box stops.
  private void initEnded(RunningBox run, ExitStatus exit) {
    try (Held _ = hold()) {
      if (running != run) {
        return;
      }
      try {
        if (record.options().autoRemove()) {
          // Its disk goes anyway: nothing needs to be synced.
          run.vm().kill();
        } else {
          stopping();
          run.shutDown(Duration.ZERO);
        }
      } finally {
        stopped(run, exit);
      }
    }
  }

  /// Only a state on the way: a disk that is full must not keep the box running.
  private void stopping() {
    try {
      store(record.state().stopping());
    } catch (StorageException e) {
      LOG.log(System.Logger.Level.WARNING, "box {0}: {1}", id(), e.getMessage());
    }
  }

  private void stopped(RunningBox run, ExitStatus exit) {
    running = null;
    run.close();
    context.counters().boxesStopped.increment();
    try {
      if (record.options().autoRemove()) {
        delete(false);
      } else {
        storeEnd(record.state().stopped(OptionalInt.of(exit.shellCode())));
      }
    } finally {
      run.publishEnd(exit);
      run.fail(new PortalException("box_stopped", "box " + id() + " has stopped"));
    }
  }

  private void vmEnded(RunningBox run, VmExit exit) {
    try (Held _ = hold()) {
      if (running != run) {
        return;
      }
      running = null;
      EngineException cause = boot.endedUnasked(exit);
      run.abandon(cause);
      startFailed(cause);
    }
  }

  /// The VM may live on: then the portal is opened again and everything goes on.
  private void portalLost(RunningBox run, PortalException cause) {
    try (Held _ = hold()) {
      if (running != run || !run.vm().isAlive()) {
        return;
      }
      try {
        run.countLoss(cause);
        Portal portal = boot.connect(run.vm());
        portal.hello();
        run.reconnected(portal);
        watchPortal(run);
        LOG.log(System.Logger.Level.WARNING, "box {0}, back after {1}", id(), cause.getMessage());
      } catch (BoxliteException e) {
        running = null;
        run.end(e);
        startFailed(e);
      }
    }
  }

  /// See [io.boxlite.api.Box#stop(Duration)].
  void stop(Duration grace) {
    try (Held _ = hold()) {
      checkExists();
      RunningBox run = running;
      if (run == null) {
        if (record.state().status().isActive()) {
          boot.endVm(record);
          endedElsewhere("", false);
        }
        return;
      }
      ExitStatus exit = new ExitStatus(0, SIGKILL, false);
      try {
        stopping();
        exit = run.shutDown(grace).orElse(exit);
      } finally {
        stopped(run, exit);
      }
    }
  }

  /// See [io.boxlite.api.Box#remove(boolean, boolean)].
  void remove(boolean force, boolean volumes) {
    checkExists();
    if (force) {
      // Before the lock, which a guest that does not answer may hold for long.
      endVmNow();
    }
    try (Held _ = hold()) {
      if (removed) {
        return; // as was wanted: its end, or another caller, was faster
      }
      RunningBox run = running;
      if (run != null || record.state().status().isActive()) {
        if (!force) {
          throw Refusals.removeActive(record);
        }
        running = null;
        if (run != null) {
          run.end(new PortalException("box_removed", "box " + id() + " was removed"));
        } else {
          boot.endVm(record);
        }
      }
      CrashPoint.reached("remove.ended");
      delete(volumes);
    }
  }

  private void endVmNow() {
    RunningBox run = running;
    SpawnedVm spawned = booting;
    if (run != null) {
      run.vm().kill();
    } else if (spawned != null) {
      spawned.kill();
    }
  }

  private void delete(boolean volumes) {
    List<VolumeMount> own =
        volumes || record.options().autoRemove() ? record.options().volumes() : List.of();
    context.volumes().removeOwn(own, () -> context.store().delete(id()));
    removed = true;
    context.onRemoved().accept(id());
  }

  /// {@return the run that an exec goes to; a box that does not run is started, unless it is a job}
  RunningBox runningForExec() {
    RunningBox run = running;
    if (run != null && run.initStarted() && !alone) {
      checkExists();
      return run;
    }
    try (Held _ = hold()) {
      checkExists();
      run = running;
      if (run == null || !run.initStarted()) {
        Refusals.checkImplicitStart(record);
      }
      start();
      run = running;
      if (run == null) {
        throw new InvalidStateException("box_stopped", "box " + id() + " has just stopped");
      }
      return run;
    }
  }

  /// See [io.boxlite.api.Box#attach()].
  Execution attach() {
    try (Held _ = hold()) {
      checkExists();
      RunningBox run = running;
      if (run == null) {
        if (record.state().status() != BoxStatus.CONFIGURED) {
          throw Refusals.attach(record);
        }
        run = boot();
      }
      return run.main();
    }
  }

  /// Brings the box's state in line with what is left of it after another supervisor, or a boot of
  /// the host: takes a detached box's VM over, ends any other.
  void recover() {
    try (Held _ = hold()) {
      if (!record.state().status().isActive()) {
        if (record.options().autoRemove()) {
          delete(false); // whoever made it has gone without starting it
        }
        return;
      }
      boolean stopping = record.state().status() == BoxStatus.STOPPING;
      try {
        if (!record.options().detach() || boot.isOfAnotherHostBoot(record)) {
          boot.endVm(record);
          endedElsewhere("", false);
          return;
        }
        Optional<RunningBox> run = boot.takeOver(record);
        if (run.isEmpty()) {
          endedElsewhere("its VM was gone when the supervisor started", !stopping);
          return;
        }
        adopt(run.get());
        if (stopping) {
          stop(TAKEN_OVER_GRACE);
        }
      } catch (BoxliteException e) {
        boot.endVm(record);
        endedElsewhere("it could not be taken over: " + e.getMessage(), !stopping);
      }
    }
  }

  private void endedElsewhere(String why, boolean failure) {
    if (record.options().autoRemove()) {
      delete(false);
    } else if (failure) {
      store(record.state().failed(why));
    } else {
      store(record.state().stopped(OptionalInt.empty()));
    }
  }

  /// Lets go of the box, which goes on if it runs.
  void release() {
    try (Held _ = hold()) {
      RunningBox run = running;
      running = null;
      if (run != null) {
        run.abandon(
            new PortalException("runtime_closed", "the runtime of box " + id() + " closed"));
      }
    }
  }

  /// Keeps everything else of the box waiting.
  ///
  /// @param check throws when a box that does not run must not be brought up for it
  <T> T alone(Runnable check, Function<Portal, T> work) {
    lock.lock();
    try {
      checkExists();
      alone = true;
      RunningBox run = running;
      if (run != null) {
        return work.apply(run.portal());
      }
      check.run();
      SpawnedVm spawned = new SpawnedVm();
      booting = spawned;
      return new RestingBox(boot, record, spawned, this::store).withAgent(work);
    } finally {
      booting = null;
      alone = false;
      lock.unlock();
    }
  }
}
