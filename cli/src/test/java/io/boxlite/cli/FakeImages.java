package io.boxlite.cli;

import io.boxlite.api.ImageDetails;
import io.boxlite.api.ImageException;
import io.boxlite.api.ImageInfo;
import io.boxlite.api.ImageRegistry;
import io.boxlite.api.Images;
import io.boxlite.api.NotFoundException;
import io.boxlite.api.PullOptions;
import io.boxlite.api.PulledImage;
import io.boxlite.api.RemovedImages;
import io.boxlite.api.TransferProgress;
import io.boxlite.api.TransferProgress.Stage;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.function.Consumer;

/// Images that are only names: `base`, and what was pulled.
final class FakeImages implements Images {
  static final String ID = "sha256:0123456789abcdef0123";
  static final String CONFIG = "sha256:c0ffee";

  final List<String> names = new ArrayList<>(List.of("docker.io/library/base:latest"));
  final List<String> calls = new ArrayList<>();
  byte[] loaded = new byte[0];
  boolean saveFails;

  private static String full(String name) {
    String tagged = name.contains(":") ? name : name + ":latest";
    return tagged.contains("/") ? tagged : "docker.io/library/" + tagged;
  }

  boolean has(String name) {
    return names.contains(full(name));
  }

  private static ImageInfo info(String reference) {
    int colon = reference.lastIndexOf(':');
    return new ImageInfo(
        reference,
        reference.substring(0, colon),
        reference.substring(colon + 1),
        ID,
        FakeBoxlite.CREATED,
        OptionalLong.of(1234));
  }

  @Override
  public PulledImage pull(PullOptions options, Consumer<TransferProgress> listener) {
    calls.add("pull " + options.reference() + options.platform().map(p -> " " + p).orElse(""));
    if (options.reference().contains("nowhere")) {
      throw new ImageException("manifest_unknown", "the registry has no such image");
    }
    names.add(full(options.reference()));
    listener.accept(new TransferProgress("sha256:aaaaaaaaaaaaaaaa", Stage.WAITING, 0, 1000));
    listener.accept(new TransferProgress("sha256:bbbbbbbbbbbbbbbb", Stage.EXISTS, 0, 1000));
    listener.accept(new TransferProgress("sha256:aaaaaaaaaaaaaaaa", Stage.TRANSFERRING, 500, 1000));
    listener.accept(new TransferProgress("sha256:aaaaaaaaaaaaaaaa", Stage.DONE, 1000, 1000));
    return new PulledImage(info(full(options.reference())), CONFIG, 2, true);
  }

  @Override
  public String push(
      String reference, List<ImageRegistry> registries, Consumer<TransferProgress> listener) {
    calls.add("push " + reference);
    return ID;
  }

  @Override
  public List<ImageInfo> load(InputStream archive) {
    try {
      loaded = archive.readAllBytes();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return list();
  }

  @Override
  public void save(List<String> references, ArchiveFormat format, OutputStream archive) {
    calls.add("save " + references + " " + format);
    try {
      archive.write("tar".getBytes(StandardCharsets.UTF_8));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    if (saveFails) {
      throw new NotFoundException("image_not_found", "image not found: x");
    }
  }

  @Override
  public List<ImageInfo> list() {
    return names.stream().map(FakeImages::info).toList();
  }

  @Override
  public Optional<ImageInfo> get(String reference) {
    return has(reference) ? Optional.of(info(full(reference))) : Optional.empty();
  }

  @Override
  public ImageDetails inspect(String reference) {
    ImageInfo image =
        get(reference)
            .orElseThrow(
                () -> new NotFoundException("image_not_found", "image not found: " + reference));
    return new ImageDetails(
        image,
        List.copyOf(names),
        CONFIG,
        "application/vnd.oci.image.manifest.v1+json",
        "linux",
        "amd64",
        Optional.of(Instant.EPOCH),
        "me",
        new ImageDetails.ProcessConfig(
            "root",
            "/w",
            List.of("/init"),
            List.of("sh"),
            List.of("A=b"),
            List.of("80/tcp"),
            List.of("/data"),
            Map.of("b", "2", "a", "1"),
            "SIGTERM"),
        List.of(new ImageDetails.Layer("sha256:l1", "sha256:d1", "tar", 1_234_567)),
        List.of(
            new ImageDetails.History(
                Optional.of(Instant.EPOCH), "ADD rootfs " + "x".repeat(60), "", "first", false),
            new ImageDetails.History(Optional.empty(), "CMD\n[\"sh\"]", "", "", true)));
  }

  @Override
  public ImageInfo tag(String source, String target) {
    calls.add("tag " + source + " " + target);
    return info(full(target));
  }

  @Override
  public RemovedImages remove(String reference, boolean force) {
    calls.add("remove " + reference + (force ? " force" : ""));
    if (!names.remove(full(reference))) {
      throw new NotFoundException("image_not_found", "image not found: " + reference);
    }
    return new RemovedImages(List.of(full(reference)), List.of(ID), 5);
  }

  @Override
  public RemovedImages prune(boolean all) {
    calls.add("prune " + all);
    return new RemovedImages(List.of("old:1"), List.of(ID), 12_345_678);
  }
}
