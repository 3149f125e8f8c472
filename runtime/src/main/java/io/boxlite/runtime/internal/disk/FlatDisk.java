package io.boxlite.runtime.internal.disk;

import io.boxlite.api.StorageException;
import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/// Disks that lie over nothing, as archives have them.
public final class FlatDisk {
  private static final long COPY_MINUTES = 120;
  private static final long CHECK_MINUTES = 5;
  private static final int MAX_SAID = 4096;
  private static final int LEAKS = 3;

  private FlatDisk() {}

  /// Copies a disk with all that it lies over.
  ///
  /// @param disk that nobody writes
  /// @param target not there yet
  /// @throws StorageException if it cannot be copied
  public static void copy(Path disk, Path target) {
    run(
        List.of(
            "qemu-img",
            "convert",
            "-U",
            "-f",
            "qcow2",
            "-O",
            "qcow2",
            disk.toString(),
            target.toString()),
        COPY_MINUTES,
        0);
  }

  /// Makes sure that a disk of somebody else is a valid image that names no other file.
  ///
  /// @param disk the file
  /// @param maxBytes virtual size that it may have
  /// @throws StorageException if it is not
  public static void checkForeign(Path disk, long maxBytes) {
    var _ = Qcow2Header.readForeign(disk, maxBytes);
    run(List.of("qemu-img", "check", "-q", "-f", "qcow2", disk.toString()), CHECK_MINUTES, LEAKS);
  }

  private static void run(List<String> command, long minutes, int alsoFine) {
    String what = command.get(0) + " " + command.get(1);
    Process process = null;
    try {
      process =
          new ProcessBuilder(command)
              .redirectErrorStream(true)
              .redirectInput(new File("/dev/null"))
              .start();
      Process watched = process;
      var limit =
          process
              .onExit()
              .orTimeout(minutes, TimeUnit.MINUTES)
              .whenComplete((_, late) -> {
                if (late != null) {
                  watched.destroyForcibly();
                }
              });
      byte[] said = process.getInputStream().readNBytes(MAX_SAID);
      process.getInputStream().skip(Long.MAX_VALUE);
      int status = process.waitFor();
      limit.cancel(false);
      if (status != 0 && status != alsoFine) {
        throw failed(what, new String(said, StandardCharsets.UTF_8).strip(), null);
      }
    } catch (IOException e) {
      throw failed(what, "cannot be run; install qemu-utils", e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw failed(what, "interrupted", e);
    } finally {
      if (process != null) {
        process.destroyForcibly();
      }
    }
  }

  private static StorageException failed(
      String what, String why, @org.jspecify.annotations.Nullable Throwable cause) {
    return new StorageException("disk_not_copied", what + ": " + why, cause, Map.of());
  }
}
