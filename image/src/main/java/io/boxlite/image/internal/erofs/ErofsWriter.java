package io.boxlite.image.internal.erofs;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.zip.CRC32C;

/// Writes an uncompressed EROFS image in one pass: contents as they arrive, from the second block
/// on; then [#finish] adds inodes and directories, and at last the superblock, so that an
/// unfinished file is never taken for an image. Inode numbers are relative to `meta_blkaddr`, which
/// is why the metadata may come last.
///
/// Format: Linux Documentation/filesystems/erofs.rst and `fs/erofs/erofs_fs.h`; only what Linux 5.4
/// knew is used: extended inodes, flat data, plain or inline. Confined to one thread.
public final class ErofsWriter implements AutoCloseable {
  static final int SUPERBLOCK_OFFSET = 1024;
  static final int MAGIC = 0xE0F5E1E2;
  private static final int COMPAT_CHECKSUM_AND_MTIME = 3;
  private static final int BLOCK_BITS = 12;
  private static final int MAX_SPOOLED = 2048;

  private final FileChannel channel;
  private final BlockWriter blocks;
  private final Spool spool;

  // Of the file that is being written.
  private boolean spooling;
  private long contentStart;
  private long contentSize;

  /// Creates the image file.
  ///
  /// @param file of the image, must not exist
  /// @param spoolFile a temporary file, gone after [#close]; must not exist
  public ErofsWriter(Path file, Path spoolFile) throws IOException {
    channel = FileChannel.open(file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
    try {
      spool = new Spool(spoolFile);
    } catch (IOException e) {
      channel.close();
      throw e;
    }
    blocks = new BlockWriter(channel);
  }

  /// {@return bytes of the image so far, holes included}
  public long position() {
    return blocks.position();
  }

  /// Begins the content of a regular file of a known size.
  public void beginFile(long size) {
    contentSize = size;
    spooling = size <= MAX_SPOOLED;
    contentStart = spooling ? spool.position() : blocks.position();
  }

  /// Appends content of the current file.
  public void write(byte[] data, int offset, int length) throws IOException {
    if (spooling) {
      spool.write(data, offset, length);
    } else {
      blocks.write(data, offset, length);
    }
  }

  /// Fills the current file with zeros up to an offset in it; they take no space.
  public void zerosUpTo(long offset) throws IOException {
    if (spooling) {
      int count = Math.toIntExact(contentStart + offset - spool.position());
      spool.write(new byte[count], 0, count);
    } else {
      blocks.advanceTo(contentStart + offset);
    }
  }

  /// Ends the current file, which must have got all its content.
  public Inode endFile(Attributes attributes) throws IOException {
    long position = spooling ? spool.position() : blocks.position();
    if (position - contentStart != contentSize) {
      throw new IllegalStateException("content is not of the announced size");
    }
    if (spooling) {
      return Inode.file(attributes, Inode.Content.SPOOL, contentStart, contentSize);
    }
    blocks.align();
    long block = contentStart / BlockWriter.BLOCK;
    return Inode.file(attributes, Inode.Content.BLOCKS, block, contentSize);
  }

  /// Writes the metadata of a tree and forces the file to disk.
  ///
  /// @param root of the tree; all its files came from this writer
  /// @param uuid 16 bytes that identify the image
  public void finish(Inode root, byte[] uuid) throws IOException {
    spool.flush();
    long start = blocks.position();
    MetadataLayout layout = new MetadataLayout(root, start);
    for (Inode inode : layout.inodes()) {
      blocks.advanceTo(layout.offset(inode));
      blocks.write(encode(inode));
      blocks.write(inode.xattrs());
      if (inode.inline) {
        blocks.write(content(inode));
      }
    }
    for (Inode inode : layout.inodes()) {
      if (inode.content != Inode.Content.BLOCKS && !inode.inline && inode.size > 0) {
        blocks.advanceTo(inode.block * BlockWriter.BLOCK);
        blocks.write(content(inode));
      }
    }
    blocks.advanceTo(layout.end());
    blocks.flush();
    writeSuperblock(start, layout, root.nid, uuid);
    channel.force(true);
  }

  private byte[] content(Inode inode) throws IOException {
    return switch (inode.attributes().type()) {
      case DIRECTORY -> new DirectoryBlocks(inode).encode();
      case SYMBOLIC_LINK -> inode.target;
      default -> spool.read(inode.location, Math.toIntExact(inode.size));
    };
  }

  // struct erofs_inode_extended
  private static byte[] encode(Inode inode) {
    Attributes attributes = inode.attributes();
    ByteBuffer out = ByteBuffer.allocate(MetadataLayout.INODE_SIZE).order(ByteOrder.LITTLE_ENDIAN);
    int flatInline = inode.inline ? 2 << 1 : 0;
    out.putShort((short) (1 | flatInline));
    out.putShort((short) Xattrs.count(inode.xattrs()));
    out.putShort((short) attributes.mode()).putShort((short) 0);
    out.putLong(inode.size);
    boolean device =
        attributes.type() == FileType.CHARACTER_DEVICE
            || attributes.type() == FileType.BLOCK_DEVICE;
    out.putInt(device ? inode.device : (int) inode.block);
    out.putInt(inode.number);
    out.putInt(attributes.uid()).putInt(attributes.gid());
    out.putLong(attributes.mtimeSeconds()).putInt(attributes.mtimeNanos());
    out.putInt(inode.links);
    return out.array();
  }

  // struct erofs_super_block; its checksum covers the rest of its block.
  private void writeSuperblock(long metaStart, MetadataLayout layout, long rootNid, byte[] uuid)
      throws IOException {
    ByteBuffer block =
        ByteBuffer.allocate(BlockWriter.BLOCK - SUPERBLOCK_OFFSET).order(ByteOrder.LITTLE_ENDIAN);
    block.putInt(0, MAGIC);
    block.putInt(8, COMPAT_CHECKSUM_AND_MTIME);
    block.put(12, (byte) BLOCK_BITS);
    block.putShort(14, (short) rootNid);
    block.putLong(16, layout.inodes().size());
    block.putInt(36, (int) (layout.end() / BlockWriter.BLOCK));
    block.putInt(40, (int) (metaStart / BlockWriter.BLOCK));
    block.put(48, uuid, 0, 16);
    CRC32C crc = new CRC32C();
    crc.update(block.array());
    block.putInt(4, (int) ~crc.getValue()); // the kernel does not invert the result
    long at = SUPERBLOCK_OFFSET;
    while (block.hasRemaining()) {
      at += channel.write(block, at);
    }
    // A hole at the end of the image has to exist too.
    if (channel.size() < layout.end()) {
      channel.write(ByteBuffer.allocate(1), layout.end() - 1);
    }
  }

  @Override
  public void close() throws IOException {
    try {
      spool.close();
    } finally {
      channel.close();
    }
  }
}
