package io.boxlite.vmm.qemu.internal.template;

import io.boxlite.api.EngineException;
import io.boxlite.vmm.Accelerator;
import io.boxlite.vmm.VmConfig;
import io.boxlite.vmm.VmFiles;
import io.boxlite.vmm.VmOrigin;
import io.boxlite.vmm.qemu.internal.command.Architecture;
import io.boxlite.vmm.qemu.internal.command.QemuCommand;
import io.boxlite.vmm.qemu.internal.command.QemuCommand.Sockets;
import io.boxlite.vmm.qemu.internal.probe.QemuBinary;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.security.DigestInputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/// Names all that shapes a VM which can be saved. Thread-safe.
///
/// The contents of kernel and initial file system count, not where they are. They are read once for
/// as long as size and time of change stay the same: reading them takes longer than a start.
public final class TemplateKey {
  private static final int KEY_DIGITS = 32;
  private static final int BUFFER_BYTES = 1 << 16;
  private static final Path SOMEWHERE = Path.of("/vm");

  /// What of `/proc/cpuinfo` says which CPU it is, on x86 and Arm; the rest changes by itself.
  private static final Set<String> CPU_FACTS =
      Set.of(
          "vendor_id",
          "cpu family",
          "model",
          "model name",
          "stepping",
          "microcode",
          "flags",
          "vmx flags",
          "Features",
          "CPU implementer",
          "CPU architecture",
          "CPU variant",
          "CPU part",
          "CPU revision");

  private final Path proc;
  private final Map<FileVersion, String> digests = new ConcurrentHashMap<>();

  /// Makes one.
  ///
  /// @param proc where the host's kernel tells of itself: `/proc`
  public TemplateKey(Path proc) {
    this.proc = proc;
  }

  /// One version of a file, as far as one can tell without reading it.
  private record FileVersion(Path path, long size, FileTime modified) {
    static FileVersion of(Path path) throws IOException {
      return new FileVersion(path, Files.size(path), Files.getLastModifiedTime(path));
    }
  }

  /// Names the VM.
  ///
  /// @param binary QEMU
  /// @param architecture of host and guest
  /// @param accelerator who executes the guest
  /// @param boot what it boots
  /// @param cpus number of virtual CPUs
  /// @param memoryMib memory, in MiB
  /// @return 32 lower-case hex digits
  /// @throws EngineException reason `template_key`, if a file cannot be read
  public String of(
      QemuBinary binary,
      Architecture architecture,
      Accelerator accelerator,
      VmConfig.Boot boot,
      int cpus,
      int memoryMib) {
    try {
      List<String> facts = new ArrayList<>();
      facts.add(binary.version());
      facts.add(FileVersion.of(binary.path()).toString());
      facts.addAll(command(binary, architecture, accelerator, boot, cpus, memoryMib));
      facts.add(digest(boot.kernel()));
      facts.add(digest(boot.initramfs()));
      if (accelerator == Accelerator.KVM) {
        facts.addAll(host());
      }
      MessageDigest digest = sha256();
      for (String fact : facts) {
        digest.update(fact.getBytes(StandardCharsets.UTF_8));
        // No text of a path, a command line or a file of /proc holds it.
        digest.update((byte) 0);
      }
      return HexFormat.of().formatHex(digest.digest()).substring(0, KEY_DIGITS);
    } catch (IOException e) {
      throw new EngineException(
          "template_key", "a VM's template cannot be named: " + e, e, Map.of());
    }
  }

  /// The command line of a VM with all that is the same for no two VMs taken out.
  private static List<String> command(
      QemuBinary binary,
      Architecture architecture,
      Accelerator accelerator,
      VmConfig.Boot boot,
      int cpus,
      int memoryMib) {
    VmConfig config =
        new VmConfig(
            "vm",
            new VmConfig.Boot(SOMEWHERE, SOMEWHERE, boot.extraArguments()),
            cpus,
            memoryMib,
            VmFiles.in(SOMEWHERE, SOMEWHERE, SOMEWHERE),
            new VmOrigin.Seed(SOMEWHERE),
            List.of());
    Sockets sockets = new Sockets(SOMEWHERE, SOMEWHERE, SOMEWHERE, SOMEWHERE, SOMEWHERE);
    return QemuCommand.of(binary.path(), architecture, accelerator, config, sockets);
  }

  private List<String> host() throws IOException {
    List<String> facts = new ArrayList<>();
    facts.add(Files.readString(proc.resolve("sys/kernel/osrelease")));
    for (String line : Files.readAllLines(proc.resolve("cpuinfo"))) {
      if (line.isEmpty()) {
        // One paragraph for each CPU: the first stands for all.
        break;
      }
      if (CPU_FACTS.contains(line.split(":", 2)[0].strip())) {
        facts.add(line);
      }
    }
    return facts;
  }

  private String digest(Path file) throws IOException {
    FileVersion version = FileVersion.of(file);
    String known = digests.get(version);
    if (known != null) {
      return known;
    }
    MessageDigest digest = sha256();
    try (InputStream stream = new DigestInputStream(Files.newInputStream(file), digest)) {
      byte[] buffer = new byte[BUFFER_BYTES];
      while (stream.read(buffer) >= 0) {
        // The digest sees all that is read.
      }
    }
    String fresh = HexFormat.of().formatHex(digest.digest());
    digests.put(version, fresh);
    return fresh;
  }

  private static MessageDigest sha256() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new AssertionError(e);
    }
  }
}
