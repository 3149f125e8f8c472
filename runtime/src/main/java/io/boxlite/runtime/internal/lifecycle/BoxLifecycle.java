package io.boxlite.runtime.internal.lifecycle;

import io.boxlite.api.BoxStatus;
import io.boxlite.api.BoxUpdate;
import io.boxlite.api.BoxliteException;
import io.boxlite.api.Execution;
import io.boxlite.api.InvalidStateException;
import io.boxlite.api.NetworkInfo;
import io.boxlite.api.NetworkOptions;
import io.boxlite.api.PortMapping;
import io.boxlite.api.PortalException;
import io.boxlite.api.PublishedPort;
import io.boxlite.api.RestartPolicy;
import io.boxlite.api.internal.CrashPoint;
import io.boxlite.runtime.internal.disk.BoxDisks;
import io.boxlite.runtime.internal.disk.FlatDisk;
import io.boxlite.runtime.internal.network.BoxNetworks;
import io.boxlite.runtime.internal.network.NetworkChanges;
import io.boxlite.runtime.internal.portal.Portal;
import io.boxlite.runtime.internal.state.BoxRecord;
import io.boxlite.runtime.internal.vm.SpawnedVm;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;
import java.util.function.Function;
import java.util.function.UnaryOperator;

/// What callers ask of one box: its transitions. Each is done wholly before the next begins.
final class BoxLifecycle extends BoxRuns {
  BoxLifecycle(BoxContext context, BoxRecord record, BoxFigures figures) {
    super(context, record, figures);
  }

  /// See [io.boxlite.api.Box#start()].
  void start() {
    try (Held _ = hold()) {
      checkExists();
      Refusals.checkNotPaused(record);
      restarts.cancel();
      if (running == null) {
        record = record.with(record.state().startedByUser());
      }
      startHeld();
    }
  }

  /// See [io.boxlite.api.Box#pause()].
  void pause() {
    try (Held _ = hold()) {
      checkExists();
      RunningBox run = running;
      if (run == null || !run.initStarted() || !Refusals.mayPause(record)) {
        throw Refusals.pause(record);
      }
      run.vm().pause();
      CrashPoint.reached("pause.stopped");
      keep(record.state().paused());
    }
  }

  /// See [io.boxlite.api.Box#unpause()].
  void unpause() {
    try (Held _ = hold()) {
      checkExists();
      if (!record.state().isPausedByUser()) {
        throw Refusals.unpause(record);
      }
      goOn();
    }
  }

  /// Lets a box go on that a user paused.
  private void goOn() {
    RunningBox run = running;
    if (run == null) {
      throw Refusals.unpause(record);
    }
    run.vm().resume();
    CrashPoint.reached("unpause.resumed");
    keep(record.state().running(record.state().process().orElseThrow()));
    setClock(run);
  }

  /// See [io.boxlite.api.Box#stop(Duration)].
  void stop(Duration grace) {
    try (Held _ = hold()) {
      checkExists();
      stoppedByUser();
      if (record.state().isPausedByUser()) {
        goOn(); // only a guest that runs can bring its data to the disk
      }
      stopHeld(grace);
    }
  }

  /// It stays stopped until a user starts it, or, with `always`, the next supervisor does.
  private void stoppedByUser() {
    restarts.cancel();
    if (!record.options().restart().equals(RestartPolicy.NO)
        && !record.state().restarts().stoppedByUser()) {
      keep(record.state().stoppedByUser());
    }
  }

  /// See [io.boxlite.api.Box#remove(boolean, boolean)].
  void remove(boolean force, boolean volumes) {
    checkExists();
    if (force) {
      // Before the lock, which a guest that does not answer may hold for long.
      removing = true;
      endVmNow();
    }
    try (Held _ = hold()) {
      if (removed()) {
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
          endVm();
        }
        record = record.with(record.state().stopped(OptionalInt.of(KILLED.shellCode())));
      }
      CrashPoint.reached("remove.ended");
      delete(volumes);
    } finally {
      if (force) {
        removing = false;
      }
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
    lone.breakOff();
  }

  /// See [io.boxlite.api.Box#update(BoxUpdate)].
  void update(BoxUpdate change) {
    try (Held _ = hold()) {
      checkExists();
      Refusals.checkUpdate(record, change);
      BoxRecord changed = record.with(change.applyTo(record.options()));
      context.store().updateOptions(changed);
      record = changed;
      if (changed.options().restart().equals(RestartPolicy.NO)) {
        restarts.cancel();
      }
    }
  }

  /// Changes what the box may reach. What is stored holds, even if its network cannot be told.
  NetworkInfo changeRules(UnaryOperator<NetworkOptions> change) {
    try (Held _ = hold()) {
      checkExists();
      NetworkOptions network = change.apply(record.options().network());
      network.check();
      BoxNetworks.policy(network); // throws, too
      store(network);
      if (running != null) {
        context.networks().change(running.network(), network, boot.files());
      }
      return snapshot().network();
    }
  }

  private void store(NetworkOptions network) {
    BoxRecord changed = record.with(record.options().toBuilder().network(network).build());
    context.store().updateOptions(changed);
    record = changed;
  }

  /// See [io.boxlite.api.BoxNetwork#publish(PortMapping)].
  PublishedPort publish(PortMapping port) {
    try (Held _ = hold()) {
      checkExists();
      NetworkOptions network = record.options().network();
      NetworkChanges.requireEnabled(network);
      if (network.ports().stream().anyMatch(port::overlaps)) {
        throw Refusals.portTaken(record, port);
      }
      List<PortMapping> ports = new ArrayList<>(network.ports());
      ports.add(port);
      NetworkOptions changed = network.withPorts(ports);
      changed.check();
      RunningBox run = running;
      if (run == null || !run.network().isOpen()) {
        store(changed);
        return context.networks().resting(port);
      }
      PublishedPort published = context.networks().publish(run.network(), port);
      try {
        CrashPoint.reached("publish.open");
        store(changed);
      } catch (RuntimeException e) {
        context.networks().unpublish(run.network(), published);
        throw e;
      }
      return published;
    }
  }

  /// See [io.boxlite.api.BoxNetwork#unpublish(int, PortMapping.Protocol)].
  void unpublish(int hostPort, PortMapping.Protocol protocol) {
    try (Held _ = hold()) {
      checkExists();
      RunningBox run = running;
      List<PublishedPort> live =
          (run == null ? List.<PublishedPort>of() : run.network().ports())
              .stream()
                  .filter(port -> port.hostPort() == hostPort && port.protocol() == protocol)
                  .toList();
      NetworkOptions network = record.options().network();
      List<PortMapping> ports = new ArrayList<>(network.ports());
      for (PublishedPort port : live) {
        ports.stream()
            .filter(mapping -> context.networks().isOf(mapping, port))
            .findFirst()
            .ifPresent(ports::remove);
      }
      ports.removeIf(mapping ->
          hostPort != 0 && mapping.hostPort() == hostPort && mapping.protocol() == protocol);
      if (live.isEmpty() && ports.size() == network.ports().size()) {
        throw Refusals.noPort(record, hostPort, protocol);
      }
      store(network.withPorts(ports));
      CrashPoint.reached("unpublish.stored");
      if (run != null) {
        live.forEach(port -> context.networks().unpublish(run.network(), port));
      }
    }
  }

  /// Does something while nobody else does anything with the box.
  <T> T held(Function<BoxRecord, T> work) {
    try (Held _ = hold()) {
      checkExists();
      return work.apply(record);
    }
  }

  /// Keeps what its disk is now; a box that runs stands still for that moment. Within [#held].
  ///
  /// @return id of the kept disk
  String cutDisk() {
    return new BoxDiskCut(context, record).make(running());
  }

  /// Within [#held].
  ///
  /// @param copy where the disk of a box is copied to that does not run
  /// @return that, or a disk that will not change although the box goes on
  Path stillDisk(Path copy) {
    if (record.state().status().isActive()) {
      return context.kept().file(cutDisk());
    }
    Path disk = context.layout().box(id()).disk();
    context.disks().ensure(disk, BoxDisks.sizeGib(record.options()));
    FlatDisk.copy(disk, copy);
    return copy;
  }

  /// {@return the run that an exec goes to; a box that does not run is started, unless it is a job}
  RunningBox runningForExec() {
    Refusals.checkNotPaused(record);
    RunningBox run = running;
    if (run != null && run.initStarted() && !lone.isOn()) {
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
      Refusals.checkNotPaused(record);
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

  /// Lets go of the box, which goes on if it runs.
  void release() {
    try (Held _ = hold()) {
      late.cancel();
      restarts.cancel();
      RunningBox run = running;
      running = null;
      if (run != null) {
        run.abandon(
            new PortalException("runtime_closed", "the runtime of box " + id() + " closed"));
      }
      released();
    }
  }

  /// Works with the agent of a box that runs, beside everything else; of any other, which is
  /// brought up for it without its main command, alone.
  ///
  /// @param writes whether what the work has written is to be on the disk before it is done
  <T> T withAgent(boolean writes, Function<Portal, T> work) {
    RunningBox run = running;
    if (run == null) {
      try (Held _ = hold()) {
        run = running; // it may have been starting
        if (run == null) {
          return alone(() -> Refusals.checkImplicitStart(record), writes, work);
        }
      }
    }
    checkExists();
    Refusals.checkNotPaused(record);
    return work.apply(run.portal());
  }

  /// Keeps everything else of the box waiting, but removal by force.
  ///
  /// @param check throws when a box that does not run must not be brought up for it
  /// @param writes as of [#withAgent]
  <T> T alone(Runnable check, boolean writes, Function<Portal, T> work) {
    try (Held _ = hold()) {
      lone.begin();
      try {
        checkExists();
        Refusals.checkNotPaused(record);
        if (removing) { // whoever removes it waits, and did so before this began
          throw Refusals.removedMeanwhile(id());
        }
        RunningBox run = running;
        if (run != null) {
          return work.apply(run.portal());
        }
        check.run();
        SpawnedVm spawned = new SpawnedVm();
        booting = spawned;
        return new RestingBox(boot, record, spawned, this::store, this::keep)
            .withAgent(writes, work);
      } catch (BoxliteException e) {
        throw told(e);
      } finally {
        booting = null;
        lone.end();
      }
    }
  }
}
