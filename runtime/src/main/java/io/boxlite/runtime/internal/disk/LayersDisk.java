package io.boxlite.runtime.internal.disk;

import io.boxlite.api.StorageException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/// Makes one disk of all layers of an image: a VMDK descriptor, which is a text that names the
/// files of which the disk consists. So a VM has one disk for them however many there are, which it
/// needs not find one by one.
///
/// Source of the format: VMware's "Virtual Disk Format 5.0", section "The Descriptor File".
public final class LayersDisk {
  private static final int SECTOR = 512;

  private LayersDisk() {}

  /// Where a layer is on the disk.
  ///
  /// @param offset in bytes
  /// @param length in bytes
  public record Extent(long offset, long length) {}

  /// Writes the descriptor.
  ///
  /// @param descriptor absolute path of the file to write, replaced when it exists
  /// @param layers absolute paths, lowest first; their names hold no `"` and no line feed relative
  ///   to the descriptor
  /// @return where each layer is
  /// @throws StorageException if it cannot be written, or a layer cannot be read
  public static List<Extent> write(Path descriptor, List<Path> layers) {
    Path directory = descriptor.getParent();
    StringBuilder text =
        new StringBuilder(
            """
            # Disk DescriptorFile
            version=1
            CID=fffffffe
            parentCID=ffffffff
            createType="twoGbMaxExtentFlat"
            """);
    List<Extent> extents = new ArrayList<>();
    long offset = 0;
    try {
      for (Path layer : layers) {
        // What follows a layer begins on a sector; QEMU reads zeros behind the end of a file.
        long sectors = (Files.size(layer) + SECTOR - 1) / SECTOR;
        Path name = directory == null ? layer : directory.relativize(layer);
        text.append("RW ").append(sectors).append(" FLAT \"").append(name).append("\" 0\n");
        extents.add(new Extent(offset, sectors * SECTOR));
        offset += sectors * SECTOR;
      }
      Files.write(descriptor, text.toString().getBytes(StandardCharsets.UTF_8));
    } catch (IOException e) {
      throw new StorageException(
          "disk_not_made",
          "make disk " + descriptor + ": " + e + "; check the disk and free space",
          e,
          Map.of("path", descriptor.toString()));
    }
    return List.copyOf(extents);
  }
}
