package io.boxlite.runtime.internal.lifecycle;

import io.boxlite.api.BoxInfo;
import io.boxlite.api.BoxMetrics;
import io.boxlite.api.BoxStatus;
import io.boxlite.api.BoxliteException;
import io.boxlite.api.CommitOptions;
import io.boxlite.api.EngineException;
import io.boxlite.api.ExecOptions;
import io.boxlite.api.Execution;
import io.boxlite.api.ExitStatus;
import io.boxlite.api.ImageInfo;
import io.boxlite.api.InvalidStateException;
import io.boxlite.api.LogOptions;
import io.boxlite.api.LogStream;
import io.boxlite.api.PortalException;
import io.boxlite.api.StorageException;
import io.boxlite.runtime.internal.log.LogReader;
import io.boxlite.runtime.internal.portal.Portal;
import io.boxlite.runtime.internal.state.BoxRecord;
import io.boxlite.runtime.internal.state.BoxRecord.BoxState;
import io.boxlite.runtime.internal.vm.SpawnedVm;
import io.boxlite.vmm.VmExit;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/// One box: the only place that changes its state. Everything that starts, stops or removes it
/// holds `lifecycle`; what only looks does not.
public final class LocalBox extends PortalBox {
  private static final System.Logger LOG = System.getLogger("io.boxlite.runtime");
  private static final int SIGKILL = 9;

  private final BoxContext context;
  private final BoxBoot boot;
  private final ReentrantLock lifecycle = new ReentrantLock(true);
  private final BoxFigures figures;

  private volatile BoxRecord record;
  private volatile @Nullable RunningBox running;
  private volatile @Nullable SpawnedVm booting;
  private volatile String command = "";
  private volatile boolean committing;
  private volatile boolean removed;

  /// Makes the handle of a box that is stored.
  ///
  /// @param context of the runtime
  /// @param record its record
  public LocalBox(BoxContext context, BoxRecord record) {
    this.context = context;
    this.record = record;
    this.boot = new BoxBoot(context, record.id());
    this.figures = new BoxFigures(context.counters());
  }

  @Override
  public String id() {
    return record.id();
  }

  /// {@return its unique name, if it has one}
  public Optional<String> name() {
    return record.options().name();
  }

  /// {@return digest of the manifest of the image that it was made from}
  public Optional<String> imageId() {
    return record.state().imageId();
  }

  /// {@return what it is, also when it has been removed meanwhile}
  public BoxInfo snapshot() {
    return record.toInfo(figures.boot());
  }

  @Override
  public BoxInfo info() {
    checkExists();
    return snapshot();
  }

  private interface Held extends AutoCloseable {
    @Override
    void close();
  }

  private Held hold() {
    lifecycle.lock();
    return lifecycle::unlock;
  }

  private void checkExists() {
    if (removed) {
      throw Refusals.gone(id());
    }
  }

  private void store(BoxState state) {
    BoxRecord changed = record.with(state);
    context.store().update(changed);
    record = changed;
  }

  @Override
  public void start() {
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
        delete();
      } else {
        store(record.state().failed(String.valueOf(e.getMessage())));
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
        delete();
      } else {
        store(record.state().stopped(OptionalInt.of(exit.shellCode())));
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

  @Override
  public void stop(Duration grace) {
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

  @Override
  public void remove(boolean force) {
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
      delete();
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

  private void delete() {
    context.store().delete(id());
    removed = true;
    context.onRemoved().accept(id());
  }

  @Override
  public Execution exec(ExecOptions options) {
    RunningBox run = runningForExec();
    return figures.counted(() -> run.exec(options));
  }

  private RunningBox runningForExec() {
    RunningBox run = running;
    if (run != null && run.initStarted() && !committing) {
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

  @Override
  public Execution attach() {
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

  @Override
  public Optional<Execution> execution(String executionId) {
    checkExists();
    RunningBox run = running;
    return run == null ? Optional.empty() : run.execution(executionId);
  }

  @Override
  public LogStream logs(LogOptions options) {
    checkExists();
    Path file = context.layout().box(id()).log(options.log());
    return LogReader.open(file, options, () -> !removed && record.state().status().isActive());
  }

  @Override
  public BoxMetrics metrics() {
    checkExists();
    Optional<CpuMeter> cpu = Optional.ofNullable(running).map(RunningBox::cpu);
    return figures.toMetrics(cpu, context.layout().box(id()).disk());
  }

  /// Brings the box's state in line with what is left of it after another supervisor, or a boot of
  /// the host: takes a detached box's VM over, ends any other.
  public void recover() {
    try (Held _ = hold()) {
      if (!record.state().status().isActive()) {
        if (record.options().autoRemove()) {
          delete(); // whoever made it has gone without starting it
        }
        return;
      }
      boolean stopping = record.state().status() == BoxStatus.STOPPING;
      try {
        if (!record.options().detach()) {
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
          stop();
        }
      } catch (BoxliteException e) {
        boot.endVm(record);
        endedElsewhere("it could not be taken over: " + e.getMessage(), !stopping);
      }
    }
  }

  private void endedElsewhere(String why, boolean failure) {
    if (record.options().autoRemove()) {
      delete();
    } else if (failure) {
      store(record.state().failed(why));
    } else {
      store(record.state().stopped(OptionalInt.empty()));
    }
  }

  /// Lets go of the box, which goes on if it runs.
  public void release() {
    try (Held _ = hold()) {
      RunningBox run = running;
      running = null;
      if (run != null) {
        run.abandon(
            new PortalException("runtime_closed", "the runtime of box " + id() + " closed"));
      }
    }
  }

  @Override
  public ImageInfo commit(CommitOptions options) {
    BoxCommit commit = new BoxCommit(context, boot, options);
    return alone(() -> Refusals.checkCommit(record), portal -> commit.of(record, portal));
  }

  @Override
  <T> T withAgent(Function<Portal, T> work) {
    RunningBox run = running;
    if (run == null) {
      return alone(() -> Refusals.checkImplicitStart(record), work);
    }
    checkExists();
    return work.apply(run.portal());
  }

  /// Keeps everything else of the box waiting.
  ///
  /// @param check throws when a box that does not run must not be brought up for it
  private <T> T alone(Runnable check, Function<Portal, T> work) {
    lifecycle.lock();
    try {
      checkExists();
      committing = true;
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
      committing = false;
      lifecycle.unlock();
    }
  }
}
