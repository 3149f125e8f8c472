package io.boxlite.runtime.internal.lifecycle;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;

/// Ends VMs of a home that no box knows: a supervisor that was killed between starting one and
/// storing its pid, or while it tried KVM, leaves such a VM.
public final class OrphanVms {
  private static final System.Logger LOG = System.getLogger("io.boxlite.runtime");

  private OrphanVms() {}

  /// Ends every QEMU process that works in the home, but for those that are known.
  ///
  /// @param home whose lock the caller holds
  /// @param known process ids that boxes have
  public static void end(Path home, Set<Long> known) {
    try (DirectoryStream<Path> processes = Files.newDirectoryStream(Path.of("/proc"), "[0-9]*")) {
      for (Path process : processes) {
        long pid = Long.parseLong(process.getFileName().toString());
        if (!known.contains(pid) && isVmIn(process, home)) {
          LOG.log(
              System.Logger.Level.WARNING,
              "ending VM process {0}, which no box knows",
              Long.toString(pid));
          ProcessHandle.of(pid).ifPresent(ProcessHandle::destroyForcibly);
        }
      }
    } catch (IOException e) {
      LOG.log(System.Logger.Level.WARNING, "cannot look for lost VMs: {0}", e.toString());
    }
  }

  private static boolean isVmIn(Path process, Path home) {
    try {
      String command =
          new String(Files.readAllBytes(process.resolve("cmdline")), StandardCharsets.ISO_8859_1);
      int end = command.indexOf('\0');
      String program = end < 0 ? command : command.substring(0, end);
      // A VM works in the directory of its box.
      return program.contains("qemu-system-")
          && Files.readSymbolicLink(process.resolve("cwd")).startsWith(home.toRealPath());
    } catch (IOException _) {
      // It ended meanwhile, or is another user's.
      return false;
    }
  }
}
