package io.boxlite.image.internal.erofs;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// One file of an image that is being written. Names are Latin-1 strings: one char is one byte.
/// Several names may share an inode (hard links). Confined to one thread.
public final class Inode {
  /// Where the content of an inode is before the metadata is written.
  enum Content {
    /// In whole blocks of the image, from [#location] on.
    BLOCKS,
    /// In the spool file, at [#location]: small, to be put behind the inode.
    SPOOL,
    /// In memory: [#target], or the children.
    MEMORY
  }

  private Attributes attributes;
  private final @Nullable Map<String, Inode> children;
  private final @Nullable Inode parent;
  private boolean opaque;
  private boolean whiteouts;

  final Content content;
  final long location;
  final byte[] target;
  final int device;

  // Set by MetadataLayout.
  long size;
  long nid = -1;
  int number;
  int links;
  boolean inline;
  long block;

  private Inode(
      Attributes attributes,
      @Nullable Inode parent,
      Content content,
      long location,
      long size,
      byte[] target,
      int device) {
    this.attributes = attributes;
    this.parent = parent;
    this.children = attributes.type() == FileType.DIRECTORY ? new HashMap<>() : null;
    this.content = content;
    this.location = location;
    this.size = size;
    this.target = target;
    this.device = device;
  }

  private static final byte[] NOTHING = {};

  /// Makes the root directory.
  public static Inode root() {
    return directory(Attributes.IMPLICIT_DIRECTORY, null);
  }

  private static Inode directory(Attributes attributes, @Nullable Inode parent) {
    return new Inode(attributes, parent, Content.MEMORY, 0, 0, NOTHING, 0);
  }

  static Inode file(Attributes attributes, Content content, long location, long size) {
    return new Inode(attributes, null, content, location, size, NOTHING, 0);
  }

  /// Makes a symbolic link.
  public static Inode symbolicLink(Attributes attributes, byte[] target) {
    return new Inode(attributes, null, Content.MEMORY, 0, target.length, target, 0);
  }

  /// Makes a device, FIFO or socket.
  public static Inode special(Attributes attributes, int major, int minor) {
    // new_encode_dev() of the kernel: 12 bits of major between the halves of the minor.
    return special(attributes, (minor & 0xff) | (major << 8) | ((minor & ~0xff) << 12));
  }

  /// Makes a device, FIFO or socket.
  ///
  /// @param device its number as Linux encodes it
  public static Inode special(Attributes attributes, int device) {
    return new Inode(attributes, null, Content.MEMORY, 0, 0, NOTHING, device);
  }

  public Attributes attributes() {
    return attributes;
  }

  /// Replaces the attributes, of the same file type.
  public void setAttributes(Attributes value) {
    if (value.type() != attributes.type()) {
      throw new IllegalArgumentException("an inode keeps its type");
    }
    attributes = value;
  }

  public boolean isDirectory() {
    return children != null;
  }

  public boolean isWhiteout() {
    return attributes.type() == FileType.CHARACTER_DEVICE && device == 0;
  }

  /// Hides what the layers below have in this directory (overlayfs "opaque").
  public void makeOpaque() {
    opaque = true;
  }

  public boolean isOpaque() {
    return opaque;
  }

  public boolean isSymbolicLink() {
    return attributes.type() == FileType.SYMBOLIC_LINK;
  }

  /// {@return the target of a symbolic link, as Latin-1}
  public String linkTarget() {
    return new String(target, ISO_8859_1);
  }

  byte[] xattrs() {
    return Xattrs.withOverlay(attributes.xattrs(), opaque, whiteouts);
  }

  Map<String, Inode> children() {
    if (children == null) {
      throw new IllegalStateException("not a directory");
    }
    return children;
  }

  Inode parent() {
    return parent == null ? this : parent;
  }

  public Optional<Inode> child(String name) {
    return Optional.ofNullable(children().get(name));
  }

  /// Adds or replaces a child that is not a directory.
  public void put(String name, Inode child) {
    children().put(name, child);
    whiteouts |= child.isWhiteout();
  }

  /// Removes a child and what is below it, if there is one.
  public void remove(String name) {
    children().remove(name);
  }

  /// Adds or replaces a child by an empty directory.
  public Inode putDirectory(String name, Attributes attributes) {
    Inode child = directory(attributes, this);
    children().put(name, child);
    return child;
  }
}
