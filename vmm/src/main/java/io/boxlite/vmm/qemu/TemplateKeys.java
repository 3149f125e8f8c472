package io.boxlite.vmm.qemu;

import io.boxlite.api.EngineException;
import io.boxlite.vmm.Accelerator;
import io.boxlite.vmm.Engine;
import io.boxlite.vmm.VmConfig;
import io.boxlite.vmm.VmFiles;
import io.boxlite.vmm.VmOrigin;
import io.boxlite.vmm.qemu.internal.command.Architecture;
import io.boxlite.vmm.qemu.internal.command.QemuCommand;
import io.boxlite.vmm.qemu.internal.command.QemuCommand.Sockets;
import io.boxlite.vmm.qemu.internal.probe.QemuBinary;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;

/// Names all that shapes a VM which can be saved. Thread-safe; keeps the digests of the files that
/// guests boot.
final class TemplateKeys {
  private static final int KEY_DIGITS = 32;

  /// Stands for every path that does not shape the VM.
  private static final Path ANY = Path.of("/");

  /// Lines of /proc/cpuinfo that say what a guest sees of the CPU. Source: proc(5).
  private static final Set<String> CPU_LINES =
      Set.of(
          "vendor_id",
          "cpu family",
          "model",
          "model name",
          "stepping",
          "microcode",
          "flags",
          "CPU implementer",
          "CPU variant",
          "CPU part",
          "CPU revision",
          "Features");

  private final ConcurrentMap<Path, Digest> digests = new ConcurrentHashMap<>();

  private record Digest(long size, FileTime modified, String sha256) {}

  String of(
      QemuBinary binary,
      Architecture architecture,
      Engine engine,
      VmConfig.Boot boot,
      int cpus,
      int memoryMib) {
    VmConfig config =
        new VmConfig(
            "template",
            new VmConfig.Boot(ANY, ANY, boot.extraArguments()),
            cpus,
            memoryMib,
            new VmFiles(ANY, ANY, ANY, ANY, ANY),
            new VmOrigin.Seed(ANY),
            List.of());
    List<String> parts = new ArrayList<>();
    try {
      parts.add(engine.toString());
      parts.add(identity(binary.path()));
      parts.addAll(
          QemuCommand.of(
              binary.path(),
              architecture,
              engine.accelerator(),
              config,
              new Sockets(ANY, ANY, ANY)));
      parts.add(sha256(boot.kernel()));
      parts.add(sha256(boot.initramfs()));
      if (engine.accelerator() == Accelerator.KVM) {
        parts.add(System.getProperty("os.version"));
        parts.addAll(cpu());
      }
    } catch (IOException e) {
      throw new EngineException(
          "guest_not_read", "what guests start from cannot be read: " + e, e, Map.of());
    }
    byte[] all = String.join("\n", parts).getBytes(StandardCharsets.UTF_8);
    return HexFormat.of().formatHex(sha256().digest(all)).substring(0, KEY_DIGITS);
  }

  private static String identity(Path program) throws IOException {
    return program + " " + Files.size(program) + " " + Files.getLastModifiedTime(program);
  }

  private String sha256(Path file) throws IOException {
    long size = Files.size(file);
    FileTime modified = Files.getLastModifiedTime(file);
    Digest known = digests.get(file);
    if (known == null || known.size() != size || !known.modified().equals(modified)) {
      String digest = HexFormat.of().formatHex(sha256().digest(Files.readAllBytes(file)));
      known = new Digest(size, modified, digest);
      digests.put(file, known);
    }
    return known.sha256();
  }

  private static Set<String> cpu() throws IOException {
    Set<String> lines = new TreeSet<>();
    for (String line : Files.readAllLines(Path.of("/proc/cpuinfo"), StandardCharsets.UTF_8)) {
      int colon = line.indexOf(':');
      if (colon > 0 && CPU_LINES.contains(line.substring(0, colon).strip())) {
        lines.add(line);
      }
    }
    return lines;
  }

  private static MessageDigest sha256() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new AssertionError(e);
    }
  }
}
