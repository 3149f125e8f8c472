package io.boxlite.vmm.qemu.internal.probe;

import io.boxlite.api.EngineException;
import io.boxlite.api.StorageException;
import io.boxlite.api.UnsupportedEngineException;
import io.boxlite.vmm.Accelerator;
import io.boxlite.vmm.Engine;
import io.boxlite.vmm.VmConfig;
import io.boxlite.vmm.qemu.QemuOptions;
import io.boxlite.vmm.qemu.internal.command.Architecture;
import io.boxlite.vmm.qemu.internal.process.QemuLauncher;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;

/// Decides between KVM and the emulator. Immutable; thread-safe.
public final class KvmProbe {
  private static final Path DEVICE = Path.of("/dev/kvm");

  private final QemuOptions options;
  private final QemuBinary binary;
  private final TrialBoot trial;

  /// Makes a probe.
  ///
  /// @param options what is wanted
  /// @param binary QEMU
  /// @param architecture of this host
  /// @param launcher starts QEMU
  public KvmProbe(
      QemuOptions options, QemuBinary binary, Architecture architecture, QemuLauncher launcher) {
    this.options = options;
    this.binary = binary;
    this.trial =
        new TrialBoot(
            binary,
            architecture,
            launcher,
            Objects.requireNonNull(options.verdictFile().getParent()),
            options.temporaryDirectory(),
            options.probeBoot(),
            options.probeLimit());
  }

  /// Decides.
  ///
  /// @return the engine that VMs run on
  /// @throws UnsupportedEngineException if KVM is demanded and cannot be used: why, and what to do
  public Engine engine() {
    return switch (options.accelerator()) {
      case TCG -> engine(Accelerator.TCG, "the emulator was asked for");
      case KVM -> {
        KvmVerdict verdict = verdict();
        if (!verdict.usable()) {
          throw new UnsupportedEngineException(
              "kvm_unusable",
              "kvm is demanded and cannot be used: "
                  + verdict.reason()
                  + "; use accelerator auto or tcg");
        }
        yield engine(Accelerator.KVM, verdict.reason());
      }
      case AUTO -> {
        KvmVerdict verdict = verdict();
        yield engine(verdict.usable() ? Accelerator.KVM : Accelerator.TCG, verdict.reason());
      }
    };
  }

  private Engine engine(Accelerator accelerator, String reason) {
    return new Engine("qemu", binary.version(), accelerator, reason);
  }

  /// Whether `/dev/kvm` may be used is looked at each time: it costs nothing and users change it.
  /// What a booting guest says is kept.
  private KvmVerdict verdict() {
    Optional<String> obstacle = KvmDevice.obstacle(DEVICE);
    if (obstacle.isPresent()) {
      return new KvmVerdict(false, obstacle.get(), Instant.now(), "");
    }
    String key = key();
    return new VerdictFile(options.verdictFile()).get(key, () -> tryKvm(key));
  }

  private KvmVerdict tryKvm(String key) {
    Optional<String> refusal = KvmDevice.refusal(DEVICE);
    if (refusal.isPresent()) {
      // It may pass, as when another hypervisor holds the CPU: no key, so it never counts again.
      return new KvmVerdict(false, refusal.get(), Instant.now(), "");
    }
    Optional<String> failure = trial.failure(Accelerator.KVM);
    String reason =
        failure
            .map(why ->
                DEVICE
                    + " exists, but no guest boots with it: "
                    + why
                    + " (to try again, remove "
                    + options.verdictFile()
                    + ")")
            .orElse("a guest has booted under KVM");
    return new KvmVerdict(failure.isEmpty(), reason, Instant.now(), key);
  }

  /// All that may change the outcome: the host's kernel and hypervisor (which may change only with
  /// its boot), QEMU, and the guest.
  private String key() {
    try {
      Path kernel = Path.of("/proc/sys/kernel");
      return String.join(
          " ",
          Files.readString(kernel.resolve("random/boot_id")).strip(),
          Files.readString(kernel.resolve("osrelease")).strip(),
          binary.path() + "=" + binary.version(),
          identity(options.probeBoot()));
    } catch (IOException e) {
      throw new StorageException(
          "kvm_verdict", "the host's kernel cannot be identified: " + e, e, Map.of());
    }
  }

  private static String identity(VmConfig.Boot boot) {
    try {
      return identity(boot.kernel()) + " " + identity(boot.initramfs());
    } catch (IOException e) {
      throw new EngineException(
          "no_guest", "guest kernel or initramfs cannot be read: " + e, e, Map.of());
    }
  }

  private static String identity(Path file) throws IOException {
    return file + "=" + Files.size(file) + "@" + Files.getLastModifiedTime(file).toMillis();
  }
}
