package io.boxlite.vmm.qemu;

import io.boxlite.vmm.VmFiles;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;

/// Moves the files that a running QEMU has open.
final class FileMoves {
  private FileMoves() {}

  /// Moves logs, then sockets. QEMU goes on with its open files and does not notice. When it ends
  /// by itself it removes the names that its sockets had at first.
  ///
  /// @param from where the files are
  /// @param to where they shall be; sockets there are replaced, logs kept
  static void move(VmFiles from, VmFiles to) throws IOException {
    moveLog(from.consoleLog(), to.consoleLog());
    moveLog(from.vmmLog(), to.vmmLog());
    Files.move(from.portalSocket(), to.portalSocket(), StandardCopyOption.ATOMIC_MOVE);
    Files.move(from.volumesSocket(), to.volumesSocket(), StandardCopyOption.ATOMIC_MOVE);
    Files.move(from.networkSocket(), to.networkSocket(), StandardCopyOption.ATOMIC_MOVE);
    Files.move(from.qmpSocket(), to.qmpSocket(), StandardCopyOption.ATOMIC_MOVE);
  }

  /// QEMU appends to its file whatever the name is: so that file has to be the one that stays, and
  /// gets what the earlier one held. A VM that waits for its use has said next to nothing, so the
  /// order is right.
  private static void moveLog(Path from, Path to) throws IOException {
    if (Files.exists(to)) {
      try (FileChannel earlier = FileChannel.open(to);
          FileChannel kept = FileChannel.open(from, StandardOpenOption.APPEND)) {
        long size = earlier.size();
        long position = 0;
        while (position < size) {
          position += earlier.transferTo(position, size - position, kept);
        }
      }
    }
    Files.move(from, to, StandardCopyOption.ATOMIC_MOVE);
  }
}
