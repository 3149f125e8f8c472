package io.boxlite.image.internal.erofs;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/// Finds files in an image that [ErofsWriter] wrote, and reads them. The image is mapped into
/// memory for as long as the arena lives; it must not change. Thread-safe.
///
/// Everything read is checked to lie in the image; what does not is an [IOException].
public final class ErofsImage {
  private static final ValueLayout.OfShort SHORT =
      ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfInt INT =
      ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfLong LONG =
      ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final int ENTRY_SIZE = 12;
  private static final int SLOT = 32;

  private final MemorySegment image;
  private final long metadata;

  private ErofsImage(MemorySegment image) throws IOException {
    this.image = image;
    if (image.byteSize() < BlockWriter.BLOCK
        || image.get(INT, ErofsWriter.SUPERBLOCK_OFFSET) != ErofsWriter.MAGIC) {
      throw damaged();
    }
    metadata = (image.get(INT, ErofsWriter.SUPERBLOCK_OFFSET + 40) & 0xffff_ffffL) << 12;
  }

  /// Opens an image.
  ///
  /// @param file of the image
  /// @param arena whose end is the end of the image and its files
  /// @throws IOException if it cannot be read or is no image
  public static ErofsImage open(Path file, Arena arena) throws IOException {
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
      return new ErofsImage(channel.map(FileChannel.MapMode.READ_ONLY, 0, channel.size(), arena));
    }
  }

  /// One file of the image. Its extended attributes are without those that speak to overlayfs.
  public final class File {
    private final Attributes attributes;
    private final boolean opaque;
    private final int device;
    private final long start;
    private final long size;

    private File(long at) throws IOException {
      MemorySegment inode = slice(at, MetadataLayout.INODE_SIZE);
      int format = inode.get(SHORT, 0);
      int count = inode.get(SHORT, 2) & 0xffff;
      long xattrSize = count == 0 ? 0 : 12 + 4L * (count - 1);
      Map<String, byte[]> xattrs =
          count == 0
              ? Map.of()
              : Xattrs.decode(bytes(at + MetadataLayout.INODE_SIZE, (int) xattrSize));
      opaque = xattrs.containsKey(Xattrs.OPAQUE);
      Map<String, byte[]> own = new TreeMap<>(xattrs);
      own.keySet().removeIf(Xattrs::isOfOverlay);
      attributes =
          new Attributes(
              inode.get(SHORT, 4) & 0xffff,
              inode.get(INT, 24),
              inode.get(INT, 28),
              inode.get(LONG, 32),
              inode.get(INT, 40),
              Xattrs.encode(own));
      size = inode.get(LONG, 8);
      device = inode.get(INT, 16);
      boolean inline = format >> 1 == 2;
      start =
          inline
              ? at + MetadataLayout.INODE_SIZE + xattrSize
              : (device & 0xffff_ffffL) * BlockWriter.BLOCK;
      if (size < 0 || (hasContent() && (start > image.byteSize() - size))) {
        throw damaged();
      }
    }

    private boolean hasContent() {
      return switch (attributes.type()) {
        case REGULAR, DIRECTORY, SYMBOLIC_LINK -> size > 0;
        case CHARACTER_DEVICE, BLOCK_DEVICE, FIFO, SOCKET -> false;
      };
    }

    public Attributes attributes() {
      return attributes;
    }

    public FileType type() {
      return attributes.type();
    }

    public boolean isDirectory() {
      return type() == FileType.DIRECTORY;
    }

    /// {@return whether it is the mark with which overlayfs hides a name of the layers below}
    public boolean isWhiteout() {
      return type() == FileType.CHARACTER_DEVICE && device == 0;
    }

    /// {@return whether this directory hides what the layers below have in it}
    public boolean isOpaque() {
      return opaque;
    }

    /// {@return bytes of the content; of a symbolic link, of its target}
    public long size() {
      return size;
    }

    /// {@return the number of a device, as Linux encodes it}
    public int device() {
      return device;
    }

    /// Reads content.
    ///
    /// @param offset in the file, at most its size
    /// @return the number of bytes read, 0 only at the end
    public int read(long offset, byte[] buffer) {
      int count = (int) Math.min(buffer.length, size - offset);
      MemorySegment.copy(image, ValueLayout.JAVA_BYTE, start + offset, buffer, 0, count);
      return count;
    }

    /// {@return the content of a small file, such as the target of a symbolic link}
    public byte[] content() throws IOException {
      return bytes(start, Math.toIntExact(size));
    }

    /// Finds a file of this directory.
    public Optional<File> child(String name) throws IOException {
      long low = 0;
      long high = (size + BlockWriter.BLOCK - 1) / BlockWriter.BLOCK - 1;
      while (low < high) { // the last block whose first name is not after the one we look for
        long middle = (low + high + 1) / 2;
        if (new Names(middle).get(0).compareTo(name) <= 0) {
          low = middle;
        } else {
          high = middle - 1;
        }
      }
      return new Names(low).find(name);
    }

    /// {@return the names in this directory, without `.` and `..`}
    public List<String> names() throws IOException {
      List<String> names = new ArrayList<>();
      for (long block = 0; block * BlockWriter.BLOCK < size; block++) {
        Names some = new Names(block);
        for (int i = 0; i < some.count; i++) {
          names.add(some.get(i));
        }
      }
      names.removeAll(List.of(".", ".."));
      return names;
    }

    /// One block of a directory, see [DirectoryBlocks].
    private final class Names {
      final MemorySegment block;
      final int count;

      Names(long index) throws IOException {
        long offset = index * BlockWriter.BLOCK;
        block = slice(start + offset, Math.min(BlockWriter.BLOCK, size - offset));
        if (block.byteSize() < ENTRY_SIZE) {
          throw damaged();
        }
        count = nameStart(0) / ENTRY_SIZE;
        if (count < 1 || (long) count * ENTRY_SIZE > block.byteSize()) {
          throw damaged();
        }
      }

      private int nameStart(int entry) {
        return block.get(SHORT, (long) entry * ENTRY_SIZE + 8) & 0xffff;
      }

      String get(int entry) throws IOException {
        int from = nameStart(entry);
        long to = entry + 1 < count ? nameStart(entry + 1) : block.byteSize();
        if (from > to || to > block.byteSize()) {
          throw damaged();
        }
        byte[] name = block.asSlice(from, to - from).toArray(ValueLayout.JAVA_BYTE);
        int end = 0; // the last name of a block may be followed by zeros
        while (end < name.length && name[end] != 0) {
          end++;
        }
        return new String(name, 0, end, ISO_8859_1);
      }

      Optional<File> find(String name) throws IOException {
        int low = 0;
        int high = count - 1;
        while (low <= high) {
          int middle = (low + high) / 2;
          int order = get(middle).compareTo(name);
          if (order == 0) {
            return Optional.of(file(block.get(LONG, (long) middle * ENTRY_SIZE)));
          }
          if (order < 0) {
            low = middle + 1;
          } else {
            high = middle - 1;
          }
        }
        return Optional.empty();
      }
    }
  }

  /// {@return the root directory}
  public File root() throws IOException {
    return file(image.get(SHORT, ErofsWriter.SUPERBLOCK_OFFSET + 14) & 0xffff);
  }

  private File file(long nid) throws IOException {
    if (nid < 0 || nid > image.byteSize() / SLOT) {
      throw damaged();
    }
    return new File(metadata + nid * SLOT);
  }

  private MemorySegment slice(long at, long length) throws IOException {
    if (at < 0 || length < 0 || at > image.byteSize() - length) {
      throw damaged();
    }
    return image.asSlice(at, length);
  }

  private byte[] bytes(long at, int length) throws IOException {
    return slice(at, length).toArray(ValueLayout.JAVA_BYTE);
  }

  static IOException damaged() {
    return new IOException("the image of a layer is damaged");
  }
}
