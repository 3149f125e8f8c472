package io.boxlite.vmm.qemu;

import io.boxlite.vmm.Accelerator;
import io.boxlite.vmm.VmConfig;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;

/// How to use QEMU on this host. Immutable.
///
/// @param accelerator which accelerator is wanted
/// @param probeBoot what the trial of KVM boots: its agent must open the port `boxlite.portal`
/// @param probeLimit how long that trial may take
/// @param verdictFile where its outcome is kept, such as `<home>/init/kvm.json`; its directory
///   exists
/// @param environment variables of this program: `PATH`, `BOXLITE_QEMU` (a QEMU binary) and
///   `BOXLITE_TMPDIR` are read
/// @since 0.1
public record QemuOptions(
    Accelerator.Choice accelerator,
    VmConfig.Boot probeBoot,
    Duration probeLimit,
    Path verdictFile,
    Map<String, String> environment) {

  /// Default of [#probeLimit()].
  public static final Duration PROBE_LIMIT = Duration.ofSeconds(20);

  /// Copies the arguments.
  public QemuOptions {
    environment = Map.copyOf(environment);
  }

  /// {@return where sockets with long paths get a short one: `BOXLITE_TMPDIR`, else `/tmp`}
  public Path temporaryDirectory() {
    String named = environment.getOrDefault("BOXLITE_TMPDIR", "");
    return Path.of(named.isEmpty() ? "/tmp" : named).toAbsolutePath();
  }
}
