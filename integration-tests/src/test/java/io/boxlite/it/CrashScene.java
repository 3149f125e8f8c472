package io.boxlite.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// What all operations work on: the box `work`, which mostly runs, and `rest`, which never does,
/// each with a file that was written long before, and an image in a registry.
final class CrashScene {
  private static final Pattern BOX =
      Pattern.compile("\"ID\": *\"(\\w+)\".*?\"Status\": *\"(\\w+)\"", Pattern.DOTALL);

  private static final Pattern OWN_VOLUME = Pattern.compile("\"anonymous\": *\"(\\w+)\"");

  final Path directory;
  String work = "";
  String rest = "";
  String unsynced = "";
  private final TestHome home;
  private final RegistryServer registry;

  CrashScene(TestHome home, RegistryServer registry, Path directory) {
    this.home = home;
    this.registry = registry;
    this.directory = directory;
  }

  void prepare() throws IOException, InterruptedException {
    TestLayer busybox =
        TestLayer.of(
            TestLayer.Compression.GZIP,
            Map.of("busybox", Files.readAllBytes(Path.of("/bin/busybox"))));
    new TestImage(List.of(busybox), TestImage.HOST_ARCHITECTURE).push(registry, "it/crash", "1");
    Files.writeString(Path.of(fill("{file}")), "content");
    Files.writeString(
        Path.of(fill("{config}")),
        "{\"image_registries\": [{\"host\": \"%s\", \"transport\": \"http\"}]}"
            .formatted(registry.host()));
    Path volume = Files.createDirectory(directory.resolve("volume"));
    work =
        ok(List.of("run", "-d", "--name", "work", "-v", volume + ":/host", "base", "sleep", "9999"))
            .strip();
    ok(List.of("exec", "work", "--", "sh", "-c", "printf work > /witness; sync"));
    rest = ok(List.of("create", "--name", "rest", "--restart", "always", "base")).strip();
    Path witness = Files.writeString(directory.resolve("witness"), "rest");
    ok(List.of("cp", witness.toString(), "rest:/witness"));
  }

  String fill(String word) {
    return switch (word) {
      case "{image}" -> image();
      case "{config}", "{file}", "{back}" ->
          directory.resolve(word.substring(1, word.length() - 1)).toString();
      default -> word;
    };
  }

  String image() {
    return registry.host() + "/it/crash:1";
  }

  /// {@return output of a command that must succeed}
  String ok(List<String> command) {
    return run(command.toArray(String[]::new)).ok().out();
  }

  TestHome.Result run(String... command) {
    return home.run(command);
  }

  void start() {
    ok(List.of("start", "work"));
  }

  boolean isThere(String box) {
    return run("inspect", box).exitCode() == 0;
  }

  void removeIfThere(String box) {
    if (isThere(box)) {
      ok(List.of("rm", "-f", "-v", box));
    }
  }

  /// {@return the status of each box by its id}
  Map<String, String> boxes() {
    Map<String, String> boxes = new TreeMap<>();
    Matcher found = BOX.matcher(ok(List.of("list", "-a", "--format", "json")));
    while (found.find()) {
      boxes.put(found.group(1), found.group(2));
    }
    return boxes;
  }

  /// {@return ids of those that boxes have of their own}
  List<String> ownVolumes() throws IOException {
    List<String> ids = new ArrayList<>();
    for (String box : home.boxDirectories()) {
      Path config = home.home().resolve("boxes").resolve(box).resolve("config.json");
      Matcher own = OWN_VOLUME.matcher(Files.readString(config));
      while (own.find()) {
        ids.add(own.group(1));
      }
    }
    return ids;
  }

  /// {@return names of the directories, finished or not}
  List<String> namedVolumes() {
    return home.entries("volumes/named");
  }

  List<ProcessHandle> volumeServers() {
    return home.processes().stream()
        .filter(process -> process.info().command().orElse("").endsWith("boxlite-volumes"))
        .toList();
  }

  void assertWorkHasItsFile() {
    start();
    assertThat(ok(List.of("exec", "work", "--", "cat", "/witness"))).isEqualTo("work");
  }

  /// That it is brought up for a while starts it as little as its supervisor's end.
  void assertRestIsAsBefore() {
    assertThat(boxes().get(rest)).isEqualTo("Configured");
  }

  void assertRestHasItsFile() {
    ok(List.of("cp", "rest:/witness", fill("{back}")));
    assertThat(Path.of(fill("{back}"))).hasContent("rest");
  }
}
