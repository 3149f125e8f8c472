package io.boxlite.image;

import io.boxlite.image.internal.erofs.Attributes;
import io.boxlite.image.internal.erofs.ErofsWriter;
import io.boxlite.image.internal.erofs.FileType;
import io.boxlite.image.internal.erofs.Inode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Arrays;

/// A layer of no image, with one file in it: for a guest to try how it is to mount and read one.
///
/// @since 0.1
public final class RehearsalLayer {
  private static final int FILE_BYTES = 256 * 1024;
  private static final int FILE_MODE = 0644;
  private static final int UUID_BYTES = 16;

  private RehearsalLayer() {}

  /// Writes it as the EROFS image that the layers of images become.
  ///
  /// @param file absolute path; there complete or not at all afterwards, replaced when it exists
  /// @throws IOException if it cannot be written
  public static void write(Path file) throws IOException {
    Path unfinished = file.resolveSibling(file.getFileName() + ".tmp");
    Path spool = file.resolveSibling(file.getFileName() + ".spool");
    Files.deleteIfExists(unfinished);
    Files.deleteIfExists(spool);
    try (ErofsWriter writer = new ErofsWriter(unfinished, spool)) {
      byte[] content = new byte[FILE_BYTES];
      Arrays.fill(content, (byte) 'x'); // zeros would become a hole
      writer.beginFile(content.length);
      writer.write(content, 0, content.length);
      Inode root = Inode.root();
      int mode = FileType.REGULAR.mode() | FILE_MODE;
      root.put("file", writer.endFile(new Attributes(mode, 0, 0, 0, 0, new byte[0])));
      writer.finish(root, new byte[UUID_BYTES]);
    }
    Files.move(unfinished, file, StandardCopyOption.ATOMIC_MOVE);
  }
}
