package io.boxlite.image.internal.layer;

import static org.assertj.core.api.Assertions.assertThat;

import io.boxlite.image.ImageLimits;
import io.boxlite.image.internal.erofs.ErofsReader;
import io.boxlite.image.internal.oci.Digest;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/// Converts tars in tests, and has `fsck.erofs` (erofs-utils) check every image.
final class Conversion {
  private Conversion() {}

  static Map<String, ErofsReader.File> convert(Path dir, byte[] tar) throws Exception {
    return ErofsReader.read(image(dir, tar, tar));
  }

  static Path image(Path dir, byte[] blob, byte[] tar) throws Exception {
    try (LowerFiles nothing = LowerFiles.open(List.of())) {
      return layer(dir, blob, tar, nothing).image();
    }
  }

  record Layer(Path image, Assumptions assumptions) {}

  static Layer layer(Path dir, byte[] blob, byte[] tar, LowerFiles lower) throws Exception {
    Path image = dir.resolve("layer" + System.nanoTime() + ".erofs");
    Assumptions assumptions =
        LayerConverter.convert(
            new ByteArrayInputStream(blob),
            image,
            dir.resolve("spool"),
            Digest.of(tar).bytes(),
            ImageLimits.DEFAULT,
            lower);
    run("fsck.erofs", image.toString());
    return new Layer(image, assumptions);
  }

  static String run(String... command) throws IOException, InterruptedException {
    Process process = new ProcessBuilder(List.of(command)).redirectErrorStream(true).start();
    process.getOutputStream().close();
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor()).as("%s: %s", String.join(" ", command), output).isZero();
    return output;
  }
}
