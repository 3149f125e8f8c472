package io.boxlite.it;

import static org.assertj.core.api.Assertions.assertThat;

import io.boxlite.api.Box;
import io.boxlite.api.BoxOptions;
import io.boxlite.api.Boxlite;
import io.boxlite.api.ExecOptions;
import io.boxlite.api.Execution;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// What a box sees of an image is what `umoci` unpacks of it: names, types, owners, modes, times,
/// attributes, links and contents.
class FidelityIT {
  private static final int MANY = 200_000;
  private static final int FEW = 100;

  /// What a box has of its own in place of the image's: names and addresses.
  private static final List<String> OWN =
      List.of("/etc/hosts", "/etc/hostname", "/etc/resolv.conf", "/dev", "/proc", "/sys");

  @TempDir private Path directory;
  @AutoClose private TestHome home;

  @BeforeEach
  void open() {
    home = new TestHome();
  }

  @Test
  void theBoxSeesTheTreeThatUmociUnpacks() throws Exception {
    TestImages images = new TestImages(directory);
    Path layout = images.fidelity(MANY);
    assertThat(assertSameTree(images, layout, layout)).isGreaterThan(MANY);
  }

  @Test
  void theBoxSeesTheSameTreeOfZstdLayers() throws Exception {
    TestImages images = new TestImages(directory);
    Path layout = images.fidelity(FEW);
    assertSameTree(images, images.zstd(layout), layout);
  }

  /// Compares what a box of an image sees with what umoci makes of the same with layers it knows.
  ///
  /// @return the number of files
  private int assertSameTree(TestImages images, Path image, Path unpacked) throws Exception {
    List<String> expected = images.list(images.unpacked(unpacked), OWN);
    try (RegistryServer registry = new RegistryServer(directory.resolve("registry"));
        Boxlite boxlite = Boxlite.open(home.home())) {
      String name = images.push(image, registry);
      Box box = boxlite.create(BoxOptions.ofImage(name).build());
      box.start();
      List<String> seen = list(box);
      List<String> missing = new ArrayList<>(expected);
      missing.removeAll(new HashSet<>(seen));
      List<String> wrong = new ArrayList<>(seen);
      wrong.removeAll(new HashSet<>(expected));
      assertThat(wrong).as("instead of %s", missing).isEmpty();
      assertThat(seen).isEqualTo(expected);
    }
    return expected.size();
  }

  private static List<String> list(Box box) throws Exception {
    List<String> command = new ArrayList<>(List.of("/bin/tree", "list", "/"));
    command.addAll(OWN);
    Execution tree = box.exec(ExecOptions.of(command.toArray(String[]::new)));
    String lines = new String(tree.stdout().readAllBytes(), StandardCharsets.UTF_8);
    String errors = new String(tree.stderr().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(tree.waitFor().code()).as(errors).isZero();
    return lines.lines().toList();
  }
}
