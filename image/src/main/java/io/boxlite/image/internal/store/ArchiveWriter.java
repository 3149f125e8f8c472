package io.boxlite.image.internal.store;

import io.boxlite.api.StorageException;
import io.boxlite.api.internal.tar.TarWriter;
import io.boxlite.image.internal.oci.Descriptor;
import io.boxlite.image.internal.oci.Digest;
import io.boxlite.image.internal.oci.DockerImage;
import io.boxlite.image.internal.oci.Index;
import io.boxlite.image.internal.oci.Layout;
import io.boxlite.image.internal.oci.Manifest;
import io.boxlite.image.internal.oci.OciJson;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;

/// Writes images as a tar: an OCI image layout, on request with the `manifest.json` by which Docker
/// finds its way in it. The same images make the same bytes. Blobs that images share are written
/// once, and verified while they are.
///
/// An entry of the index has the full name twice: where OCI tools such as `skopeo` and `umoci` look
/// a name up as it is typed, and where containerd, Docker and Podman have it.
final class ArchiveWriter {
  private static final String BLOBS = "blobs/sha256/";
  private static final int BUFFER = 256 * 1024;

  /// An image to write.
  ///
  /// @param names its full names; none for an image without a name
  /// @param manifest its manifest, in the store
  record Entry(List<String> names, Descriptor manifest) {
    Entry {
      names = names.stream().sorted().toList();
    }
  }

  private final BlobStore blobs;
  private final TarWriter tar;
  private final SortedMap<String, Descriptor> blobFiles = new TreeMap<>();
  private final List<Descriptor> index = new ArrayList<>();
  private final List<DockerImage> dockerImages = new ArrayList<>();

  private ArchiveWriter(BlobStore blobs, OutputStream out) {
    this.blobs = blobs;
    this.tar = new TarWriter(out);
  }

  /// Writes images. Nothing is written before all their manifests have been read.
  ///
  /// @param docker whether Docker shall be able to read it too
  /// @param out gets the tar; not closed
  /// @throws StorageException if a blob is missing or corrupt; `out` then has a part of the tar
  /// @throws IOException if a blob cannot be read or `out` not be written
  static void write(BlobStore blobs, List<Entry> images, boolean docker, OutputStream out)
      throws IOException {
    ArchiveWriter writer = new ArchiveWriter(blobs, out);
    for (Entry image : images) {
      writer.add(image);
    }
    writer.write(docker);
  }

  private void add(Entry image) throws IOException {
    Digest digest = image.manifest().checkedDigest();
    byte[] json = blobs.read(digest, OciJson.MAX_MANIFEST);
    Manifest manifest = OciJson.manifest(json);
    Descriptor plain = Descriptor.of(image.manifest().type(), digest, json.length);
    file(plain);
    String config = file(manifest.configDescriptor());
    List<String> layers = new ArrayList<>();
    for (Descriptor layer : manifest.layerDescriptors()) {
      layers.add(file(layer));
    }
    for (String name : image.names()) {
      index.add(plain.named(named(name)));
    }
    if (image.names().isEmpty()) {
      index.add(plain);
    }
    List<String> tags = image.names().stream().filter(name -> name.indexOf('@') < 0).toList();
    dockerImages.add(new DockerImage(config, tags, layers));
  }

  private static Map<String, String> named(String name) {
    SortedMap<String, String> annotations = new TreeMap<>();
    annotations.put(ImageIndex.REF_NAME, name);
    annotations.put(ImageIndex.CONTAINERD_NAME, name);
    return annotations;
  }

  private String file(Descriptor blob) {
    String path = BLOBS + blob.checkedDigest().hex();
    blobFiles.put(path, blob);
    return path;
  }

  private void write(boolean docker) throws IOException {
    tar.file("oci-layout", OciJson.write(new Layout(Layout.VERSION)));
    tar.file("index.json", OciJson.write(Index.of(index)));
    if (docker) {
      tar.file("manifest.json", OciJson.write(dockerImages));
    }
    tar.directory("blobs/");
    tar.directory(BLOBS);
    byte[] buffer = new byte[BUFFER];
    for (Map.Entry<String, Descriptor> blob : blobFiles.entrySet()) {
      copy(blob.getKey(), blob.getValue(), buffer);
    }
    tar.finish();
  }

  private void copy(String path, Descriptor blob, byte[] buffer) throws IOException {
    Digest expected = blob.checkedDigest();
    MessageDigest digest = Digest.start();
    try (InputStream in = blobs.open(expected)) {
      tar.beginFile(path, blob.size());
      long left = blob.size();
      for (int count = in.read(buffer); count >= 0; count = in.read(buffer)) {
        left -= count;
        if (left < 0) {
          throw corrupt(expected);
        }
        digest.update(buffer, 0, count);
        tar.write(buffer, 0, count);
      }
      if (left > 0 || !Digest.finish(digest.digest()).equals(expected)) {
        throw corrupt(expected);
      }
    }
  }

  private static StorageException corrupt(Digest blob) {
    return new StorageException(
        "corrupt_blob",
        "blob "
            + blob
            + " of the image store is corrupt: the archive is not complete; load the image again");
  }
}
