package io.boxlite.runtime.internal.archive;

import com.github.luben.zstd.ZstdIOException;
import com.github.luben.zstd.ZstdInputStreamNoFinalizer;
import io.boxlite.api.ConfigException;
import io.boxlite.api.StorageException;
import io.boxlite.api.internal.tar.TarEntry;
import io.boxlite.api.internal.tar.TarException;
import io.boxlite.api.internal.tar.TarReader;
import io.boxlite.image.ImageStore;
import io.boxlite.image.StoredImage;
import io.boxlite.runtime.internal.disk.FlatDisk;
import io.boxlite.runtime.internal.layout.Trees;
import io.boxlite.runtime.internal.state.ArchiveManifest;
import java.io.BufferedInputStream;
import java.io.EOFException;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// Reads an archive of a box, which may be hostile: nothing is believed of it, and nothing of the
/// home changes before all of it has been checked, but that its image is added without a name.
public final class BoxImport implements AutoCloseable {
  private static final long MAX_DISK = 1024L << 30;
  private static final long MAX_FILE = MAX_DISK + (1L << 30);
  private static final int MAX_MANIFEST = 1 << 20;
  private static final long ROOM = 512L << 20;
  private static final int MAX_RATIO = 1100;
  private static final long FREE_OF_RATIO = 64L << 20;
  private static final int ZSTD_WINDOW_BITS = 27;
  private static final int BLOCK = 64 * 1024;
  private static final byte[] ZSTD = {0x28, (byte) 0xb5, 0x2f, (byte) 0xfd};
  private static final byte[] ZEROS = new byte[BLOCK];

  private static final Pattern LAYOUT =
      Pattern.compile("oci-layout|index\\.json|blobs/sha256/[0-9a-f]{64}");

  private final Path directory;
  private @Nullable ArchiveManifest manifest;
  private String checksum = "";

  /// Makes the directory for it.
  ///
  /// @param directory not there yet; removed when this is closed
  public BoxImport(Path directory) {
    this.directory = Exchange.make(directory);
  }

  /// Reads and checks.
  ///
  /// @param archive read to its end, not closed
  /// @return what it says
  /// @throws ConfigException if it is no such archive, or wants what an archive must not
  /// @throws StorageException if it is damaged, its disk is not acceptable, or cannot be written
  public ArchiveManifest read(InputStream archive) {
    try {
      Counted compressed = new Counted(archive);
      BufferedInputStream source = new BufferedInputStream(compressed, BLOCK);
      source.mark(ZSTD.length);
      byte[] magic = source.readNBytes(ZSTD.length);
      source.reset();
      boolean zstd = java.util.Arrays.equals(magic, ZSTD);
      InputStream plain =
          zstd ? new ZstdInputStreamNoFinalizer(source).setLongMax(ZSTD_WINDOW_BITS) : source;
      readEntries(new TarReader(new Bounded(plain, compressed)));
    } catch (TarException | ZstdIOException | EOFException e) {
      throw invalid(String.valueOf(e.getMessage()));
    } catch (IOException e) {
      throw new StorageException("import_failed", "read the archive: " + e, e, Map.of());
    }
    ArchiveManifest read = manifest;
    if (read == null || !Files.exists(disk()) || !Files.exists(image())) {
      throw invalid("it lacks a manifest, a disk or an image");
    }
    if (!checksum.equals(read.diskChecksum())) {
      throw new StorageException("checksum", "cannot import archive: its disk is damaged");
    }
    FlatDisk.checkForeign(disk(), MAX_DISK);
    return read;
  }

  private void readEntries(TarReader tar) throws IOException {
    Set<String> seen = new HashSet<>();
    for (var next = tar.next(); next.isPresent(); next = tar.next()) {
      TarEntry entry = next.get();
      if (entry.type() != TarEntry.Type.FILE || entry.isSparse() || !seen.add(entry.name())) {
        throw invalid("'" + printable(entry.name()) + "' is no plain file, or there twice");
      }
      switch (entry.name()) {
        case BoxExport.MANIFEST -> manifest = ArchiveManifest.read(small(tar, entry));
        case BoxExport.DISK -> checksum = store(tar, entry, disk());
        case BoxExport.IMAGE -> store(tar, entry, image());
        default -> throw invalid("it has '" + printable(entry.name()) + "', which no archive has");
      }
    }
    tar.drain();
  }

  private static byte[] small(TarReader tar, TarEntry entry) throws IOException {
    if (entry.size() > MAX_MANIFEST) {
      throw invalid("its manifest is too large");
    }
    byte[] content = new byte[(int) entry.size()];
    for (int at = 0; at < content.length; ) {
      int count = tar.read(content, at, content.length - at);
      if (count < 0) {
        throw new EOFException("it ends early");
      }
      at += count;
    }
    return content;
  }

  /// Blocks of zeros become holes.
  private static String store(TarReader tar, TarEntry entry, Path target) throws IOException {
    if (entry.size() > MAX_FILE) {
      throw invalid("'" + entry.name() + "' is too large");
    }
    MessageDigest digest = Exchange.sha256();
    byte[] buffer = new byte[BLOCK];
    long at = 0;
    try (FileChannel out =
        FileChannel.open(target, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
      for (int count = tar.read(buffer, 0, BLOCK); count >= 0; count = tar.read(buffer, 0, BLOCK)) {
        digest.update(buffer, 0, count);
        boolean zero = java.util.Arrays.equals(buffer, 0, count, ZEROS, 0, count);
        at += count;
        if (!zero || at == entry.size()) {
          ByteBuffer bytes = ByteBuffer.wrap(buffer, 0, count);
          for (long to = at - count; bytes.hasRemaining(); ) {
            to += out.write(bytes, to);
          }
        }
        if (at % (1024L * BLOCK) < count && Files.getFileStore(target).getUsableSpace() < ROOM) {
          throw new StorageException("no_room", "cannot import archive: the disk is full");
        }
      }
      out.force(true);
    }
    return Exchange.checksum(digest);
  }

  /// {@return the disk of the box, on stable storage}
  public Path disk() {
    return directory.resolve(BoxExport.DISK);
  }

  private Path image() {
    return directory.resolve(BoxExport.IMAGE);
  }

  /// Adds the image of the box, without a name: an archive must not decide what a name means here.
  ///
  /// @param images the image store
  /// @param wanted what was read
  /// @return its id
  /// @throws ConfigException if it is not the image that the manifest names
  public String addImage(ImageStore images, ArchiveManifest wanted) {
    Path layout = directory.resolve("image");
    try (InputStream in = new BufferedInputStream(Files.newInputStream(image()), BLOCK)) {
      Files.createDirectories(layout.resolve("blobs/sha256"));
      TarReader tar = new TarReader(in);
      for (var next = tar.next(); next.isPresent(); next = tar.next()) {
        TarEntry entry = next.get();
        if (entry.type() == TarEntry.Type.DIRECTORY) {
          continue;
        }
        if (entry.type() != TarEntry.Type.FILE
            || entry.isSparse()
            || !LAYOUT.matcher(entry.name()).matches()
            || Files.exists(layout.resolve(entry.name()))) {
          throw invalid("its image has '" + printable(entry.name()) + "'");
        }
        store(tar, entry, layout.resolve(entry.name()));
      }
    } catch (TarException | EOFException e) {
      throw invalid("its image: " + e.getMessage());
    } catch (IOException e) {
      throw new StorageException("import_failed", "read the image: " + e, e, Map.of());
    }
    StoredImage added = images.importLayout(layout);
    if (!added.id().equals(wanted.imageId())) {
      throw invalid("its image is not the one that its manifest names");
    }
    return added.id();
  }

  @Override
  public void close() {
    Trees.delete(directory);
  }

  private static String printable(String name) {
    String start = name.length() > 100 ? name.substring(0, 100) : name;
    return start.replaceAll("[^\\x20-\\x7e]", "?");
  }

  private static ConfigException invalid(String why) {
    return new ConfigException("invalid_archive", "cannot import archive: " + why);
  }

  private static final class Counted extends FilterInputStream {
    private long count;

    Counted(InputStream in) {
      super(in);
    }

    @Override
    public int read(byte[] buffer, int offset, int length) throws IOException {
      int read = in.read(buffer, offset, length);
      count += Math.max(0, read);
      return read;
    }
  }

  private static final class Bounded extends FilterInputStream {
    private final Counted compressed;
    private long count;

    Bounded(InputStream in, Counted compressed) {
      super(in);
      this.compressed = compressed;
    }

    @Override
    public int read() throws IOException {
      byte[] one = new byte[1];
      return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
    }

    @Override
    public int read(byte[] buffer, int offset, int length) throws IOException {
      int read = in.read(buffer, offset, length);
      count += Math.max(0, read);
      if (count > FREE_OF_RATIO && count / MAX_RATIO > compressed.count) {
        throw invalid("it is compressed more than any disk can be");
      }
      return read;
    }
  }
}
