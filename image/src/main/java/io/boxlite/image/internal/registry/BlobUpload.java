package io.boxlite.image.internal.registry;

import io.boxlite.api.StorageException;
import io.boxlite.image.internal.oci.Descriptor;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpRequest;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// Sends one blob: a session, then all of it in one request; from the start again when that fails.
/// Confined to one thread, but for what it counts.
final class BlobUpload {
  private final RemoteRepository repository;
  private final RegistryCaller caller;
  private final Descriptor blob;
  private final Repository.Source content;
  private final Repository.Listener listener;
  private final String what;
  private volatile long sentBytes;
  private volatile @Nullable IOException unreadable;

  BlobUpload(
      RemoteRepository repository,
      RegistryCaller caller,
      Descriptor blob,
      Repository.Source content,
      Repository.Listener listener) {
    this.repository = repository;
    this.caller = caller;
    this.blob = blob;
    this.content = content;
    this.listener = listener;
    what = "blob " + blob.checkedDigest() + " of " + caller.repository();
  }

  /// {@return whether it had to be sent}
  boolean send() {
    Tries tries = caller.tries();
    while (true) {
      if (repository.hasBlob(blob.checkedDigest())) {
        return sentBytes > 0;
      }
      try {
        sendOnce();
        return true;
      } catch (TransientException e) {
        failIfUnreadable();
        tries.failed(e);
        listener.retrying();
      }
    }
  }

  private void sendOnce() throws TransientException {
    URI session;
    try (Answer answer = caller.once(what, "POST", "blobs/uploads/", Map.of())) {
      if (answer.status() == 201) {
        return; // it has been there
      }
      if (answer.status() != 202) {
        throw caller.failure(answer, what);
      }
      session = caller.location(what, answer);
      answer.discard();
    }
    String query = session.getRawQuery();
    URI target =
        URI.create(
            session
                + (query == null ? "?" : query.isEmpty() ? "" : "&")
                + "digest="
                + blob.checkedDigest().toString().replace(":", "%3A"));
    Outgoing request =
        new Outgoing(
            "PUT",
            target,
            Map.of("Content-Type", "application/octet-stream"),
            body(),
            () -> sentBytes);
    try (Answer answer = caller.once(what, request)) {
      if (answer.status() < 200 || answer.status() >= 300) {
        throw caller.failure(answer, what);
      }
      answer.discard();
    }
    failIfUnreadable();
  }

  private HttpRequest.BodyPublisher body() {
    return blob.size() == 0
        ? HttpRequest.BodyPublishers.noBody()
        : HttpRequest.BodyPublishers.fromPublisher(
            HttpRequest.BodyPublishers.ofInputStream(this::open), blob.size());
  }

  private InputStream open() {
    sentBytes = 0;
    try {
      return new Counted(content.open());
    } catch (IOException e) {
      unreadable = e;
      throw new UncheckedIOException(e);
    }
  }

  private void failIfUnreadable() {
    IOException cause = unreadable;
    if (cause != null) {
      throw new StorageException(
          "image_store", what + ": cannot read it: " + Errors.text(cause), cause, Map.of());
    }
  }

  private final class Counted extends FilterInputStream {
    Counted(InputStream in) {
      super(in);
    }

    @Override
    public int read() throws IOException {
      byte[] one = new byte[1];
      return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
    }

    @Override
    public int read(byte[] bytes, int offset, int length) throws IOException {
      try {
        int count = in.read(bytes, offset, length);
        if (count > 0) {
          long sent = sentBytes + count;
          sentBytes = sent;
          listener.transferred(sent);
        } else if (sentBytes != blob.size()) {
          throw new IOException("it has " + sentBytes + " bytes, not " + blob.size());
        }
        return count;
      } catch (IOException e) {
        unreadable = e;
        throw e;
      }
    }
  }
}
