package io.boxlite.vmm.qemu;

import io.boxlite.api.EngineException;
import io.boxlite.api.internal.SocketPaths;
import io.boxlite.vmm.Vm;
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
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/// A VM in a QEMU process. Thread-safe: so are its parts.
final class QemuVm implements Vm {
  private static final Duration COMMAND_LIMIT = Duration.ofSeconds(30);

  private final String id;
  private final VmOrigin origin;
  private final SocketPaths socketPaths;
  private final HostProcess process;
  private final QmpClient qmp;
  private final VmEvents events;
  private final CompletableFuture<VmExit> exit;
  private volatile VmFiles files;
  private volatile Sockets sockets;

  /// Takes over process and connection.
  ///
  /// @param config what the VM was started with
  /// @param sockets where it serves
  /// @param socketPaths makes paths of sockets short
  /// @param launched its process and connection
  /// @param events of the connection
  QemuVm(
      VmConfig config,
      Sockets sockets,
      SocketPaths socketPaths,
      Launched launched,
      VmEvents events) {
    this.id = config.id();
    this.origin = config.origin();
    this.files = config.files();
    this.sockets = sockets;
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
    return sockets.portal();
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
  public void attach(VmDisk disk) {
    attach(qmp, disk);
  }

  static void attach(QmpClient qmp, VmDisk disk) {
    qmp.execute("blockdev-add", DiskCommands.blockdevAdd(disk), COMMAND_LIMIT);
    try {
      qmp.execute("qom-set", DiskCommands.setDrive(disk), COMMAND_LIMIT);
    } catch (EngineException e) {
      try {
        qmp.execute("blockdev-del", DiskCommands.blockdevDel(disk), COMMAND_LIMIT);
      } catch (EngineException undo) {
        e.addSuppressed(undo);
      }
      throw e;
    }
  }

  @Override
  public void save(Path state) {
    if (!(origin instanceof VmOrigin.Seed seed)) {
      throw new IllegalStateException("VM " + id + " has its memory in no file");
    }
    pause();
    Path socket = socketPaths.reachable(files.qmpSocket().resolveSibling("state.sock"));
    Migration.save(qmp, events, socket, state);
    Migration.sync(seed.memory());
  }

  @Override
  public void moveTo(VmFiles to) {
    VmFiles from = files;
    try {
      keepPrevious(to.consoleLog());
      keepPrevious(to.vmmLog());
      Files.move(from.consoleLog(), to.consoleLog(), StandardCopyOption.ATOMIC_MOVE);
      Files.move(from.vmmLog(), to.vmmLog(), StandardCopyOption.ATOMIC_MOVE);
      Files.move(from.portalSocket(), to.portalSocket(), StandardCopyOption.ATOMIC_MOVE);
      Files.move(from.qmpSocket(), to.qmpSocket(), StandardCopyOption.ATOMIC_MOVE);
    } catch (IOException e) {
      throw new EngineException(
          "vm_not_moved",
          "VM " + id + ": its files cannot be moved to " + to.runDir() + ": " + e,
          e,
          Map.of());
    }
    files = to;
    sockets = QemuDriver.sockets(socketPaths, to);
  }

  /// QEMU goes on writing to the file that it has open: the one that was there before steps aside.
  private static void keepPrevious(Path log) throws IOException {
    try {
      Files.move(
          log,
          log.resolveSibling(log.getFileName() + ".1"),
          StandardCopyOption.REPLACE_EXISTING);
    } catch (NoSuchFileException _) {
      // It is the box's first run.
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
      QemuLauncher.end(process, sockets, half);
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
