package io.boxlite.server;

import io.boxlite.api.BoxliteException;
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
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.function.Consumer;

/// Images that are only names.
final class FakeImages implements Images {
  static final String ID = "sha256:1";

  final List<String> names = new CopyOnWriteArrayList<>(List.of("base:latest"));
  final List<PullOptions> pulls = new CopyOnWriteArrayList<>();
  final CountDownLatch waiting = new CountDownLatch(1);
  final CountDownLatch interrupted = new CountDownLatch(1);
  volatile long loadedBytes;
  volatile int savedBytes = 100;
  volatile int bursts = 1;
  volatile RuntimeException saveFails;
  volatile BoxliteException pullFails;

  static ImageInfo info(String name) {
    int colon = name.indexOf(':') < 0 ? name.length() : name.indexOf(':');
    return new ImageInfo(
        name,
        name.substring(0, colon),
        colon == name.length() ? "latest" : name.substring(colon + 1),
        ID,
        Instant.EPOCH,
        OptionalLong.of(7));
  }

  @Override
  public PulledImage pull(PullOptions options, Consumer<TransferProgress> listener) {
    pulls.add(options);
    listener.accept(new TransferProgress("sha256:a", Stage.WAITING, 0, 10_000));
    for (int i = 0; i < bursts; i++) {
      listener.accept(new TransferProgress("sha256:a", Stage.TRANSFERRING, i, 10_000));
    }
    if (options.reference().equals("stuck")) {
      waitForEver();
    }
    if (pullFails != null) {
      throw pullFails;
    }
    listener.accept(new TransferProgress("sha256:a", Stage.DONE, 10_000, 10_000));
    names.add(options.reference());
    return new PulledImage(info(options.reference()), "sha256:c", 3, true);
  }

  private void waitForEver() {
    waiting.countDown();
    try {
      new CountDownLatch(1).await();
    } catch (InterruptedException e) {
      interrupted.countDown();
      throw new ImageException("interrupted", "the pull was interrupted");
    }
  }

  @Override
  public String push(
      String reference, List<ImageRegistry> registries, Consumer<TransferProgress> listener) {
    pulls.add(new PullOptions(reference, Optional.empty(), registries));
    listener.accept(new TransferProgress("sha256:a", Stage.EXISTS, 1, 1));
    return ID;
  }

  @Override
  public List<ImageInfo> load(InputStream archive) {
    long before = loadedBytes;
    try {
      byte[] buffer = new byte[65536];
      for (int n = archive.read(buffer); n >= 0; n = archive.read(buffer)) {
        if (loadedBytes == 0 && n > 0 && buffer[0] == 'X') {
          throw new ImageException("not_an_archive", "not an archive");
        }
        loadedBytes += n;
      }
    } catch (IOException e) {
      throw new ImageException("unreadable", "cannot be read");
    }
    if (loadedBytes == before) {
      throw new ImageException("not_an_archive", "nothing is no archive");
    }
    return list();
  }

  @Override
  public void save(List<String> references, ArchiveFormat format, OutputStream archive) {
    references.forEach(this::inspect);
    try {
      archive.write(new byte[savedBytes]);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    if (saveFails != null) {
      throw saveFails;
    }
  }

  @Override
  public List<ImageInfo> list() {
    return names.stream().sorted().map(FakeImages::info).toList();
  }

  @Override
  public Optional<ImageInfo> get(String reference) {
    return reference.equals(ID)
        ? names.stream().findFirst().map(FakeImages::info)
        : names.stream().filter(reference::equals).findFirst().map(FakeImages::info);
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
        "sha256:c",
        "type",
        "linux",
        "amd64",
        Optional.of(Instant.EPOCH),
        "me",
        new ImageDetails.ProcessConfig(
            "root",
            "/",
            List.of("/init"),
            List.of(),
            List.of("A=ü"),
            List.of("80/tcp"),
            List.of("/v"),
            Map.of("k", "v"),
            "SIGTERM"),
        List.of(new ImageDetails.Layer("sha256:l", "sha256:d", "tar", 1L << 40)),
        List.of(new ImageDetails.History(Optional.empty(), "ADD", "me", "c", true)));
  }

  @Override
  public ImageInfo tag(String source, String target) {
    inspect(source);
    names.add(target);
    return info(target);
  }

  @Override
  public RemovedImages remove(String reference, boolean force) {
    inspect(reference);
    names.remove(reference);
    return new RemovedImages(List.of(reference), force ? List.of(ID) : List.of(), 5);
  }

  @Override
  public RemovedImages prune(boolean all) {
    return new RemovedImages(List.of(), all ? List.of(ID) : List.of(), 1L << 33);
  }
}
