package io.boxlite.vmm.qemu;

import io.boxlite.api.EngineException;
import io.boxlite.api.internal.SocketPaths;
import io.boxlite.vmm.Vm;
import io.boxlite.vmm.VmActivity;
import io.boxlite.vmm.VmConfig;
import io.boxlite.vmm.VmDisk;
import io.boxlite.vmm.VmExit;
import io.boxlite.vmm.VmFiles;
import io.boxlite.vmm.VmOrigin;
import io.boxlite.vmm.VmProcess;
import io.boxlite.vmm.VmUsage;
import io.boxlite.vmm.qemu.internal.command.DiskCommands;
import io.boxlite.vmm.qemu.internal.command.QemuCommand.Sockets;
import io.boxlite.vmm.qemu.internal.process.HostProcess;
import io.boxlite.vmm.qemu.internal.process.QemuLauncher;
import io.boxlite.vmm.qemu.internal.process.QemuLauncher.Launched;
import io.boxlite.vmm.qemu.internal.qmp.QmpClient;
import io.boxlite.vmm.qemu.internal.template.StateSave;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;

/// A VM in a QEMU process. Thread-safe: so are its parts.
final class QemuVm implements Vm {
  private static final Duration COMMAND_LIMIT = Duration.ofSeconds(30);

  private final String id;
  private final VmOrigin origin;
  private final SocketPaths socketPaths;
  private final HostProcess process;
  private final QmpClient qmp;
  private final QemuEvents events;
  private final CompletableFuture<VmExit> exit;

  private final ReentrantLock lock = new ReentrantLock();

  /// Changed under the lock.
  private volatile VmFiles files;

  /// Takes over process and connection.
  ///
  /// @param events told of those of the connection
  QemuVm(VmConfig config, SocketPaths socketPaths, Launched launched, QemuEvents events) {
    this.id = config.id();
    this.origin = config.origin();
    this.files = config.files();
    this.socketPaths = socketPaths;
    this.process = launched.process();
    this.qmp = launched.qmp();
    this.events = events;
    this.exit = process.onExit().thenCompose(this::heardThen);
  }

  /// What QEMU said last may still be on its way when its process is gone.
  private CompletableFuture<VmExit> heardThen(OptionalInt status) {
    return qmp.ended()
        .completeOnTimeout("", 1, TimeUnit.SECONDS)
        .thenApply(end -> new VmExit(status, events.cause()));
  }

  /// {@return where QEMU serves a VM with these files}
  static Sockets sockets(SocketPaths socketPaths, VmFiles files) {
    return new Sockets(
        socketPaths.reachable(files.qmpSocket()),
        socketPaths.reachable(files.portalSocket()),
        socketPaths.reachable(files.volumesSocket()),
        socketPaths.reachable(files.networkSocket()),
        socketPaths.reachable(files.qmpSocket().resolveSibling("started.sock")));
  }

  @Override
  public String id() {
    return id;
  }

  @Override
  public VmProcess process() {
    return process.id();
  }

  @Override
  public Path portalSocket() {
    return socketPaths.reachable(files.portalSocket());
  }

  @Override
  public Path volumesSocket() {
    return socketPaths.reachable(files.volumesSocket());
  }

  @Override
  public Path networkSocket() {
    return socketPaths.reachable(files.networkSocket());
  }

  @Override
  public boolean isAlive() {
    return process.isAlive();
  }

  @Override
  public CompletableFuture<VmExit> onExit() {
    return exit.copy();
  }

  @Override
  public void pause() {
    qmp.execute("stop", Map.of(), COMMAND_LIMIT);
  }

  @Override
  public void resume() {
    qmp.execute("cont", Map.of(), COMMAND_LIMIT);
  }

  @Override
  public VmActivity activity() {
    Object answer = qmp.execute("query-status", Map.of(), COMMAND_LIMIT);
    Object status = answer instanceof Map<?, ?> fields ? fields.get("status") : "";
    if ("running".equals(status)) {
      return VmActivity.RUNNING;
    }
    // Disks are set up so that no other error stops a VM.
    return "io-error".equals(status) ? VmActivity.DISK_FULL : VmActivity.PAUSED;
  }

  @Override
  public void onStop(Runnable action) {
    events.onStop(action);
  }

  @Override
  public void attach(VmDisk disk) {
    qmp.execute("blockdev-add", DiskCommands.blockdevAdd(disk), COMMAND_LIMIT);
    try {
      qmp.execute("qom-set", DiskCommands.setDrive(disk), COMMAND_LIMIT);
    } catch (EngineException e) {
      try {
        qmp.execute("blockdev-del", DiskCommands.blockdevDel(disk.slot()), COMMAND_LIMIT);
      } catch (EngineException undo) {
        e.addSuppressed(undo);
      }
      throw e;
    }
  }

  @Override
  public void goOnIn(VmDisk overlay) {
    Object drive = qmp.execute("qom-get", DiskCommands.getDrive(overlay.slot()), COMMAND_LIMIT);
    qmp.execute(
        "blockdev-snapshot-sync",
        DiskCommands.snapshot(overlay, String.valueOf(drive)),
        COMMAND_LIMIT);
  }

  @Override
  public void detach(VmDisk.Slot slot) {
    qmp.execute("qom-set", DiskCommands.clearDrive(slot), COMMAND_LIMIT);
    qmp.execute("blockdev-del", DiskCommands.blockdevDel(slot), COMMAND_LIMIT);
  }

  @Override
  public void save(Path state) {
    if (!(origin instanceof VmOrigin.Seed seed)) {
      throw new EngineException(
          "save_failed", "vm " + id + " cannot be saved: its memory is not in a file of its own");
    }
    Path socket = files.qmpSocket().resolveSibling("save.sock");
    new StateSave(qmp, events.migration(), socketPaths.reachable(socket), state, seed.memory())
        .run();
  }

  @Override
  public void moveTo(VmFiles target) {
    lock.lock();
    try {
      FileMoves.move(files, target);
      files = target;
    } catch (IOException e) {
      throw new EngineException(
          "vm_move", "files of vm " + id + " cannot be moved: " + e, e, Map.of());
    } finally {
      lock.unlock();
    }
  }

  @Override
  public Optional<VmUsage> usage() {
    return process.usage();
  }

  @Override
  public void quit(Duration patience) {
    Duration half = patience.dividedBy(2);
    try {
      if (half.isPositive() && process.isAlive()) {
        askToQuit(half);
      }
      QemuLauncher.end(process, sockets(socketPaths, files), half);
    } finally {
      close();
    }
  }

  /// QEMU may end before its answer is out, or not answer at all: both are seen at the process.
  private void askToQuit(Duration limit) {
    long end = System.nanoTime() + limit.toNanos();
    try {
      qmp.execute("quit", Map.of(), limit);
      process.awaitExit(Duration.ofNanos(Math.max(0, end - System.nanoTime())));
    } catch (EngineException e) {
      if (e.reason().equals("interrupted")) {
        throw e;
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new EngineException("interrupted", "interrupted while qemu ends", e, Map.of());
    }
  }

  @Override
  public void close() {
    qmp.close();
    process.close();
  }
}
