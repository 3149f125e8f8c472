package io.boxlite.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;

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
    void again(CrashScene scene) {
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
    void arrange(CrashScene scene) {
      scene.ok(List.of("stop", "work"));
    }
  },

  UPDATE(List.of("update.row", "update.stored"), "update", "--disk-size", "12", "work") {
    @Override
    void again(CrashScene scene) {
      scene.ok(command(scene));
      scene.ok(List.of("restart", "work"));
      assertThat(scene.ok(List.of("exec", "work", "--", "df", "-m", "/")))
          .containsPattern("\\s1[12]\\d{3}\\s");
    }
  },

  PUBLISH(List.of("publish.open"), "network", "publish", "work", "80") {
    @Override
    void check(CrashScene scene) {
      // What no document has leads nowhere.
      assertThat(scene.ok(List.of("port", "work"))).isEmpty();
    }

    @Override
    void again(CrashScene scene) {
      scene.ok(command(scene));
      assertThat(scene.ok(List.of("port", "work"))).startsWith("80/tcp -> 0.0.0.0:");
    }
  },

  UNPUBLISH(List.of("unpublish.stored"), "network", "unpublish", "work", "28479") {
    @Override
    void arrange(CrashScene scene) {
      scene.start();
      scene.ok(List.of("network", "publish", "work", "127.0.0.1:28479:80"));
    }

    @Override
    void check(CrashScene scene) {
      assertThat(scene.ok(List.of("port", "work"))).doesNotContain("28479");
    }

    @Override
    void again(CrashScene scene) {
      scene.ok(List.of("network", "publish", "work", "127.0.0.1:28479:80"));
      scene.ok(command(scene));
    }
  },

  PAUSE(List.of("pause.stopped", "paused.row", "paused.stored"), "pause", "work") {
    @Override
    void again(CrashScene scene) {
      scene.run("unpause", "work");
      scene.ok(command(scene));
      assertThat(scene.boxes().get(scene.work)).isEqualTo("Paused");
      scene.ok(List.of("unpause", "work"));
    }
  },

  UNPAUSE(List.of("unpause.resumed", "running.stored"), "unpause", "work") {
    @Override
    void arrange(CrashScene scene) {
      scene.ok(List.of("pause", "work"));
    }

    @Override
    void again(CrashScene scene) {
      scene.run("unpause", "work");
      scene.ok(List.of("exec", "work", "--", "true"));
    }
  },

  FIRST_START_WITH_A_DISK_SIZE(List.of("disk.formatted"), "start", "large") {
    @Override
    void arrange(CrashScene scene) {
      scene.ok(List.of("create", "--name", "large", "--disk-size", "3", "base"));
    }

    @Override
    void again(CrashScene scene) {
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
    void arrange(CrashScene scene) {
      scene.start();
      // Not synced: only an orderly stop brings it to the disk.
      scene.ok(List.of("exec", "work", "--", "sh", "-c", "cat /proc/uptime > /unsynced"));
      scene.unsynced = scene.ok(List.of("exec", "work", "--", "cat", "/unsynced"));
    }

    @Override
    void check(CrashScene scene) {
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
    void arrange(CrashScene scene) {
      scene.ok(List.of("run", "-d", "--name", "doomed", "-v", "/data", "base", "sleep", "1000"));
      scene.ok(List.of("exec", "doomed", "--", "sh", "-c", "printf kept > /data/file"));
    }

    @Override
    void check(CrashScene scene) {
      if (scene.isThere("doomed")) {
        scene.ok(List.of("start", "doomed"));
        assertThat(scene.ok(List.of("exec", "doomed", "--", "cat", "/data/file")))
            .isEqualTo("kept");
      }
    }

    @Override
    void again(CrashScene scene) {
      scene.removeIfThere("doomed");
      assertThat(scene.isThere("doomed")).isFalse();
    }
  },

  VOLUME_CREATE(List.of("volume.made", "volume.named"), "volume", "create", "kept") {
    @Override
    void again(CrashScene scene) {
      // It is there with its name, or not at all.
      scene.run("volume", "rm", "kept");
      scene.ok(command(scene));
      scene.ok(List.of("volume", "rm", "kept"));
      assertThat(scene.namedVolumes()).isEmpty();
    }
  },

  VOLUME_REMOVE(List.of("volume.dying", "volume.gone"), "volume", "rm", "doomed") {
    @Override
    void arrange(CrashScene scene) {
      scene.ok(List.of("volume", "create", "doomed"));
    }

    @Override
    void check(CrashScene scene) {
      assertThat(scene.namedVolumes()).isEmpty();
    }

    @Override
    void again(CrashScene scene) {
      scene.ok(List.of("volume", "create", "doomed"));
      scene.ok(command(scene));
    }
  },

  COPY_IN(List.of("resting.up", "resting.done", "stop.ended"), "cp", "{file}", "rest:/copied") {
    @Override
    void check(CrashScene scene) {
      scene.assertRestIsAsBefore();
    }

    @Override
    void again(CrashScene scene) {
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
    void arrange(CrashScene scene) {
      scene.run("rmi", scene.image());
      scene.ok(List.of("image", "prune", "-f"));
    }

    @Override
    void again(CrashScene scene) {
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
    void arrange(CrashScene scene) {
      scene.ok(PULL.command(scene));
    }

    @Override
    void again(CrashScene scene) {
      scene.run("rmi", scene.image());
      scene.ok(PULL.command(scene));
      scene.ok(List.of("rmi", scene.image()));
    }
  },

  COMMIT(List.of("commit.exported", "layer.converted", "image.index"), "commit", "rest", "made:1") {
    @Override
    void check(CrashScene scene) {
      scene.assertRestIsAsBefore();
    }

    @Override
    void again(CrashScene scene) {
      scene.ok(command(scene));
      assertThat(scene.ok(List.of("run", "--rm", "made:1", "cat", "/witness"))).isEqualTo("rest");
      scene.ok(List.of("rmi", "made:1"));
    }
  },

  SNAPSHOT(
      List.of("snapshot.kept", "snapshot.overlay", "snapshot.stored"),
      "snapshot",
      "create",
      "work",
      "kept") {
    @Override
    void arrange(CrashScene scene) {
      scene.start();
      scene.run("snapshot", "rm", "work", "kept");
    }

    @Override
    void again(CrashScene scene) {
      scene.run("snapshot", "rm", "work", "kept");
      scene.ok(command(scene));
      scene.ok(List.of("exec", "work", "--", "sh", "-c", "printf later > /witness"));
      scene.ok(List.of("stop", "work"));
      scene.ok(List.of("snapshot", "restore", "work", "kept"));
      scene.start();
    }
  },

  SNAPSHOT_RESTORE(List.of("snapshot.restored"), "snapshot", "restore", "rest", "kept") {
    @Override
    void arrange(CrashScene scene) {
      scene.run("snapshot", "create", "rest", "kept");
    }

    @Override
    void check(CrashScene scene) {
      scene.assertRestIsAsBefore();
    }
  },

  SNAPSHOT_REMOVE(List.of("snapshot.removed"), "snapshot", "rm", "rest", "doomed") {
    @Override
    void arrange(CrashScene scene) {
      scene.ok(List.of("snapshot", "create", "rest", "doomed"));
    }

    @Override
    void check(CrashScene scene) {
      scene.assertRestIsAsBefore();
    }

    @Override
    void again(CrashScene scene) {
      assertThat(scene.ok(List.of("snapshot", "ls", "-q", "rest"))).doesNotContain("doomed");
    }
  },

  CLONE(
      List.of("clone.cut", "clone.disk", "create.config", "create.stored"),
      "clone",
      "rest",
      "--name",
      "twin") {
    @Override
    void check(CrashScene scene) {
      scene.assertRestIsAsBefore();
      scene.removeIfThere("twin");
    }

    @Override
    void again(CrashScene scene) {
      scene.ok(command(scene));
      assertThat(scene.ok(List.of("exec", "twin", "--", "cat", "/witness"))).isEqualTo("rest");
      scene.ok(List.of("rm", "-f", "-v", "twin"));
    }
  },

  IMPORT(
      List.of("import.read", "import.image", "create.config", "create.stored"),
      "import",
      "{back}",
      "--name",
      "moved") {
    @Override
    void arrange(CrashScene scene) {
      scene.ok(List.of("export", "rest", "-o", scene.fill("{back}")));
    }

    @Override
    void check(CrashScene scene) {
      scene.assertRestIsAsBefore();
      scene.removeIfThere("moved");
    }

    @Override
    void again(CrashScene scene) {
      scene.ok(command(scene));
      assertThat(scene.ok(List.of("exec", "moved", "--", "cat", "/witness"))).isEqualTo("rest");
      scene.ok(List.of("rm", "-f", "-v", "moved"));
    }
  },

  TEMPLATE(
      List.of("template.rehearsed", "template.saved"), "template", "build", "--memory", "192") {
    @Override
    void again(CrashScene scene) {
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

  List<String> command(CrashScene scene) {
    return command.stream().map(scene::fill).toList();
  }

  /// Brings about what the command works on.
  void arrange(CrashScene scene) {}

  /// Checks what only this operation could have spoilt.
  void check(CrashScene scene) {}

  /// Does it again, and looks at what came of it.
  void again(CrashScene scene) {
    scene.ok(command(scene));
  }
}
