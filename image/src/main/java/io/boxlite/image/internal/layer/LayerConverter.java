package io.boxlite.image.internal.layer;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import com.github.luben.zstd.ZstdIOException;
import io.boxlite.api.ImageException;
import io.boxlite.api.internal.tar.TarEntry;
import io.boxlite.api.internal.tar.TarException;
import io.boxlite.api.internal.tar.TarReader;
import io.boxlite.image.ImageLimits;
import io.boxlite.image.internal.erofs.Attributes;
import io.boxlite.image.internal.erofs.ErofsImage;
import io.boxlite.image.internal.erofs.ErofsWriter;
import io.boxlite.image.internal.erofs.FileType;
import io.boxlite.image.internal.erofs.Inode;
import io.boxlite.image.internal.erofs.Xattrs;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Map;
import java.util.TreeMap;
import java.util.zip.ZipException;

/// Makes the EROFS image of one layer from its blob, in one pass. Confined to one thread.
public final class LayerConverter {
  private static final int BUFFER = 64 * 1024;

  private final TarReader tar;
  private final ErofsWriter erofs;
  private final ImageLimits limits;
  private final LayerTree tree;
  private final byte[] buffer = new byte[BUFFER];
  private long copied;
  private long metadata;

  private LayerConverter(TarReader tar, ErofsWriter erofs, ImageLimits limits, LowerFiles lower) {
    this.tar = tar;
    this.erofs = erofs;
    this.limits = limits;
    this.tree = new LayerTree(lower, limits, this::copyFromBelow);
  }

  /// Converts a layer. The file is complete and on disk when this returns; when it throws, what is
  /// left of it is to be deleted by the caller.
  ///
  /// @param blob the layer, plain or compressed; not closed
  /// @param image file to create
  /// @param spool temporary file to create, gone afterwards
  /// @param diffId SHA-256 of the uncompressed layer that the image's configuration promises
  /// @param limits what the layer may have
  /// @param lower the layers below; if not known ([LowerFiles#NONE]), directories and hard links
  ///   that need them are guessed or left out
  /// @return what was guessed; empty if the layers below are known
  /// @throws ImageException if the layer is invalid, hostile, or has another diff id
  /// @throws IOException if reading the blob or writing the image fails
  public static Assumptions convert(
      InputStream blob, Path image, Path spool, byte[] diffId, ImageLimits limits, LowerFiles lower)
      throws IOException {
    try (InputStream plain = Decompression.open(blob, limits);
        DigestedStream digested = new DigestedStream(plain);
        ErofsWriter erofs = new ErofsWriter(image, spool);
        LargeLayerTurn turn = new LargeLayerTurn()) {
      TarReader tar = new TarReader(digested);
      LayerConverter converter = new LayerConverter(tar, erofs, limits, lower);
      converter.copyEntries(turn);
      tar.drain();
      requireDiffId(diffId, digested.digest());
      erofs.finish(converter.tree.root(), Arrays.copyOf(diffId, 16));
      return converter.tree.assumptions();
    } catch (TarException | ZipException | EOFException | ZstdIOException e) {
      throw malformed(e);
    }
  }

  /// Checks that a blob is the layer that it is said to be, without converting it.
  ///
  /// @param blob the layer, plain or compressed; not closed
  /// @param diffId SHA-256 of the uncompressed layer that the image's configuration promises
  /// @param limits what the layer may have
  /// @throws ImageException if the blob is malformed, or has another diff id
  /// @throws IOException if reading the blob fails
  public static void verify(InputStream blob, byte[] diffId, ImageLimits limits)
      throws IOException {
    try (InputStream plain = Decompression.open(blob, limits);
        DigestedStream digested = new DigestedStream(plain)) {
      digested.transferTo(OutputStream.nullOutputStream());
      requireDiffId(diffId, digested.digest());
    } catch (ZipException | EOFException | ZstdIOException e) {
      throw malformed(e);
    }
  }

  private static ImageException malformed(IOException e) {
    return LayerErrors.invalid(e.getMessage() == null ? "it is cut off" : e.getMessage(), e);
  }

  private static void requireDiffId(byte[] expected, byte[] actual) {
    if (!Arrays.equals(expected, actual)) {
      HexFormat hex = HexFormat.of();
      throw new ImageException(
          "digest_mismatch",
          "layer has the diff id sha256:%s, but the configuration says sha256:%s"
              .formatted(hex.formatHex(actual), hex.formatHex(expected)));
    }
  }

  private void copyEntries(LargeLayerTurn turn) throws IOException {
    int count = 0;
    for (var entry = tar.next(); entry.isPresent(); entry = tar.next()) {
      count++;
      requireMetadataRoom(entry.get());
      copy(entry.get());
      int files = count + tree.madeDirectories();
      if (files > limits.entries()) {
        throw LayerErrors.tooLarge("more than " + limits.entries() + " entries", "ENTRIES");
      }
      turn.grown(files, metadata);
    }
    tree.finish();
  }

  private void requireMetadataRoom(TarEntry entry) {
    // Of a name its last component is kept.
    metadata += entry.name().length() - entry.name().lastIndexOf('/', entry.name().length() - 2);
    metadata += entry.linkName().length();
    for (Map.Entry<String, byte[]> xattr : entry.xattrs().entrySet()) {
      metadata += xattr.getKey().length() + xattr.getValue().length;
    }
    if (metadata > LayerLimits.METADATA_BYTES) {
      throw LayerErrors.tooLarge(
          "names, links and attributes of more than %d bytes"
              .formatted(LayerLimits.METADATA_BYTES));
    }
  }

  private void copy(TarEntry entry) throws IOException {
    String name = entry.name();
    EntryPath path = EntryPath.parse(name, name, limits);
    if (entry.type() != TarEntry.Type.DIRECTORY && tree.addWhiteout(path, name)) {
      return;
    }
    switch (entry.type()) {
      case DIRECTORY -> tree.addDirectory(path, attributes(entry, FileType.DIRECTORY), name);
      case FILE -> tree.add(path, copyContent(entry), name);
      case HARD_LINK ->
          tree.addHardLink(path, EntryPath.parse(entry.linkName(), name, limits), name);
      case SYMBOLIC_LINK -> tree.add(path, symbolicLink(entry), name);
      case CHARACTER_DEVICE -> tree.add(path, special(entry, FileType.CHARACTER_DEVICE), name);
      case BLOCK_DEVICE -> tree.add(path, special(entry, FileType.BLOCK_DEVICE), name);
      case FIFO -> tree.add(path, special(entry, FileType.FIFO), name);
    }
  }

  private Inode copyContent(TarEntry entry) throws IOException {
    Attributes attributes = attributes(entry, FileType.REGULAR);
    requireRoom(entry.size());
    erofs.beginFile(entry.size());
    for (TarEntry.Segment segment : entry.segments()) {
      erofs.zerosUpTo(segment.offset());
      long left = segment.length();
      while (left > 0) {
        int count = tar.read(buffer, 0, (int) Math.min(left, BUFFER));
        if (count < 0) {
          throw new EOFException("entry is shorter than it says");
        }
        erofs.write(buffer, 0, count);
        left -= count;
      }
    }
    erofs.zerosUpTo(entry.size());
    return erofs.endFile(attributes);
  }

  private void requireRoom(long size) {
    if (size < 0 || size > limits.imageBytes() - erofs.position()) {
      throw LayerErrors.tooLarge(
          "its files need more than %d bytes".formatted(limits.imageBytes()), "FILE_BYTES");
    }
  }

  // Bounded as if it came from the archive, though most of what is large is a hole.
  private Inode copyFromBelow(ErofsImage.File file) throws IOException {
    Attributes attributes = file.attributes();
    switch (file.type()) {
      case REGULAR -> {}
      case SYMBOLIC_LINK -> {
        return Inode.symbolicLink(attributes, file.content());
      }
      case DIRECTORY -> throw new IllegalArgumentException("a directory has one name");
      case CHARACTER_DEVICE, BLOCK_DEVICE, FIFO, SOCKET -> {
        return Inode.special(attributes, file.device());
      }
    }
    requireRoom(file.size());
    copied += file.size();
    if (copied > limits.uncompressedBytes()) {
      throw LayerErrors.tooLarge(
          "its hard links to files of other layers need more than %d bytes"
              .formatted(limits.uncompressedBytes()),
          "UNCOMPRESSED_BYTES");
    }
    erofs.beginFile(file.size());
    long done = 0;
    while (done < file.size()) {
      int count = file.read(done, buffer);
      erofs.write(buffer, 0, count);
      done += count;
    }
    return erofs.endFile(attributes);
  }

  private static Inode symbolicLink(TarEntry entry) {
    String target = entry.linkName();
    if (target.isEmpty() || target.length() >= LayerLimits.PATH_BYTES) {
      throw LayerErrors.invalidEntry(entry.name(), "symbolic link of 0 or more than 4095 bytes");
    }
    if (target.indexOf('\0') >= 0) {
      throw LayerErrors.unsafePath(entry.name(), "NUL in its target");
    }
    return Inode.symbolicLink(
        attributes(entry, FileType.SYMBOLIC_LINK), target.getBytes(ISO_8859_1));
  }

  private static Inode special(TarEntry entry, FileType type) {
    return Inode.special(attributes(entry, type), entry.major(), entry.minor());
  }

  private static Attributes attributes(TarEntry entry, FileType type) {
    return new Attributes(
        LayerTree.modeOf(type, entry.mode()),
        owner(entry, entry.uid()),
        owner(entry, entry.gid()),
        entry.mtimeSeconds(),
        entry.mtimeNanos(),
        xattrs(entry));
  }

  private static int owner(TarEntry entry, long id) {
    if (id < 0 || id > 0xffff_ffffL) {
      throw LayerErrors.invalidEntry(entry.name(), "owner " + id + " is out of range");
    }
    return (int) id;
  }

  private static byte[] xattrs(TarEntry entry) {
    if (entry.xattrs().isEmpty()) {
      return Xattrs.encode(Map.of());
    }
    Map<String, byte[]> kept = new TreeMap<>();
    long bytes = 0;
    for (Map.Entry<String, byte[]> xattr : entry.xattrs().entrySet()) {
      String name = xattr.getKey();
      if (Xattrs.isOfOverlay(name)) {
        continue;
      }
      bytes += name.length() + (long) xattr.getValue().length;
      if (name.length() > LayerLimits.XATTR_NAME_BYTES || bytes >= LayerLimits.XATTR_BYTES) {
        throw LayerErrors.tooLarge(
            "extended attributes of '" + LayerErrors.shown(entry.name()) + "'");
      }
      kept.put(name, xattr.getValue());
    }
    return Xattrs.encode(kept);
  }
}
