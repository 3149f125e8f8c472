package io.boxlite.vmm.qemu;

import io.boxlite.api.EngineException;
import io.boxlite.api.internal.SocketPaths;
import io.boxlite.vmm.Engine;
import io.boxlite.vmm.Vm;
import io.boxlite.vmm.VmConfig;
import io.boxlite.vmm.VmDisk;
import io.boxlite.vmm.VmOrigin;
import io.boxlite.vmm.VmProcess;
import io.boxlite.vmm.VmTemplate;
import io.boxlite.vmm.VmmDriver;
import io.boxlite.vmm.qemu.internal.command.Architecture;
import io.boxlite.vmm.qemu.internal.command.DiskCommands;
import io.boxlite.vmm.qemu.internal.command.QemuCommand;
import io.boxlite.vmm.qemu.internal.command.QemuCommand.Sockets;
import io.boxlite.vmm.qemu.internal.probe.KvmProbe;
import io.boxlite.vmm.qemu.internal.probe.QemuBinary;
import io.boxlite.vmm.qemu.internal.process.HostProcess;
import io.boxlite.vmm.qemu.internal.process.QemuLauncher;
import io.boxlite.vmm.qemu.internal.process.QemuLauncher.Launch;
import io.boxlite.vmm.qemu.internal.process.QemuLauncher.Launched;
import io.boxlite.vmm.qemu.internal.qmp.QmpClient;
import io.boxlite.vmm.qemu.internal.qmp.QmpCommand;
import io.boxlite.vmm.qemu.internal.template.StateLoad;
import io.boxlite.vmm.qemu.internal.template.TemplateKey;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
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
  private final UnaryOperator<List<String>> commandChange;
  private final TemplateKey templateKey = new TemplateKey(Path.of("/proc"));
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
    Sockets sockets = sockets(config);
    List<String> command =
        commandChange.apply(
            QemuCommand.of(
                found.binary().path(),
                found.architecture(),
                found.engine().accelerator(),
                config,
                sockets));
    Path input = prepare(config);
    QemuEvents events = new QemuEvents(config.id());
    try {
      Launched launched =
          launcher.start(
              new Launch(command, config.files().runDir(), input, config.files().vmmLog(), sockets),
              events,
              vm -> run(vm.qmp(), config, events));
      return new QemuVm(config, socketPaths, launched, events);
    } catch (RuntimeException e) {
      undo(config.origin(), e);
      throw e;
    }
  }

  /// {@return what QEMU is to read}
  private static Path prepare(VmConfig config) {
    return switch (config.origin()) {
      case VmOrigin.Cold() -> Launch.NO_INPUT;
      case VmOrigin.Seed(Path memory) -> {
        // Made here, because QEMU would make one that everybody can read.
        try {
          Files.createFile(
              memory,
              PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
        } catch (IOException e) {
          throw new EngineException(
              "qemu_start", "memory of vm " + config.id() + " cannot be made: " + e, e, Map.of());
        }
        yield Launch.NO_INPUT;
      }
      case VmOrigin.Restored(VmTemplate template) -> {
        StateLoad.check(template, config.memoryMib());
        yield template.state();
      }
    };
  }

  private static void undo(VmOrigin origin, RuntimeException failure) {
    if (origin instanceof VmOrigin.Seed(Path memory)) {
      try {
        Files.deleteIfExists(memory);
      } catch (IOException e) {
        failure.addSuppressed(e);
      }
    }
  }

  private static void run(QmpClient qmp, VmConfig config, QemuEvents events) {
    if (config.origin() instanceof VmOrigin.Restored) {
      StateLoad.run(qmp, events.migration());
    }
    List<QmpCommand> commands = new ArrayList<>();
    for (VmDisk disk : config.disks()) {
      commands.add(new QmpCommand("blockdev-add", DiskCommands.blockdevAdd(disk)));
      commands.add(new QmpCommand("qom-set", DiskCommands.setDrive(disk)));
    }
    qmp.executeAll(commands, COMMAND_LIMIT);
    qmp.execute("cont", Map.of(), COMMAND_LIMIT);
  }

  @Override
  public Optional<Vm> reattach(VmConfig config, VmProcess process) {
    Sockets sockets = sockets(config);
    Optional<HostProcess> adopted = HostProcess.adopt(process);
    if (adopted.isEmpty()) {
      return Optional.empty();
    }
    QemuEvents events = new QemuEvents(config.id());
    try {
      QmpClient qmp = QmpClient.connect(sockets.qmp(), COMMAND_LIMIT, events);
      return Optional.of(new QemuVm(config, socketPaths, new Launched(adopted.get(), qmp), events));
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
    Sockets sockets = sockets(config);
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
    return templateKey.of(
        found.binary(), found.architecture(), found.engine().accelerator(), boot, cpus, memoryMib);
  }

  private Sockets sockets(VmConfig config) {
    return QemuVm.sockets(socketPaths, config.files());
  }
}
