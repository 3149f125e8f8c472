package io.boxlite.image.internal.erofs;

import java.util.ArrayList;
import java.util.List;

/// Decides where each inode goes, breadth first so that the files of a directory are neighbours.
///
/// The area begins with 64 unused bytes: some programs skip entries with inode number 0. The root
/// comes first because the superblock has 16 bits for its number. After the inodes come the blocks
/// of what is too large to follow its inode.
final class MetadataLayout {
  static final int INODE_SIZE = 64;
  private static final int SLOT = 32;
  private static final int FIRST = 64;
  private static final int MAX_INLINE = 2048;

  private final List<Inode> inodes = new ArrayList<>();
  private final long start;
  private final long end;

  /// Lays a tree out from a block boundary on, and sets what [Inode] says is set here.
  MetadataLayout(Inode root, long start) {
    this.start = start;
    collect(root);
    long offset = FIRST;
    for (Inode inode : inodes) {
      offset = place(inode, offset);
    }
    long block = BlockWriter.roundUp(start + offset, BlockWriter.BLOCK) / BlockWriter.BLOCK;
    for (Inode inode : inodes) {
      if (inode.content == Inode.Content.BLOCKS) {
        inode.block = inode.location;
      } else if (!inode.inline && inode.size > 0) {
        inode.block = block;
        block += BlockWriter.roundUp(inode.size, BlockWriter.BLOCK) / BlockWriter.BLOCK;
      }
    }
    this.end = block * BlockWriter.BLOCK;
  }

  List<Inode> inodes() {
    return inodes;
  }

  long end() {
    return end;
  }

  long offset(Inode inode) {
    return start + inode.nid * SLOT;
  }

  private void collect(Inode root) {
    root.links = 2;
    add(root);
    for (int i = 0; i < inodes.size(); i++) {
      Inode directory = inodes.get(i);
      if (!directory.isDirectory()) {
        continue;
      }
      directory.size = new DirectoryBlocks(directory).size();
      directory.children().entrySet().stream()
          .sorted((a, b) -> a.getKey().compareTo(b.getKey()))
          .forEach(child -> link(directory, child.getValue()));
    }
  }

  private void link(Inode directory, Inode child) {
    if (child.isDirectory()) {
      child.links = 2;
      directory.links++;
    } else {
      child.links++;
    }
    if (child.number == 0) {
      add(child);
    }
  }

  private void add(Inode inode) {
    inodes.add(inode);
    inode.number = inodes.size();
  }

  // Linux 6.1 reads a symbolic link from the block of its inode only, so an inode, its attributes
  // and what follows stay in one block. What cannot fit is not inline.
  private static long place(Inode inode, long from) {
    long header = (long) INODE_SIZE + inode.xattrs().length;
    inode.inline =
        inode.content != Inode.Content.BLOCKS
            && inode.size > 0
            && inode.size <= MAX_INLINE
            && header + inode.size <= BlockWriter.BLOCK;
    long need = header + (inode.inline ? inode.size : 0);
    long offset = from;
    if (offset % BlockWriter.BLOCK + need > BlockWriter.BLOCK) {
      offset = BlockWriter.roundUp(offset, BlockWriter.BLOCK);
    }
    inode.nid = offset / SLOT;
    return BlockWriter.roundUp(offset + need, SLOT);
  }
}
