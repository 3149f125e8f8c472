package io.boxlite.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.UUID;
import java.util.stream.Stream;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// What can happen to a home that no program of ours does. What a box has written is never lost.
class DamageIT {
  @AutoClose private TestHome home;

  @BeforeEach
  void open() {
    home = new TestHome();
    home.run("run", "-d", "--name", "n", "base", "sleep", "1000").ok();
    home.run("exec", "n", "--", "sh", "-c", "printf kept > /kept; sync").ok();
  }

  private String status() {
    return home.run("inspect", "-f", "{{.State.Status}}", "n").ok().out().strip();
  }

  private void assertBoxIsAsItWas() {
    home.run("start", "n").ok();
    assertThat(home.run("exec", "n", "--", "cat", "/kept").ok().out()).isEqualTo("kept");
  }

  /// Runs a shell with mounts of its own, whose `boxlite` is ours.
  private TestHome.Result withMounts(String script) {
    return TestHome.finish(
        home.startProcess(
            List.of(
                "unshare",
                "-m",
                "sh",
                "-euc",
                "boxlite() { '" + TestHome.BOXLITE + "' \"$@\"; };" + script)),
        new byte[0]);
  }

  private void killAll() {
    home.killSupervisor();
    home.vms().forEach(ProcessHandle::destroyForcibly);
    TestHome.await("VMs ended", () -> home.vms().isEmpty());
  }

  @Test
  void boxIsStoppedAfterTheHostWasBootedAgain() throws IOException {
    killAll();
    Path bootId = home.home().resolveSibling("boot_id");
    Files.writeString(bootId, UUID.randomUUID() + "\n");
    TestHome.Result result =
        withMounts(
            "mount --bind "
                + bootId
                + " /proc/sys/kernel/random/boot_id; boxlite inspect -f '{{.State.Status}}' n;"
                + " boxlite start n; boxlite exec n -- cat /kept; boxlite stop n");
    assertThat(result.ok().out()).isEqualTo("stopped\nn\nkeptn\n");
  }

  @Test
  void homeThatCannotBeWrittenIsSaidSoAndNothingOfItChanges() throws IOException {
    home.run("stop", "n").ok();
    home.killSupervisor();
    String home = this.home.home().toString();
    TestHome.Result result =
        withMounts(
            "mount --bind %1$s %1$s; mount -o remount,ro,bind %1$s; cd /; boxlite start n"
                .formatted(home));
    assertThat(result.exitCode()).isEqualTo(1);
    assertThat(result.err()).contains("Read-only file system").contains(home);
    assertThat(status()).isEqualTo("stopped");
    assertBoxIsAsItWas();
  }

  @Test
  void corruptDatabaseIsSetAsideAndMadeAgain() throws IOException {
    killAll();
    Path database = home.home().resolve("db/boxes.db");
    Files.deleteIfExists(Path.of(database + "-wal"));
    Files.deleteIfExists(Path.of(database + "-shm"));
    Files.writeString(database, "not a database, ".repeat(1000));
    assertThat(status()).isEqualTo("failed");
    assertBoxIsAsItWas();
    try (Stream<Path> files = Files.list(home.home().resolve("db"))) {
      assertThat(files.map(file -> file.getFileName().toString()))
          .anyMatch(name -> name.startsWith("boxes.db.corrupt-"));
    }
  }

  @Test
  void boxWithoutItsConfigurationFileIsThereAsLongAsTheDatabaseIs() throws IOException {
    String id = home.boxDirectories().getFirst();
    killAll();
    Path config = home.home().resolve("boxes").resolve(id).resolve("config.json");
    Files.delete(config);
    assertBoxIsAsItWas();
    assertThat(config).content(StandardCharsets.UTF_8).contains(id);
  }

  @Test
  void boxOfWhichNothingIsKnownAnyMoreKeepsItsDisk() throws IOException {
    String id = home.boxDirectories().getFirst();
    killAll();
    Files.delete(home.home().resolve("boxes").resolve(id).resolve("config.json"));
    for (String suffix : List.of("", "-wal", "-shm")) {
      Files.deleteIfExists(Path.of(home.home() + "/db/boxes.db" + suffix));
    }
    assertThat(home.run("list", "-a", "-q").ok().out()).isEmpty();
    try (Stream<Path> files = Files.walk(home.home().resolve("boxes-lost"))) {
      assertThat(files.map(file -> file.getFileName().toString())).contains("disk.qcow2");
    }
  }
}
