package io.boxlite.vmm.qemu;

import io.boxlite.api.EngineException;
import io.boxlite.vmm.Vm;
import io.boxlite.vmm.VmDisk;
import io.boxlite.vmm.VmExit;
import io.boxlite.vmm.VmFiles;
import io.boxlite.vmm.VmProcess;
import io.boxlite.vmm.VmUsage;
import io.boxlite.vmm.qemu.internal.command.DiskCommands;
import io.boxlite.vmm.qemu.internal.command.QemuCommand.Sockets;
import io.boxlite.vmm.qemu.internal.process.HostProcess;
import io.boxlite.vmm.qemu.internal.process.QemuLauncher;
import io.boxlite.vmm.qemu.internal.process.QemuLauncher.Launched;
import io.boxlite.vmm.qemu.internal.qmp.QmpClient;
import io.boxlite.vmm.qemu.internal.qmp.QmpEvent;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;

/// A VM in a QEMU process. Thread-safe: so are its parts.
final class QemuVm implements Vm {
  private static final Duration COMMAND_LIMIT = Duration.ofSeconds(30);

  private final String id;
  private final Sockets sockets;
  private final HostProcess process;
  private final QmpClient qmp;
  private final CompletableFuture<VmExit> exit;

  /// Takes over process and connection.
  ///
  /// @param cause where [#causeListener] keeps the cause
  QemuVm(String id, Sockets sockets, Launched launched, AtomicReference<String> cause) {
    this.id = id;
    this.sockets = sockets;
    this.process = launched.process();
    this.qmp = launched.qmp();
    this.exit = process.onExit().thenCompose(status -> heardThen(status, cause));
  }

  /// What QEMU said last may still be on its way when its process is gone.
  private CompletableFuture<VmExit> heardThen(OptionalInt status, AtomicReference<String> cause) {
    return qmp.ended()
        .completeOnTimeout("", 1, TimeUnit.SECONDS)
        .thenApply(end -> new VmExit(status, cause.get()));
  }

  /// {@return a listener that keeps why the VM ends}
  static Consumer<QmpEvent> causeListener(AtomicReference<String> cause) {
    return event -> {
      if (event.name().equals("SHUTDOWN")) {
        cause.set(event.text("reason"));
      }
    };
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
    throw new EngineException("not_built", "save of a VM: not built yet");
  }

  @Override
  public void moveTo(VmFiles files) {
    throw new EngineException("not_built", "move of a VM: not built yet");
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
