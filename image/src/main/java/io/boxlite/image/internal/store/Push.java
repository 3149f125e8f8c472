package io.boxlite.image.internal.store;

import io.boxlite.api.TransferProgress.Stage;
import io.boxlite.image.internal.oci.Descriptor;
import io.boxlite.image.internal.oci.Manifest;
import io.boxlite.image.internal.oci.MediaTypes;
import io.boxlite.image.internal.registry.PushRepository;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.concurrent.Callable;

/// Sends the blobs of one image to a registry, and its manifest when all are there.
final class Push {
  private final BlobStore blobs;
  private final PushRepository repository;
  private final TransferListener listener;

  Push(BlobStore blobs, PushRepository repository, TransferListener listener) {
    this.blobs = blobs;
    this.repository = repository;
    this.listener = listener;
  }

  /// @param content the manifest, as the store has it
  void run(String tag, Manifest manifest, byte[] content) {
    LinkedHashSet<Descriptor> layers = new LinkedHashSet<>(manifest.layerDescriptors());
    listener.begin(List.copyOf(layers));
    List<Callable<Boolean>> transfers = new ArrayList<>();
    layers.forEach(layer -> transfers.add(() -> send(layer)));
    transfers.add(() -> put(manifest.configDescriptor(), (_, _) -> {}));
    Transfers.all(transfers);
    String type = manifest.mediaType();
    repository.putManifest(
        tag, type == null || type.isEmpty() ? MediaTypes.MANIFEST : type, content);
  }

  private boolean send(Descriptor layer) {
    listener.step(layer, Stage.TRANSFERRING, 0);
    boolean sent = put(layer, (stage, done) -> listener.step(layer, stage, done));
    listener.step(layer, sent ? Stage.DONE : Stage.EXISTS, layer.size());
    return sent;
  }

  private boolean put(Descriptor blob, LayerFetcher.Progress progress) {
    return repository.putBlob(
        blob,
        () -> blobs.open(blob.checkedDigest()),
        new PushRepository.Listener() {
          @Override
          public void transferred(long bytes) {
            progress.step(Stage.TRANSFERRING, bytes);
          }

          @Override
          public void retrying() {
            progress.step(Stage.RETRYING, 0);
          }
        });
  }
}
