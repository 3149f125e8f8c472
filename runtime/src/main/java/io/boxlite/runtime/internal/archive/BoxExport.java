package io.boxlite.runtime.internal.archive;

import com.github.luben.zstd.ZstdOutputStreamNoFinalizer;
import io.boxlite.api.BoxOptions;
import io.boxlite.api.ConfigException;
import io.boxlite.api.Images;
import io.boxlite.api.StorageException;
import io.boxlite.api.internal.tar.TarWriter;
import io.boxlite.image.ImageStore;
import io.boxlite.runtime.internal.layout.Trees;
import io.boxlite.runtime.internal.state.ArchiveManifest;
import java.io.BufferedOutputStream;
import java.io.FilterOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.DigestOutputStream;
import java.util.List;
import java.util.Map;

/// Writes a box as an archive: a tar, compressed with zstd, of `manifest.json`, `disk.qcow2`, which
/// lies over nothing, and `image.tar`, the image of the box as an OCI archive.
public final class BoxExport implements AutoCloseable {
  static final String MANIFEST = "manifest.json";
  static final String DISK = "disk.qcow2";
  static final String IMAGE = "image.tar";
  private static final int LEVEL = 3;
  private static final int BUFFER = 256 * 1024;

  private final Path directory;
  private final BoxOptions options;
  private final String imageId;

  /// Makes the directory for it.
  ///
  /// @param directory not there yet; removed when this is closed
  /// @param options of the box
  /// @param imageId of the image that its disk lies over
  /// @throws ConfigException if no archive can be made of such a box
  public BoxExport(Path directory, BoxOptions options, String imageId) {
    if (options.rootfsPath().isPresent()) {
      throw new ConfigException(
          "not_exportable",
          "a box of a root file system directory cannot be exported; commit it to an image");
    }
    this.directory = Exchange.make(directory);
    this.options = options;
    this.imageId = imageId;
  }

  /// {@return where the disk is to be copied to}
  public Path disk() {
    return directory.resolve(DISK);
  }

  /// Writes the archive, once the disk is there.
  ///
  /// @param images the image store
  /// @param archive gets it; not closed
  /// @throws StorageException if something cannot be read, or the archive not be written
  public void write(ImageStore images, OutputStream archive) {
    Path image = directory.resolve(IMAGE);
    try {
      try (OutputStream out = new BufferedOutputStream(Files.newOutputStream(image), BUFFER)) {
        images.save(List.of(imageId), Images.ArchiveFormat.OCI, out);
      }
      String checksum;
      try (DigestOutputStream digest =
          new DigestOutputStream(OutputStream.nullOutputStream(), Exchange.sha256())) {
        Files.copy(disk(), digest);
        checksum = Exchange.checksum(digest.getMessageDigest());
      }
      byte[] manifest = new ArchiveManifest(options, imageId, checksum).toJson();
      try (OutputStream zstd = new ZstdOutputStreamNoFinalizer(new Unclosed(archive), LEVEL)) {
        TarWriter tar = new TarWriter(zstd);
        tar.file(MANIFEST, manifest);
        file(tar, DISK, disk());
        file(tar, IMAGE, image);
        tar.finish();
      }
      archive.flush();
    } catch (IOException e) {
      throw new StorageException(
          "export_failed", "write the archive: " + e.getMessage(), e, Map.of());
    }
  }

  private static void file(TarWriter tar, String name, Path file) throws IOException {
    tar.beginFile(name, Files.size(file));
    byte[] buffer = new byte[BUFFER];
    try (InputStream in = Files.newInputStream(file)) {
      for (int count = in.read(buffer); count >= 0; count = in.read(buffer)) {
        tar.write(buffer, 0, count);
      }
    }
  }

  @Override
  public void close() {
    Trees.delete(directory);
  }

  private static final class Unclosed extends FilterOutputStream {
    Unclosed(OutputStream out) {
      super(out);
    }

    @Override
    public void write(byte[] buffer, int offset, int length) throws IOException {
      out.write(buffer, offset, length);
    }

    @Override
    public void close() throws IOException {
      flush();
    }
  }
}
