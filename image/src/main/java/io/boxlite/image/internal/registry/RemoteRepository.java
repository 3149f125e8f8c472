package io.boxlite.image.internal.registry;

import io.boxlite.api.ImageException;
import io.boxlite.image.internal.oci.Descriptor;
import io.boxlite.image.internal.oci.Digest;
import io.boxlite.image.internal.oci.MediaTypes;
import io.boxlite.image.internal.oci.OciJson;
import java.io.IOException;
import java.io.InputStream;
import java.net.http.HttpRequest;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/// A repository at one host. Thread-safe.
final class RemoteRepository implements Repository {
  private static final String DOCKER = "application/vnd.docker.distribution.manifest.";
  private static final Map<String, String> ACCEPT =
      Map.of(
          "Accept",
          String.join(
              ", ",
              MediaTypes.INDEX,
              MediaTypes.MANIFEST,
              DOCKER + "list.v2+json",
              DOCKER + "v2+json"));

  // What servers say that know nothing of manifests.
  private static final Set<String> UNTOLD =
      Set.of("", "application/json", "application/octet-stream", "text/plain");

  private final RegistryCaller caller;

  RemoteRepository(RegistryCaller caller) {
    this.caller = caller;
  }

  private String named(String tagOrDigest) {
    return caller.repository() + (tagOrDigest.contains(":") ? "@" : ":") + tagOrDigest;
  }

  @Override
  public Document manifest(String tagOrDigest) {
    String what = named(tagOrDigest);
    Tries tries = caller.tries();
    while (true) {
      try (Answer answer = caller.once(what, "GET", "manifests/" + tagOrDigest, ACCEPT)) {
        if (answer.status() != 200) {
          throw caller.failure(answer, what);
        }
        return read(answer, tagOrDigest, what);
      } catch (TransientException e) {
        tries.failed(e);
      }
    }
  }

  private Document read(Answer answer, String tagOrDigest, String what) throws TransientException {
    byte[] content;
    try {
      content =
          answer.length().orElse(0) > OciJson.MAX_MANIFEST
              ? new byte[OciJson.MAX_MANIFEST + 1]
              : answer.read(OciJson.MAX_MANIFEST);
    } catch (IOException e) {
      throw Errors.lost(caller.registry(), what, e);
    }
    if (content.length > OciJson.MAX_MANIFEST) {
      throw new ImageException(
          "too_large", what + ": its manifest has more than " + OciJson.MAX_MANIFEST + " bytes");
    }
    String told = answer.header("Docker-Content-Digest").orElse("");
    String wanted = tagOrDigest.contains(":") ? tagOrDigest : told;
    if (wanted.startsWith("sha256:") && !Digest.of(content).toString().equals(wanted)) {
      throw new ImageException(
          "digest_mismatch",
          what
              + ": what "
              + caller.registry()
              + " sent is not "
              + Errors.clean(wanted)
              + "; something on the way changed it: try again, or another mirror");
    }
    return new Document(mediaType(answer.mediaType(), content, what), content);
  }

  private static String mediaType(String told, byte[] content, String what) {
    String type = told;
    boolean old = false;
    if (UNTOLD.contains(told)) {
      Map<String, Object> document = OciJson.object(content, "manifest of " + what);
      old = document.get("schemaVersion") instanceof Number version && version.intValue() == 1;
      type =
          document.get("mediaType") instanceof String own
              ? own
              : document.containsKey("manifests") ? MediaTypes.INDEX : MediaTypes.MANIFEST;
    }
    if (old || type.startsWith(DOCKER + "v1+")) {
      throw new ImageException(
          "unsupported_manifest",
          what
              + ": its manifest has the old schema 1, which cannot be verified; build or push the"
              + " image again with a current tool");
    }
    return type;
  }

  @Override
  public InputStream blob(Descriptor blob, long offset, Listener listener) {
    return new BlobStream(new BlobDownload(caller, blob), blob, offset, listener);
  }

  @Override
  public boolean hasBlob(Digest digest) {
    String what = "blob " + digest + " of " + caller.repository();
    try (Answer answer = caller.call(what, "HEAD", "blobs/" + digest, Map.of())) {
      return switch (answer.status()) {
        case 200 -> true;
        case 404 -> false;
        default -> throw caller.failure(answer, what);
      };
    }
  }

  @Override
  public boolean putBlob(Descriptor blob, Source content, Listener listener) {
    return new BlobUpload(this, caller, blob, content, listener).send();
  }

  @Override
  public void putManifest(String tagOrDigest, String mediaType, byte[] content) {
    String what = named(tagOrDigest);
    try (Answer answer =
        caller.call(
            what,
            "PUT",
            "manifests/" + tagOrDigest,
            Map.of("Content-Type", mediaType),
            HttpRequest.BodyPublishers.ofByteArray(content))) {
      if (answer.status() < 200 || answer.status() >= 300) {
        throw caller.failure(answer, what);
      }
      Optional<String> told = answer.header("Docker-Content-Digest");
      if (told.isPresent()
          && told.get().startsWith("sha256:")
          && !told.get().equals(Digest.of(content).toString())) {
        throw Errors.badAnswer(caller.registry(), what, "it stored something else than was sent");
      }
    }
  }
}
