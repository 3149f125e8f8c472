package io.boxlite.bench;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/// `runsc run` of the image `base` with the command `true`: the peer without a VM. Needs root, and
/// the Debian packages `runsc` and `umoci`.
final class Gvisor {
  /// The newest first. Debian's version does not know `systrap`.
  private static final List<String> PLATFORMS = List.of("systrap", "ptrace");

  private final Path work;
  private final String platform;
  private int runs;

  /// Unpacks the image and finds the platform that works here.
  ///
  /// @param archive of the image, as the build makes it
  /// @param work an empty directory
  Gvisor(Path archive, Path work) throws IOException, InterruptedException {
    this.work = work;
    Path layout = Files.createDirectories(work.resolve("layout"));
    check(process(List.of("tar", "-xf", archive.toString(), "-C", layout.toString())));
    check(
        process(
            List.of("umoci", "unpack", "--image", layout + ":base:latest", bundle().toString())));
    Path config = bundle().resolve("config.json");
    String text = Files.readString(config, StandardCharsets.UTF_8);
    Files.writeString(
        config,
        replaced(
            replaced(text, "\"terminal\":\\s*true", "\"terminal\":false"),
            "\"args\":\\s*\\[[^\\]]*\\]",
            "\"args\":[\"true\"]"),
        StandardCharsets.UTF_8);
    this.platform =
        PLATFORMS.stream()
            .filter(candidate -> runs(candidate))
            .findFirst()
            .orElseThrow(() ->
                new IllegalStateException("runsc: no platform of " + PLATFORMS + " works here"));
  }

  private static String replaced(String text, String pattern, String replacement) {
    String result = text.replaceFirst(pattern, replacement);
    if (result.equals(text)) {
      throw new IllegalStateException("config.json of umoci: no " + pattern);
    }
    return result;
  }

  private Path bundle() {
    return work.resolve("bundle");
  }

  private boolean runs(String candidate) {
    try {
      return runsc(candidate).waitFor() == 0;
    } catch (IOException e) {
      throw new IllegalStateException("no runsc: apt-get install runsc umoci", e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(e);
    }
  }

  /// {@return how gVisor intercepts system calls here}
  String platform() {
    return platform;
  }

  /// Runs `true` in a new sandbox.
  void run() throws IOException, InterruptedException {
    check(runsc(platform));
  }

  private Process runsc(String chosen) throws IOException {
    List<String> command = new ArrayList<>(List.of("runsc"));
    command.addAll(List.of("--root", work.resolve("state").toString(), "--platform", chosen));
    command.addAll(List.of("--network", "none", "--ignore-cgroups"));
    command.addAll(List.of("run", "--bundle", bundle().toString(), "bench-" + runs++));
    return process(command);
  }

  private static Process process(List<String> command) throws IOException {
    return new ProcessBuilder(command)
        .redirectOutput(ProcessBuilder.Redirect.DISCARD)
        .redirectError(ProcessBuilder.Redirect.DISCARD)
        .start();
  }

  private static void check(Process process) throws InterruptedException {
    if (process.waitFor() != 0) {
      throw new IllegalStateException(process.info() + " ended with " + process.exitValue());
    }
  }
}
