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

/// An operation in whose midst the supervisor is killed.
enum CrashScenario {
  CREATE(
      List.of("create.volume", "create.directory", "create.config", "create.stored"),
      "create",
      "--name",
      "made",
      "-v",
      "/data",
      "base") {
    @Override
    void again(Scene scene) {
      scene.removeIfThere("made");
      scene.ok(command(scene));
      scene.ok(List.of("rm", "-v", "made"));
    }
  },

  START(
      List.of(
          "start.image",
          "start.layers",
          "start.disk",
          "start.spawned",
          "running.row",
          "running.stored",
          "start.connected",
          "start.volumes",
          "start.network",
          "start.attached",
          "start.created",
          "start.filled",
          "start.init"),
      "start",
      "work") {
    @Override
    void arrange(Scene scene) {
      scene.ok(List.of("stop", "work"));
    }
  },

  UPDATE(List.of("update.row", "update.stored"), "update", "--disk-size", "12", "work") {
    @Override
    void again(Scene scene) {
      scene.ok(command(scene));
      scene.ok(List.of("restart", "work"));
      assertThat(scene.ok(List.of("exec", "work", "--", "df", "-m", "/")))
          .containsPattern("\\s1[12]\\d{3}\\s");
    }
  },

  PUBLISH(List.of("publish.open"), "network", "publish", "work", "80") {
    @Override
    void check(Scene scene) {
      // What no document has leads nowhere.
      assertThat(scene.ok(List.of("port", "work"))).isEmpty();
    }

    @Override
    void again(Scene scene) {
      scene.ok(command(scene));
      assertThat(scene.ok(List.of("port", "work"))).startsWith("80/tcp -> 0.0.0.0:");
    }
  },

  UNPUBLISH(List.of("unpublish.stored"), "network", "unpublish", "work", "28479") {
    @Override
    void arrange(Scene scene) {
      scene.start();
      scene.ok(List.of("network", "publish", "work", "127.0.0.1:28479:80"));
    }

    @Override
    void check(Scene scene) {
      assertThat(scene.ok(List.of("port", "work"))).doesNotContain("28479");
    }

    @Override
    void again(Scene scene) {
      scene.ok(List.of("network", "publish", "work", "127.0.0.1:28479:80"));
      scene.ok(command(scene));
    }
  },

  PAUSE(List.of("pause.stopped", "paused.row", "paused.stored"), "pause", "work") {
    @Override
    void again(Scene scene) {
      scene.run("unpause", "work");
      scene.ok(command(scene));
      assertThat(scene.boxes().get(scene.work)).isEqualTo("Paused");
      scene.ok(List.of("unpause", "work"));
    }
  },

  UNPAUSE(List.of("unpause.resumed", "running.stored"), "unpause", "work") {
    @Override
    void arrange(Scene scene) {
      scene.ok(List.of("pause", "work"));
    }

    @Override
    void again(Scene scene) {
      scene.run("unpause", "work");
      scene.ok(List.of("exec", "work", "--", "true"));
    }
  },

  FIRST_START_WITH_A_DISK_SIZE(List.of("disk.formatted"), "start", "large") {
    @Override
    void arrange(Scene scene) {
      scene.ok(List.of("create", "--name", "large", "--disk-size", "3", "base"));
    }

    @Override
    void again(Scene scene) {
      scene.ok(List.of("start", "large"));
      scene.ok(List.of("rm", "-f", "large"));
    }
  },

  STOP(
      List.of(
          "stopping.row",
          "stopping.stored",
          "stop.unmounted",
          "stop.ended",
          "stopped.row",
          "stopped.stored"),
      "stop",
      "work") {
    @Override
    void arrange(Scene scene) {
      scene.start();
      // Not synced: only an orderly stop brings it to the disk.
      scene.ok(List.of("exec", "work", "--", "sh", "-c", "cat /proc/uptime > /unsynced"));
      scene.unsynced = scene.ok(List.of("exec", "work", "--", "cat", "/unsynced"));
    }

    @Override
    void check(Scene scene) {
      assertThat(scene.boxes().get(scene.work)).isIn("Stopped", "Stopping");
      scene.start();
      assertThat(scene.ok(List.of("exec", "work", "--", "cat", "/unsynced")))
          .isEqualTo(scene.unsynced);
    }
  },

  REMOVE(
      List.of("remove.ended", "remove.volumes", "remove.row", "remove.files"),
      "rm",
      "-f",
      "-v",
      "doomed") {
    @Override
    void arrange(Scene scene) {
      scene.ok(List.of("run", "-d", "--name", "doomed", "-v", "/data", "base", "sleep", "1000"));
      scene.ok(List.of("exec", "doomed", "--", "sh", "-c", "printf kept > /data/file"));
    }

    @Override
    void check(Scene scene) {
      if (scene.isThere("doomed")) {
        scene.ok(List.of("start", "doomed"));
        assertThat(scene.ok(List.of("exec", "doomed", "--", "cat", "/data/file")))
            .isEqualTo("kept");
      }
    }

    @Override
    void again(Scene scene) {
      scene.removeIfThere("doomed");
      assertThat(scene.isThere("doomed")).isFalse();
    }
  },

  VOLUME_CREATE(List.of("volume.made", "volume.named"), "volume", "create", "kept") {
    @Override
    void again(Scene scene) {
      // It is there with its name, or not at all.
      scene.run("volume", "rm", "kept");
      scene.ok(command(scene));
      scene.ok(List.of("volume", "rm", "kept"));
      assertThat(scene.namedVolumes()).isEmpty();
    }
  },

  VOLUME_REMOVE(List.of("volume.dying", "volume.gone"), "volume", "rm", "doomed") {
    @Override
    void arrange(Scene scene) {
      scene.ok(List.of("volume", "create", "doomed"));
    }

    @Override
    void check(Scene scene) {
      assertThat(scene.namedVolumes()).isEmpty();
    }

    @Override
    void again(Scene scene) {
      scene.ok(List.of("volume", "create", "doomed"));
      scene.ok(command(scene));
    }
  },

  COPY_IN(List.of("resting.up", "resting.done", "stop.ended"), "cp", "{file}", "rest:/copied") {
    @Override
    void check(Scene scene) {
      scene.assertRestIsAsBefore();
    }

    @Override
    void again(Scene scene) {
      scene.ok(command(scene));
      scene.assertRestHasItsFile();
      scene.ok(List.of("cp", "rest:/copied", scene.directory.resolve("back").toString()));
      assertThat(scene.directory.resolve("back")).hasContent("content");
    }
  },

  COPY_OUT(List.of("resting.up", "resting.done"), "cp", "rest:/witness", "{back}"),

  PULL(
      List.of(
          "pull.resolved",
          "pull.received",
          "pull.blob",
          "layer.converted",
          "layer.stored",
          "pull.fetched",
          "image.blobs",
          "image.catalog",
          "image.index"),
      "--config",
      "{config}",
      "pull",
      "{image}") {
    @Override
    void arrange(Scene scene) {
      scene.run("rmi", scene.image());
      scene.ok(List.of("image", "prune", "-f"));
    }

    @Override
    void again(Scene scene) {
      scene.ok(command(scene));
      assertThat(
              scene.ok(
                  List.of(
                      "--config",
                      scene.fill("{config}"),
                      "run",
                      "--rm",
                      scene.image(),
                      "/busybox",
                      "echo",
                      "pulled")))
          .isEqualTo("pulled\n");
    }
  },

  REMOVE_IMAGE(List.of("rmi.index", "rmi.swept"), "rmi", "{image}") {
    @Override
    void arrange(Scene scene) {
      scene.ok(PULL.command(scene));
    }

    @Override
    void again(Scene scene) {
      scene.run("rmi", scene.image());
      scene.ok(PULL.command(scene));
      scene.ok(List.of("rmi", scene.image()));
    }
  },

  COMMIT(List.of("commit.exported", "layer.converted", "image.index"), "commit", "rest", "made:1") {
    @Override
    void check(Scene scene) {
      scene.assertRestIsAsBefore();
    }

    @Override
    void again(Scene scene) {
      scene.ok(command(scene));
      assertThat(scene.ok(List.of("run", "--rm", "made:1", "cat", "/witness"))).isEqualTo("rest");
      scene.ok(List.of("rmi", "made:1"));
    }
  },

  TEMPLATE(
      List.of("template.rehearsed", "template.saved"), "template", "build", "--memory", "192") {
    @Override
    void again(Scene scene) {
      scene.ok(command(scene));
      assertThat(scene.ok(List.of("run", "--rm", "--memory", "192", "base", "echo", "restored")))
          .isEqualTo("restored\n");
      scene.ok(List.of("template", "prune"));
    }
  };

  private final List<String> points;
  private final List<String> command;

  CrashScenario(List<String> points, String... command) {
    this.points = points;
    this.command = List.of(command);
  }

  List<String> points() {
    return points;
  }

  List<String> command(Scene scene) {
    return command.stream().map(scene::fill).toList();
  }

  /// Brings about what the command works on.
  void arrange(Scene scene) {}

  /// Checks what only this operation could have spoilt.
  void check(Scene scene) {}

  /// Does it again, and looks at what came of it.
  void again(Scene scene) {
    scene.ok(command(scene));
  }

  /// What all operations work on: the box `work`, which mostly runs, and `rest`, which never does,
  /// each with a file that was written long before, and an image in a registry.
  static final class Scene {
    private static final Pattern BOX =
        Pattern.compile("\"ID\": *\"(\\w+)\".*?\"Status\": *\"(\\w+)\"", Pattern.DOTALL);

    private static final Pattern OWN_VOLUME = Pattern.compile("\"anonymous\": *\"(\\w+)\"");

    final Path directory;
    String work = "";
    String rest = "";
    String unsynced = "";
    private final TestHome home;
    private final RegistryServer registry;

    Scene(TestHome home, RegistryServer registry, Path directory) {
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
          ok(List.of(
                  "run", "-d", "--name", "work", "-v", volume + ":/host", "base", "sleep", "9999"))
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
}
