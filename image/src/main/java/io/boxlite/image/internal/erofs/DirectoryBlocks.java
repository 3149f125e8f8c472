package io.boxlite.image.internal.erofs;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/// The content of a directory: blocks, each an array of fixed entries followed by their names
/// (Linux Documentation/filesystems/erofs.rst, "Directories"). Entries are sorted by the bytes of
/// their names, `.` and `..` among them, because the kernel searches them by bisection.
final class DirectoryBlocks {
  private static final int ENTRY_SIZE = 12;

  private record Entry(String name, Inode inode) {
    int size() {
      return ENTRY_SIZE + name.length();
    }
  }

  private final List<List<Entry>> blocks = new ArrayList<>();
  private int lastBlockSize;

  DirectoryBlocks(Inode directory) {
    List<Entry> entries = new ArrayList<>();
    entries.add(new Entry(".", directory));
    entries.add(new Entry("..", directory.parent()));
    for (Map.Entry<String, Inode> child : directory.children().entrySet()) {
      entries.add(new Entry(child.getKey(), child.getValue()));
    }
    // Latin-1 strings compare as their bytes do.
    entries.sort((a, b) -> a.name.compareTo(b.name));
    List<Entry> block = new ArrayList<>();
    for (Entry entry : entries) {
      if (lastBlockSize + entry.size() > BlockWriter.BLOCK) {
        blocks.add(block);
        block = new ArrayList<>();
        lastBlockSize = 0;
      }
      block.add(entry);
      lastBlockSize += entry.size();
    }
    blocks.add(block);
  }

  long size() {
    return (blocks.size() - 1L) * BlockWriter.BLOCK + lastBlockSize;
  }

  byte[] encode() {
    byte[] result = new byte[Math.toIntExact(size())];
    for (int i = 0; i < blocks.size(); i++) {
      int start = i * BlockWriter.BLOCK;
      int length = Math.min(BlockWriter.BLOCK, result.length - start);
      ByteBuffer out = ByteBuffer.wrap(result, start, length).slice();
      encode(blocks.get(i), out.order(ByteOrder.LITTLE_ENDIAN));
    }
    return result;
  }

  private static void encode(List<Entry> block, ByteBuffer out) {
    int nameOffset = block.size() * ENTRY_SIZE;
    for (Entry entry : block) {
      out.putLong(entry.inode.nid);
      out.putShort((short) nameOffset);
      out.put((byte) entry.inode.attributes().type().direntCode());
      out.put((byte) 0);
      nameOffset += entry.name.length();
    }
    for (Entry entry : block) {
      out.put(entry.name.getBytes(ISO_8859_1));
    }
  }
}
