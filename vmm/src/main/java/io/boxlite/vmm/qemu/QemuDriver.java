package io.boxlite.vmm.qemu;

import io.boxlite.api.EngineException;
import io.boxlite.api.internal.SocketPaths;
import io.boxlite.vmm.Engine;
import io.boxlite.vmm.Vm;
import io.boxlite.vmm.VmConfig;
import io.boxlite.vmm.VmFiles;
import io.boxlite.vmm.VmOrigin;
import io.boxlite.vmm.VmProcess;
import io.boxlite.vmm.VmmDriver;
import io.boxlite.vmm.qemu.internal.command.Architecture;
import io.boxlite.vmm.qemu.internal.command.QemuCommand;
import io.boxlite.vmm.qemu.internal.command.QemuCommand.Sockets;
import io.boxlite.vmm.qemu.internal.probe.KvmProbe;
import io.boxlite.vmm.qemu.internal.probe.QemuBinary;
import io.boxlite.vmm.qemu.internal.process.HostProcess;
import io.boxlite.vmm.qemu.internal.process.QemuLauncher;
import io.boxlite.vmm.qemu.internal.process.QemuLauncher.Launch;
import io.boxlite.vmm.qemu.internal.process.QemuLauncher.Launched;
import io.boxlite.vmm.qemu.internal.qmp.QmpClient;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/// Runs VMs with QEMU. Thread-safe.
///
/// @since 0.1
public final class QemuDriver implements VmmDriver {
  private static final Duration COMMAND_LIMIT = Duration.ofSeconds(30);

  private final QemuOptions options;
  private final SocketPaths socketPaths;
  private final QemuLauncher launcher;
  private final TemplateKeys templateKeys = new TemplateKeys();
  private final UnaryOperator<List<String>> commandChange;
  private final ReentrantLock lock = new ReentrantLock();

  /// Found at the first use, under the lock.
  private @Nullable Host host;

  private QemuDriver(QemuOptions options, UnaryOperator<List<String>> commandChange) {
    this.options = options;
    this.socketPaths = new SocketPaths(options.temporaryDirectory());
    this.launcher = new QemuLauncher(options.environment());
    this.commandChange = commandChange;
  }

  /// What this host has.
  private record Host(Architecture architecture, QemuBinary binary, Engine engine) {}

  /// Makes a driver. Looks at nothing yet: a host without QEMU shows at the first use.
  ///
  /// @param options how to use QEMU
  /// @return the driver
  public static QemuDriver open(QemuOptions options) {
    return new QemuDriver(options, UnaryOperator.identity());
  }

  /// For tests: changes command lines, so that a VM can be had without a kernel.
  static QemuDriver open(QemuOptions options, UnaryOperator<List<String>> commandChange) {
    return new QemuDriver(options, commandChange);
  }

  @Override
  public Engine engine() {
    return host().engine();
  }

  /// A failure is not kept: it may be gone the next time, as when somebody installs QEMU.
  private Host host() {
    lock.lock();
    try {
      Host found = host;
      if (found == null) {
        Architecture architecture = Architecture.of(System.getProperty("os.arch"));
        QemuBinary binary = QemuBinary.find(architecture, options.environment());
        Engine engine = new KvmProbe(options, binary, architecture, launcher).engine();
        found = new Host(architecture, binary, engine);
        host = found;
      }
      return found;
    } finally {
      lock.unlock();
    }
  }

  @Override
  public Vm start(VmConfig config) {
    Host found = host();
    Sockets sockets = sockets(config.files());
    List<String> command =
        commandChange.apply(
            QemuCommand.of(
                found.binary().path(),
                found.architecture(),
                found.engine().accelerator(),
                config,
                sockets));
    Path input =
        config.origin() instanceof VmOrigin.Restored restored
            ? restored.template().state()
            : Launch.NO_INPUT;
    VmEvents events = new VmEvents();
    Launched launched =
        launcher.start(
            new Launch(command, config.files().runDir(), input, config.files().vmmLog(), sockets),
            events,
            vm -> attachAndRun(vm.qmp(), config, events));
    return new QemuVm(config, sockets, socketPaths, launched, events);
  }

  private static void attachAndRun(QmpClient qmp, VmConfig config, VmEvents events) {
    if (config.origin() instanceof VmOrigin.Restored) {
      Migration.load(qmp, events);
    }
    config.disks().forEach(disk -> QemuVm.attach(qmp, disk));
    qmp.execute("cont", Map.of(), COMMAND_LIMIT);
  }

  @Override
  public Optional<Vm> reattach(VmConfig config, VmProcess process) {
    Sockets sockets = sockets(config.files());
    Optional<HostProcess> adopted = HostProcess.adopt(process);
    if (adopted.isEmpty()) {
      return Optional.empty();
    }
    VmEvents events = new VmEvents();
    try {
      QmpClient qmp = QmpClient.connect(sockets.qmp(), COMMAND_LIMIT, events);
      Launched launched = new Launched(adopted.get(), qmp);
      return Optional.of(new QemuVm(config, sockets, socketPaths, launched, events));
    } catch (EngineException e) {
      boolean lives = adopted.get().isAlive();
      adopted.get().close();
      if (lives) {
        throw e;
      }
      return Optional.empty();
    }
  }

  @Override
  public void kill(VmConfig config, VmProcess process) {
    Sockets sockets = sockets(config.files());
    HostProcess.adopt(process)
        .ifPresent(adopted -> {
          try (adopted) {
            QemuLauncher.end(adopted, sockets, Duration.ZERO);
          }
        });
  }

  @Override
  public String templateKey(VmConfig.Boot boot, int cpus, int memoryMib) {
    Host found = host();
    return templateKeys.of(
        found.binary(), found.architecture(), found.engine(), boot, cpus, memoryMib);
  }

  private Sockets sockets(VmFiles files) {
    return sockets(socketPaths, files);
  }

  static Sockets sockets(SocketPaths paths, VmFiles files) {
    return new Sockets(
        paths.reachable(files.qmpSocket()),
        paths.reachable(files.portalSocket()),
        paths.reachable(files.qmpSocket().resolveSibling("started.sock")));
  }
}
