package io.boxlite.image.internal.store;

import io.boxlite.api.ImageException;
import io.boxlite.api.NetworkException;
import io.boxlite.image.internal.oci.Descriptor;
import io.boxlite.image.internal.oci.Digest;
import io.boxlite.image.internal.oci.OciJson;
import io.boxlite.image.internal.registry.Repository;
import java.io.ByteArrayInputStream;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;

/// Stands for a registry: the blobs of an image layout, and what can go wrong with them.
final class LayoutRepository implements Repository {
  /// A request for a blob.
  record Request(String digest, long offset) {}

  final List<Request> requests = new CopyOnWriteArrayList<>();
  final CountDownLatch asked = new CountDownLatch(1);
  CountDownLatch go = new CountDownLatch(0);
  long cutAfter = Long.MAX_VALUE;
  int flippedByte = -1;

  private final Path layout;

  LayoutRepository(Path layout) {
    this.layout = layout;
  }

  private byte[] content(Digest digest) {
    try {
      return Files.readAllBytes(layout.resolve("blobs/sha256").resolve(digest.hex()));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  Descriptor only() {
    try {
      return OciJson.index(Files.readAllBytes(layout.resolve("index.json"))).entries().getFirst();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Override
  public Document manifest(String tagOrDigest) {
    Descriptor top = only();
    return new Document(top.type(), content(top.checkedDigest()));
  }

  @Override
  public InputStream blob(Descriptor blob, long offset, Runnable retrying) {
    requests.add(new Request(blob.checkedDigest().hex(), offset));
    asked.countDown();
    try {
      go.await();
    } catch (InterruptedException e) {
      throw new NetworkException("interrupted", "interrupted");
    }
    byte[] all = content(blob.checkedDigest());
    if (flippedByte >= 0 && flippedByte < all.length) {
      all[flippedByte] ^= 1;
    }
    if (all.length != blob.size()) {
      throw new ImageException("wrong_length", "wrong length");
    }
    return new Cut(new ByteArrayInputStream(all, (int) offset, all.length), cutAfter - offset);
  }

  private static final class Cut extends FilterInputStream {
    private long left;

    Cut(InputStream in, long left) {
      super(in);
      this.left = left;
    }

    @Override
    public int read(byte[] buffer, int offset, int length) throws IOException {
      int count = in.read(buffer, offset, (int) Math.min(Math.min(length, 777), left));
      if (left <= 0) {
        throw new NetworkException("registry_unreachable", "the connection was cut");
      }
      left -= Math.max(0, count);
      return count;
    }
  }
}
