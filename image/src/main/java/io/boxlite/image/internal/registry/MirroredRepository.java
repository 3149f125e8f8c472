package io.boxlite.image.internal.registry;

import io.boxlite.api.BoxliteException;
import io.boxlite.api.NetworkException;
import io.boxlite.image.internal.oci.Descriptor;
import io.boxlite.image.internal.oci.Digest;
import java.io.IOException;
import java.io.InputStream;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Function;

/// A repository to pull from that mirrors have too: they are asked first. What the registry itself
/// says is what is told. A mirror that could not be reached is not asked again. Thread-safe.
final class MirroredRepository implements Repository {
  private final List<Repository> mirrors;
  private final Repository registry;
  private final Set<Repository> gone = ConcurrentHashMap.newKeySet();

  MirroredRepository(List<Repository> mirrors, Repository registry) {
    this.mirrors = List.copyOf(mirrors);
    this.registry = registry;
  }

  private <T> T first(int from, Function<Integer, T> ask) {
    for (int i = from; i < mirrors.size(); i++) {
      if (!gone.contains(mirrors.get(i))) {
        try {
          return ask.apply(i);
        } catch (BoxliteException e) {
          failed(i, e);
        }
      }
    }
    return ask.apply(mirrors.size());
  }

  private void failed(int mirror, BoxliteException failure) {
    if (Thread.currentThread().isInterrupted()) {
      throw failure;
    }
    if (failure instanceof NetworkException) {
      gone.add(mirrors.get(mirror));
    }
  }

  private Repository at(int number) {
    return number < mirrors.size() ? mirrors.get(number) : registry;
  }

  @Override
  public Document manifest(String tagOrDigest) {
    return first(0, number -> at(number).manifest(tagOrDigest));
  }

  @Override
  public InputStream blob(Descriptor blob, long offset, Listener listener) {
    return new Stream(blob, offset, listener);
  }

  @Override
  public boolean hasBlob(Digest digest) {
    return registry.hasBlob(digest);
  }

  @Override
  public boolean putBlob(Descriptor blob, Source content, Listener listener) {
    return registry.putBlob(blob, content, listener);
  }

  @Override
  public void putManifest(String tagOrDigest, String mediaType, byte[] content) {
    registry.putManifest(tagOrDigest, mediaType, content);
  }

  /// Goes on with the next when one fails in the middle.
  private final class Stream extends InputStream {
    private record Opened(int number, InputStream stream) {}

    private final Descriptor blob;
    private final Listener listener;
    private long position;
    private Opened opened;

    Stream(Descriptor blob, long offset, Listener listener) {
      this.blob = blob;
      this.listener = listener;
      position = offset;
      opened = open(0, offset);
    }

    private Opened open(int from, long offset) {
      return first(from, number -> new Opened(number, at(number).blob(blob, offset, listener)));
    }

    @Override
    public int read() throws IOException {
      byte[] one = new byte[1];
      return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
    }

    @Override
    public int read(byte[] bytes, int offset, int length) throws IOException {
      while (true) {
        try {
          int count = opened.stream.read(bytes, offset, length);
          position += Math.max(0, count);
          return count;
        } catch (BoxliteException e) {
          if (opened.number == mirrors.size()) {
            throw e;
          }
          failed(opened.number, e);
          opened.stream.close();
          listener.retrying();
          opened = open(opened.number + 1, position);
        }
      }
    }

    @Override
    public void close() throws IOException {
      opened.stream.close();
    }
  }
}
