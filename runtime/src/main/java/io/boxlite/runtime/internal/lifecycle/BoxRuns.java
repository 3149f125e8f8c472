package io.boxlite.runtime.internal.lifecycle;

import io.boxlite.api.BoxInfo;
import io.boxlite.api.BoxStatus;
import io.boxlite.api.BoxliteException;
import io.boxlite.api.EngineException;
import io.boxlite.api.ExitStatus;
import io.boxlite.api.PortalException;
import io.boxlite.api.StorageException;
import io.boxlite.api.VolumeMount;
import io.boxlite.api.internal.CrashPoint;
import io.boxlite.runtime.internal.portal.Portal;
import io.boxlite.runtime.internal.state.BoxRecord;
import io.boxlite.runtime.internal.state.BoxRecord.BoxState;
import io.boxlite.runtime.internal.vm.SpawnedVm;
import io.boxlite.vmm.Vm;
import io.boxlite.vmm.VmExit;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/// What a box is now, its record and its run, with the lock over both; the steps that its
/// transitions are made of, which are called with that lock held; and what happens to it that
/// nobody asked for: ends, losses, restarts, and what an earlier supervisor has left.
abstract sealed class BoxRuns permits BoxLifecycle {
  private static final System.Logger LOG = System.getLogger("io.boxlite.runtime");

  /// How a main command ended that nobody knows more of than that its VM was ended.
  static final ExitStatus KILLED = new ExitStatus(0, 9, false);

  /// For the main command of a box whose stop another supervisor did not finish.
  private static final Duration TAKEN_OVER_GRACE = Duration.ofSeconds(10);

  final BoxContext context;
  final BoxBoot boot;
  final ReentrantLock lock = new ReentrantLock(true);
  final LateTakeover late;
  final Restarts restarts;
  private final Condition changed = lock.newCondition();
  private final BoxFigures figures;

  volatile BoxRecord record;
  volatile @Nullable RunningBox running;
  volatile @Nullable SpawnedVm booting;

  /// The work of whoever works with the agent while nobody else shall.
  final LoneWork lone = new LoneWork();

  /// Whether it is about to be removed by force.
  volatile boolean removing;

  private volatile String command = "";
  private volatile boolean removed;

  /// What it was when it came to rest the last time, and how often it has. Guarded by the lock.
  private BoxInfo rest;

  private long rests;
  private boolean released;

  BoxRuns(BoxContext context, BoxRecord record, BoxFigures figures) {
    this.context = context;
    this.record = record;
    this.boot = new BoxBoot(context, record.id());
    this.figures = figures;
    this.late = new LateTakeover(context, record.id(), lock);
    this.restarts = new Restarts(context.timing(), this::restart);
    this.rest = snapshot();
  }

  final String id() {
    return record.id();
  }

  /// {@return the box as it is stored now}
  final BoxRecord record() {
    return record;
  }

  /// {@return its run, if it has one}
  final Optional<RunningBox> running() {
    return Optional.ofNullable(running);
  }

  /// {@return what it is, also when it has been removed meanwhile}
  final BoxInfo snapshot() {
    Optional<RunningBox> run = running();
    return record.toInfo(
        figures.boot(),
        RunningBox.network(run, record.options().network()),
        run.flatMap(RunningBox::health),
        restarting());
  }

  /// {@return whether it does not run and will be started again by itself}
  final boolean restarting() {
    return restarts.pending() && !record.state().status().isActive();
  }

  /// {@return whether it has been removed}
  final boolean removed() {
    return removed;
  }

  final Held hold() {
    lock.lock();
    return lock::unlock;
  }

  /// @throws io.boxlite.api.NotFoundException if the box has been removed
  final void checkExists() {
    if (removed) {
      throw Refusals.gone(id());
    }
  }

  final void store(BoxState state) {
    BoxRecord next = record.with(state);
    context.store().update(next);
    record = next;
    tellRest();
  }

  /// For what has happened: that a full disk cannot take it does not undo it.
  final void keep(BoxState state) {
    record = record.with(state);
    try {
      context.store().update(record);
    } catch (StorageException e) {
      LOG.log(System.Logger.Level.WARNING, "box {0}: {1}", id(), e.getMessage());
    }
    tellRest();
  }

  /// Whoever waits for its end is told, whatever comes next.
  private void tellRest() {
    if (lock.isHeldByCurrentThread() && (removed || !record.state().status().isActive())) {
      rest = snapshot();
      rests++;
      changed.signalAll();
    }
  }

  /// Waits until the box does not run any more, or, when it does not run, not at all.
  ///
  /// @param limit how long to wait
  /// @return what it was when it ended; empty if it has not within that time
  final Optional<BoxInfo> awaitRest(Duration limit) throws InterruptedException {
    long left = limit.toNanos();
    try (Held _ = hold()) {
      checkExists();
      if (!record.state().status().isActive()) {
        return Optional.of(snapshot());
      }
      for (long seen = rests; seen == rests; ) {
        if (left <= 0) {
          return Optional.empty();
        }
        if (released) {
          throw Refusals.runtimeClosed(id());
        }
        left = changed.awaitNanos(left);
      }
      return Optional.of(rest);
    }
  }

  /// Nobody hears of the box any more.
  final void released() {
    released = true;
    changed.signalAll();
  }

  final void startHeld() {
    RunningBox run = running;
    if (run == null) {
      run = boot();
    }
    if (!run.initStarted()) {
      startInit(run);
    }
  }

  final RunningBox boot() {
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
      throw told(e);
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
      throw told(e);
    }
    figures.initStarted(Duration.ofNanos(System.nanoTime() - began));
    boot.started(record);
    runs(run);
  }

  private void runs(RunningBox run) {
    restarts.runStarted();
    context.inBackground(
        id(), "health", () -> ProbeExec.watch(context, record, run, () -> canBeProbed(run)));
  }

  private boolean canBeProbed(RunningBox run) {
    return running == run && !lone.isOn() && record.state().status() == BoxStatus.RUNNING;
  }

  /// A start that failed leaves the box `failed` with the reason, or nothing of it when it was to
  /// be removed anyway.
  private void startFailed(RuntimeException e) {
    context.counters().boxesFailed.increment();
    restarts.startFailed(record);
    try {
      if (record.options().autoRemove()) {
        delete(false);
      } else {
        keep(record.state().failed(String.valueOf(e.getMessage())));
      }
    } catch (BoxliteException again) {
      LOG.log(System.Logger.Level.ERROR, "box " + id() + ": its failure cannot be stored", again);
    }
  }

  /// {@return what the caller is told: that the VM was killed says nothing to it}
  final RuntimeException told(RuntimeException e) {
    return removing ? Refusals.removedMeanwhile(id()) : e;
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
    run.watchDisk(boot.directory(), () -> record.state(), change -> changeUnlessBusy(run, change));
  }

  /// {@return false if whoever holds the lock may be waiting for this}
  private boolean changeUnlessBusy(RunningBox run, UnaryOperator<BoxState> change) {
    if (!lock.tryLock()) {
      return false;
    }
    try {
      BoxState before = record.state();
      BoxState after = change.apply(before);
      if (running == run && !after.equals(before)) {
        keep(after);
        if (before.status() == BoxStatus.PAUSED) {
          context.inBackground(id(), "clock", () -> setClock(run));
        }
      }
      return true;
    } finally {
      lock.unlock();
    }
  }

  /// The guest's clock stood still with it. That it stays wrong is no reason to do nothing else.
  final void setClock(RunningBox run) {
    try {
      run.portal().prepare(ContainerRequests.prepare(Instant.now()));
    } catch (BoxliteException e) {
      LOG.log(System.Logger.Level.WARNING, "box {0}, its clock: {1}", id(), e.getMessage());
    }
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
      restarts.runEnded(record, exit.shellCode() != 0);
      try {
        if (record.options().autoRemove()) {
          // Its disk goes anyway: nothing needs to be synced.
          run.vm().kill();
        } else {
          keep(record.state().stopping());
          var _ = run.shutDown(Duration.ZERO);
        }
      } finally {
        stopped(run, exit);
      }
    }
  }

  final void stopped(RunningBox run, ExitStatus exit) {
    running = null;
    run.close();
    context.counters().boxesStopped.increment();
    try {
      BoxState end = record.state().stopped(OptionalInt.of(exit.shellCode()));
      if (record.options().autoRemove()) {
        record = record.with(end);
        delete(false);
      } else {
        keep(end);
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
      restarts.runEnded(record, true);
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
        restarts.runEnded(record, true);
        run.end(e);
        startFailed(e);
      }
    }
  }

  /// Its time to be started again has come.
  private void restart() {
    try (Held _ = hold()) {
      if (restarts.isDue()) {
        record = record.with(record.state().restarted());
        startHeld();
      }
    }
  }

  final void stopHeld(Duration grace) {
    RunningBox run = running;
    if (run == null) {
      if (record.state().status().isActive()) {
        endVm();
        endedElsewhere("", false);
      }
      return;
    }
    ExitStatus exit = KILLED;
    try {
      keep(record.state().stopping());
      exit = run.shutDown(grace).exit().orElse(exit);
    } finally {
      stopped(run, exit);
    }
  }

  /// @param volumes whether its own volumes go too, as they do when it removes itself
  final void delete(boolean volumes) {
    List<VolumeMount> own =
        volumes || record.options().autoRemove() ? record.options().volumes() : List.of();
    boot.awaitServers();
    context.volumes().removeOwn(own, () -> context.store().delete(id()));
    removed = true;
    restarts.cancel();
    tellRest();
    context.onRemoved().accept(id());
  }

  /// Brings the box's state in line with what is left of it after another supervisor, or a boot of
  /// the host: takes a detached box's VM over, ends any other.
  final void recover() {
    try (Held _ = hold()) {
      recoverHeld();
      if (!removed && running == null && !record.state().status().isActive()) {
        restarts.found(record);
      }
    }
  }

  private void recoverHeld() {
    if (!record.state().status().isActive()) {
      if (record.options().autoRemove()) {
        delete(false); // whoever made it has gone without starting it
      }
      return;
    }
    boolean stopping = record.state().status() == BoxStatus.STOPPING;
    if (record.state().resting().isPresent()) {
      endVm();
      endedElsewhere("", false);
      return;
    }
    try {
      Optional<Vm> waits = boot.findWaiting(record);
      if (!record.options().detach()
          || boot.isOfAnotherHostBoot(record)
          || (stopping && waits.isPresent())) {
        waits.ifPresent(Vm::close);
        endVm();
        endedElsewhere("", false);
        return;
      }
      if (waits.isPresent()) {
        keep(FullDisk.waiting(record.state(), boot.directory()));
        late.begin(waits.get(), () -> record.state(), this::recover);
        return;
      }
      Optional<RunningBox> run = boot.takeOver(record);
      if (run.isEmpty()) {
        endedElsewhere("its VM was gone when the supervisor started", !stopping);
        return;
      }
      adopt(run.get());
      if (record.state().isWaitingForRoom()) {
        keep(record.state().running(record.state().process().orElseThrow()));
      }
      if (record.state().isPausedByUser()) {
        run.get().vm().pause();
      }
      if (stopping) {
        stopHeld(TAKEN_OVER_GRACE);
      } else {
        runs(run.get());
      }
    } catch (BoxliteException e) {
      endVm();
      endedElsewhere("it could not be taken over: " + e.getMessage(), !stopping);
    }
  }

  final void endVm() {
    late.cancel();
    boot.endVm(record);
  }

  private void endedElsewhere(String why, boolean failure) {
    if (record.options().autoRemove()) {
      delete(false);
    } else if (failure) {
      keep(record.state().failed(why));
    } else {
      keep(record.state().ended());
    }
  }
}
