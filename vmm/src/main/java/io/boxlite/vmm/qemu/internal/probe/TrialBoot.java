package io.boxlite.vmm.qemu.internal.probe;

import io.boxlite.api.EngineException;
import io.boxlite.api.StorageException;
import io.boxlite.api.internal.SocketPaths;
import io.boxlite.vmm.Accelerator;
import io.boxlite.vmm.VmConfig;
import io.boxlite.vmm.VmFiles;
import io.boxlite.vmm.VmOrigin;
import io.boxlite.vmm.qemu.internal.command.Architecture;
import io.boxlite.vmm.qemu.internal.command.QemuCommand;
import io.boxlite.vmm.qemu.internal.command.QemuCommand.Sockets;
import io.boxlite.vmm.qemu.internal.process.QemuLauncher;
import io.boxlite.vmm.qemu.internal.process.QemuLauncher.Launch;
import io.boxlite.vmm.qemu.internal.process.QemuLauncher.Launched;
import io.boxlite.vmm.qemu.internal.qmp.QmpEvent;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.stream.Stream;

/// Boots a throw-away VM, to see whether its guest comes to life. Immutable.
///
/// @param binary QEMU
/// @param architecture of host and guest
/// @param launcher starts it
/// @param workDirectory where the VM's files are, for as long as it lives
/// @param temporaryDirectory for what makes long socket paths short
/// @param boot what it boots; its agent opens the port `boxlite.portal`
/// @param limit for the guest to come to life
record TrialBoot(
    QemuBinary binary,
    Architecture architecture,
    QemuLauncher launcher,
    Path workDirectory,
    Path temporaryDirectory,
    VmConfig.Boot boot,
    Duration limit) {
  private static final int MEMORY_MIB = 256;
  private static final Duration COMMAND_LIMIT = Duration.ofSeconds(10);

  /// Boots it and ends it.
  ///
  /// @param accelerator to try
  /// @return why no guest came to life; empty if one did
  Optional<String> failure(Accelerator accelerator) {
    try {
      Path directory = Files.createTempDirectory(workDirectory, "trial-");
      try {
        return failure(accelerator, directory);
      } finally {
        delete(directory);
      }
    } catch (IOException e) {
      throw new StorageException(
          "trial_directory",
          "trial of " + accelerator.lowerName() + ": no directory in " + workDirectory + ": " + e,
          e,
          Map.of());
    }
  }

  private Optional<String> failure(Accelerator accelerator, Path directory) {
    SocketPaths paths = new SocketPaths(temporaryDirectory);
    Sockets sockets =
        new Sockets(
            paths.reachable(directory.resolve("qmp.sock")),
            paths.reachable(directory.resolve("portal.sock")),
            paths.reachable(directory.resolve("volumes.sock")),
            paths.reachable(directory.resolve("net.sock")),
            paths.reachable(directory.resolve("started.sock")));
    Path log = directory.resolve("qemu.log");
    VmConfig config =
        new VmConfig(
            "trial",
            boot,
            1,
            MEMORY_MIB,
            VmFiles.in(directory, directory.resolve("console.log"), log),
            new VmOrigin.Cold(),
            List.of());
    List<String> command =
        QemuCommand.of(binary.path(), architecture, accelerator, config, sockets);
    CompletableFuture<Optional<String>> outcome = new CompletableFuture<>();
    try {
      Launched launched =
          launcher.start(
              new Launch(command, directory, Launch.NO_INPUT, log, sockets),
              event -> judge(event, outcome),
              vm -> vm.qmp().execute("cont", Map.of(), COMMAND_LIMIT));
      try {
        var _ =
            launched.process().onExit().thenRun(() -> outcome.complete(Optional.of("qemu ended")));
        return await(outcome);
      } finally {
        launched.qmp().close();
        QemuLauncher.end(launched.process(), sockets, Duration.ZERO);
        launched.process().close();
      }
    } catch (EngineException e) {
      if (e.reason().equals("interrupted")) {
        throw e;
      }
      return Optional.of(QemuLauncher.withoutPrefix(e));
    }
  }

  /// That the agent opens its port proves that kernel, modules and user space run. A guest that
  /// fails at once resets (`-no-reboot` turns that into a shutdown) or is stopped by QEMU.
  private static void judge(QmpEvent event, CompletableFuture<Optional<String>> outcome) {
    switch (event.name()) {
      case "VSERPORT_CHANGE" -> {
        if (event.flag("open") && event.text("id").equals(QemuCommand.PORTAL_ID)) {
          outcome.complete(Optional.empty());
        }
      }
      case "SHUTDOWN" ->
          outcome.complete(Optional.of("the guest ended early: " + event.text("reason")));
      case "STOP" ->
          outcome.complete(Optional.of("the guest's CPU stopped with an internal error"));
      case "GUEST_PANICKED" -> outcome.complete(Optional.of("the guest's kernel panicked"));
      default -> {
        // Says nothing about whether it boots.
      }
    }
  }

  private Optional<String> await(CompletableFuture<Optional<String>> outcome) {
    try {
      return outcome.get(limit.toMillis(), TimeUnit.MILLISECONDS);
    } catch (TimeoutException e) {
      return Optional.of("no guest came up within " + limit.toMillis() + " ms");
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new EngineException("interrupted", "interrupted while KVM is tried", e, Map.of());
    } catch (ExecutionException e) {
      throw new AssertionError(e);
    }
  }

  private static void delete(Path directory) throws IOException {
    try (Stream<Path> files = Files.list(directory)) {
      for (Path file : files.toList()) {
        Files.delete(file);
      }
    }
    Files.delete(directory);
  }
}
