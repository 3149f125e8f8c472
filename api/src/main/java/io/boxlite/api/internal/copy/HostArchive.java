package io.boxlite.api.internal.copy;

import io.boxlite.api.Box;
import io.boxlite.api.StorageException;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Map;

/// An archive of a box in a file of this host.
public final class HostArchive {
  private HostArchive() {}

  /// Writes it; see [Box#export(Path)].
  ///
  /// @param box which
  /// @param destination file or directory
  /// @return the file
  public static Path write(Box box, Path destination) {
    Path file = destination.toAbsolutePath();
    if (Files.isDirectory(file)) {
      file = file.resolve(box.info().name().orElse("box") + ".boxlite");
    }
    try {
      if (Files.exists(file) && !Files.isRegularFile(file)) {
        try (OutputStream out = new BufferedOutputStream(Files.newOutputStream(file))) {
          box.export(out); // a pipe or a device
        }
        return file;
      }
      Path partial = file.resolveSibling("." + file.getFileName() + "." + System.nanoTime());
      try {
        try (OutputStream out = new BufferedOutputStream(Files.newOutputStream(partial))) {
          box.export(out);
        }
        Files.move(partial, file, StandardCopyOption.ATOMIC_MOVE);
      } finally {
        Files.deleteIfExists(partial);
      }
      return file;
    } catch (IOException e) {
      throw new StorageException(
          "export_failed",
          "write " + file + ": " + e + "; check its directory and free space",
          e,
          Map.of());
    }
  }
}
