package io.boxlite.image.internal.store;

import com.github.luben.zstd.ZstdIOException;
import io.boxlite.api.ImageException;
import io.boxlite.api.internal.tar.TarEntry;
import io.boxlite.api.internal.tar.TarException;
import io.boxlite.api.internal.tar.TarReader;
import io.boxlite.image.internal.layer.Decompression;
import io.boxlite.image.internal.oci.Descriptor;
import io.boxlite.image.internal.oci.Digest;
import java.io.EOFException;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.zip.ZipException;
import org.jspecify.annotations.Nullable;

/// The files of an image archive, each in a staged file with its digest: an archive may have its
/// index last, and comes through a pipe. Names in the archive only serve as keys; nothing is
/// written under them. Confined to one thread; [#close] removes what the store did not take.
final class StagedArchive implements BlobSource, AutoCloseable {
  private static final int MAX_ENTRIES = 100_000;
  private static final int MAX_LINKS = 16;

  private final Staging staging;
  private final Map<String, StagedBlob> files = new HashMap<>();
  private final Map<String, String> links = new HashMap<>();
  private final Map<Digest, StagedBlob> byDigest = new HashMap<>();

  private StagedArchive(Staging staging) {
    this.staging = staging;
  }

  static StagedArchive read(InputStream archive, Staging staging) throws IOException {
    StagedArchive staged = new StagedArchive(staging);
    boolean done = false;
    try (InputStream plain = Decompression.open(new Unclosed(archive))) {
      staged.readEntries(plain);
      done = true;
      return staged;
    } catch (TarException | ZipException | EOFException | ZstdIOException e) {
      throw new ImageException(
          "invalid_archive", "invalid image archive: " + e.getMessage(), e, Map.of());
    } finally {
      if (!done) {
        staged.close();
      }
    }
  }

  private void readEntries(InputStream plain) throws IOException {
    TarReader tar = new TarReader(plain);
    int count = 0;
    for (var next = tar.next(); next.isPresent(); next = tar.next()) {
      if (++count > MAX_ENTRIES) {
        throw new ImageException(
            "too_large", "image archive has more than " + MAX_ENTRIES + " entries");
      }
      TarEntry entry = next.get();
      String name = normalised("", entry.name());
      switch (entry.type()) {
        case FILE -> readFile(name, entry, tar);
        case SYMBOLIC_LINK -> links.put(name, normalised(parent(name), entry.linkName()));
        case HARD_LINK -> links.put(name, normalised("", entry.linkName()));
        case DIRECTORY -> {}
        default ->
            throw new ImageException("invalid_archive", "invalid image archive: it has devices");
      }
    }
    tar.drain();
  }

  private void readFile(String name, TarEntry entry, TarReader tar) throws IOException {
    if (entry.isSparse()) {
      throw new ImageException("invalid_archive", "invalid image archive: it has sparse files");
    }
    // Known to close() before it has content.
    StagedBlob unread = new StagedBlob(staging.newFile(), Digest.of(new byte[0]), 0);
    discard(files.put(name, unread));
    StagedBlob blob = StagedBlob.write(unread.file(), tar::read);
    files.put(name, blob);
    byDigest.put(blob.digest(), blob);
  }

  private static void discard(@Nullable StagedBlob replaced) throws IOException {
    if (replaced != null) {
      Files.deleteIfExists(replaced.file());
    }
  }

  private static String parent(String name) {
    return name.substring(0, Math.max(0, name.lastIndexOf('/')));
  }

  // What leaves the archive stays as it is and so finds nothing.
  private static String normalised(String base, String name) {
    Deque<String> parts = new ArrayDeque<>();
    for (String part : (base + "/" + name).split("/", -1)) {
      if (part.equals("..")) {
        parts.pollLast();
      } else if (!part.isEmpty() && !part.equals(".")) {
        parts.addLast(part);
      }
    }
    return String.join("/", parts);
  }

  /// Finds a file by its path in the archive, through links.
  Optional<StagedBlob> file(String path) {
    String at = normalised("", path);
    for (int i = 0; i < MAX_LINKS; i++) {
      StagedBlob file = files.get(at);
      String target = links.get(at);
      if (file != null || target == null) {
        return Optional.ofNullable(file);
      }
      at = target;
    }
    return Optional.empty();
  }

  StagedBlob require(String path) {
    return file(path)
        .orElseThrow(() ->
            new ImageException(
                "invalid_archive",
                "invalid image archive: it has no " + path.replaceAll("[^\\x20-\\x7e]", "?")));
  }

  /// Adds a document that the archive lacks.
  StagedBlob add(byte[] content) throws IOException {
    StagedBlob unread = new StagedBlob(staging.newFile(), Digest.of(content), content.length);
    files.put("/" + unread.file(), unread);
    Files.write(unread.file(), content);
    byDigest.put(unread.digest(), unread);
    return unread;
  }

  @Override
  public StagedBlob get(Descriptor descriptor) {
    Digest digest = descriptor.checkedDigest();
    StagedBlob blob = byDigest.get(digest);
    return (blob == null ? require("blobs/sha256/" + digest.hex()) : blob).require(descriptor);
  }

  @Override
  public void close() throws IOException {
    for (StagedBlob file : files.values()) {
      Files.deleteIfExists(file.file());
    }
  }

  /// The archive stays open: it is the caller's.
  private static final class Unclosed extends FilterInputStream {
    Unclosed(InputStream in) {
      super(in);
    }

    @Override
    public int read(byte[] buffer, int offset, int length) throws IOException {
      return in.read(buffer, offset, length);
    }

    @Override
    public void close() {}
  }
}
