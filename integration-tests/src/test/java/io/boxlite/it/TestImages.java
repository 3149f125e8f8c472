package io.boxlite.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/// Makes images with Debian's tools (tar, umoci, skopeo) as OCI image layouts in a directory of the
/// caller's. All have `/bin/tree` of `src/test/go` and `/bin/busybox` in them. Needs root.
final class TestImages {
  /// What the images are called in their layouts.
  static final String TAG = "latest";

  private static final Path SOURCES = Path.of("src/test");

  /// Whose modules the programs may use.
  private static final Path NATIVE = Path.of("../native");

  private final Path directory;

  /// @param directory where everything is made, exists
  TestImages(Path directory) {
    this.directory = directory;
  }

  /// An image of 30 layers with all kinds of files and attributes, and many ways to change them.
  ///
  /// @param manyFiles number of small files in one directory
  /// @return the layout; its layers are gzip
  Path fidelity(int manyFiles) throws IOException {
    Path layout = directory.resolve("fidelity");
    Path layers = directory.resolve("layers");
    run(
        "sh",
        "" + SOURCES.resolve("sh/fidelity-layers.sh"),
        "" + layers,
        "" + tree(),
        "" + manyFiles);
    run("umoci", "init", "--layout", "" + layout);
    String image = layout + ":" + TAG;
    run("umoci", "new", "--image", image);
    try (var tars = Files.list(layers)) {
      for (Path tar : tars.filter(file -> file.toString().endsWith(".tar")).sorted().toList()) {
        run("umoci", "raw", "add-layer", "--image", image, "" + tar);
      }
    }
    run(
        "umoci",
        "config",
        "--image",
        image,
        "--config.cmd",
        "/bin/busybox",
        "--config.cmd",
        "sleep",
        "--config.cmd",
        "100000");
    return layout;
  }

  /// {@return a copy of a layout whose layers are zstd}
  Path zstd(Path layout) throws IOException {
    Path copy = directory.resolve("zstd");
    run(
        "skopeo",
        "copy",
        "-q",
        "--insecure-policy",
        "--dest-compress-format",
        "zstd",
        "oci:" + layout + ":" + TAG,
        "oci:" + copy + ":" + TAG);
    return copy;
  }

  /// Sends the image of a layout to a registry, as it is.
  ///
  /// @return its name there
  String push(Path layout, RegistryServer registry) throws IOException {
    String name = registry.host() + "/fidelity/" + layout.getFileName() + ":" + TAG;
    run(
        "skopeo",
        "copy",
        "-q",
        "--insecure-policy",
        "--preserve-digests",
        "--dest-tls-verify=false",
        "oci:" + layout + ":" + TAG,
        "docker://" + name);
    return name;
  }

  /// {@return the root file system that umoci makes of an image}
  Path unpacked(Path layout) throws IOException {
    Path root = directory.resolve(layout.getFileName() + "-rootfs");
    run("umoci", "raw", "unpack", "--image", layout + ":" + TAG, "" + root);
    return root;
  }

  /// {@return what `tree list` prints of a directory of this host, line by line}
  List<String> list(Path root, List<String> excluded) throws IOException {
    List<String> command = new ArrayList<>(List.of("" + tree(), "list", "" + root));
    command.addAll(excluded);
    return run(command.toArray(String[]::new)).lines().toList();
  }

  private Path tree() throws IOException {
    return program(directory, "tree");
  }

  /// {@return a static program, built of `src/test/go` once}
  ///
  /// @param directory where it is put
  static Path program(Path directory, String name) throws IOException {
    return program(directory, name, SOURCES.resolve("go").resolve(name));
  }

  /// {@return the program of the benchmarks that floods, built once}
  ///
  /// @param directory where it is put
  static Path flood(Path directory) throws IOException {
    return program(directory, "flood", NATIVE.resolve("bench/flood"));
  }

  private static Path program(Path directory, String name, Path sources) throws IOException {
    Path program = directory.resolve(name);
    if (!Files.exists(program)) {
      ProcessBuilder build =
          new ProcessBuilder(
              "sh",
              "-c",
              "PATH=$PATH:/usr/local/go/bin; exec go build -trimpath -o \"$0\" \"$1\"/*.go",
              "" + program,
              "" + sources.toAbsolutePath());
      build.environment().put("CGO_ENABLED", "0");
      finish(build.directory(NATIVE.toFile()));
    }
    return program;
  }

  private static String run(String... command) throws IOException {
    return finish(new ProcessBuilder(command));
  }

  private static String finish(ProcessBuilder command) throws IOException {
    TestHome.Result result = TestHome.finish(command.start(), new byte[0]);
    assertThat(result.exitCode()).as("%s: %s", command.command(), result.err()).isZero();
    return result.out();
  }
}
