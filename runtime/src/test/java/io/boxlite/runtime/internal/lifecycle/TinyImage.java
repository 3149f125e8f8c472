package io.boxlite.runtime.internal.lifecycle;

import io.boxlite.image.ImageStore;
import io.boxlite.image.StoredImage;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;

/// An image of one small layer, made with `tar` as `docker save` would write it.
final class TinyImage {
  private TinyImage() {}

  static StoredImage load(ImageStore store, Path work) throws Exception {
    Path root = Files.createDirectories(work.resolve("root"));
    Files.writeString(root.resolve("file"), "content");
    Path archive = Files.createDirectories(work.resolve("archive"));
    tar(archive.resolve("layer.tar"), root, List.of("file"));
    byte[] layer = Files.readAllBytes(archive.resolve("layer.tar"));
    String diffId = HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(layer));
    Files.writeString(
        archive.resolve("config.json"),
        """
        {"architecture":"%s","os":"linux","config":{"Cmd":["/run"]},
         "rootfs":{"type":"layers","diff_ids":["sha256:%s"]}}
        """
            .formatted(
                System.getProperty("os.arch").equals("aarch64") ? "arm64" : "amd64", diffId));
    Files.writeString(
        archive.resolve("manifest.json"),
        """
        [{"Config":"config.json","RepoTags":["tiny:latest"],"Layers":["layer.tar"]}]
        """);
    Path image = work.resolve("image.tar");
    tar(image, archive, List.of("manifest.json", "config.json", "layer.tar"));
    try (InputStream in = Files.newInputStream(image)) {
      return store.load(in).getFirst();
    }
  }

  private static void tar(Path target, Path directory, List<String> names) throws Exception {
    List<String> command = new ArrayList<>(List.of("tar", "-cf", target.toString()));
    command.addAll(List.of("-C", directory.toString()));
    command.addAll(names);
    if (new ProcessBuilder(command).start().waitFor() != 0) {
      throw new IllegalStateException("tar failed");
    }
  }
}
