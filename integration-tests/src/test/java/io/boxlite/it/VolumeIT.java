package io.boxlite.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Directories and files of the host in boxes.
class VolumeIT {
  private TestHome home;
  @TempDir private Path host;

  @BeforeEach
  void open() {
    home = new TestHome();
  }

  @AfterEach
  void close() {
    home.close();
  }

  private String box(String... volumes) {
    List<String> arguments = new ArrayList<>(List.of("run", "-d"));
    for (String volume : volumes) {
      arguments.addAll(List.of("-v", volume));
    }
    arguments.addAll(List.of("base", "sleep", "1000"));
    return home.run(arguments.toArray(String[]::new)).ok().out().strip();
  }

  private TestHome.Result sh(String box, String script) {
    return home.run("exec", box, "--", "sh", "-c", script);
  }

  private List<ProcessHandle> servers() {
    return home.processes().stream()
        .filter(process -> process.info().command().orElse("").endsWith("boxlite-volumes"))
        .toList();
  }

  @ParameterizedTest
  @ValueSource(strings = {"restored", "booted"})
  void changesAreSeenAtOnceOnBothSides(String start) throws IOException {
    Path file = Files.writeString(host.resolve("a"), "of the host");
    List<String> run = new ArrayList<>(List.of("run", "-d", "-v", host + ":/data"));
    if (start.equals("booted")) {
      run.add("--no-template");
    }
    run.addAll(List.of("base", "sleep", "1000"));
    String box = home.run(run.toArray(String[]::new)).ok().out().strip();
    assertThat(sh(box, "cat /data/a").ok().out()).isEqualTo("of the host");
    sh(box, "echo of the box > /data/a; mkdir /data/d; mv /data/d /data/e").ok();
    assertThat(file).hasContent("of the box\n");
    assertThat(host.resolve("e")).isDirectory();
    Files.writeString(file, "again");
    Files.writeString(host.resolve("e/new"), "new");
    assertThat(sh(box, "cat /data/a /data/e/new").ok().out()).isEqualTo("againnew");
  }

  @Test
  void readOnlyVolumesCannotBeChanged() throws IOException {
    Files.writeString(host.resolve("a"), "as it was");
    String box = box(host + ":/data:ro");
    for (String change :
        List.of("echo x > /data/a", "touch /data/b", "rm /data/a", "chmod 777 /data/a")) {
      assertThat(sh(box, change).err()).contains("Read-only file system");
    }
    assertThat(sh(box, "mount -o remount,rw /data").exitCode()).isNotZero();
    assertThat(host.resolve("a")).hasContent("as it was");
  }

  @Test
  void namedVolumeIsMadeWithItsBoxOnly() {
    home.run("create", "--name", "taken", "-v", "first:/data", "base").ok();
    for (List<String> wrong :
        List.of(
            List.of("-v", "second:/proc/x", "base"),
            List.of("-v", "second:/data", "--memory", "1", "base"),
            List.of("-v", "second:/data", "no/such:image"),
            List.of("-v", "second:/data", "--name", "taken", "base"))) {
      List<String> command = new ArrayList<>(List.of("create", "--pull", "never"));
      command.addAll(wrong);
      assertThat(home.run(command.toArray(String[]::new)).exitCode()).as("%s", wrong).isNotZero();
    }
    assertThat(home.run("volume", "ls").ok().out()).contains("first").doesNotContain("second");
  }

  @Test
  void linksLeadNowhereOutside() throws IOException {
    Path inside = Files.createDirectory(host.resolve("inside"));
    Files.writeString(host.resolve("secret"), "secret");
    Files.createSymbolicLink(inside.resolve("up"), Path.of("../secret"));
    Files.createSymbolicLink(inside.resolve("absolute"), host.resolve("secret"));
    String box = box(inside + ":/data");
    assertThat(sh(box, "cat /data/up /data/absolute /data/../secret").out()).isEmpty();
    sh(box, "ln -s " + host + " /data/dir; echo x > /data/dir/made").exitCode();
    assertThat(host.resolve("made")).doesNotExist();
  }

  @Test
  void singleFilesNestedAndTwentyVolumes() throws IOException {
    Path file = Files.writeString(host.resolve("file"), "one");
    List<String> volumes = new ArrayList<>(List.of(file + ":/etc/of.conf"));
    for (int i = 0; i < 20; i++) {
      volumes.add(Files.createDirectory(host.resolve("v" + i)) + ":/m/" + i);
    }
    volumes.add(Files.createDirectory(host.resolve("inner")) + ":/m/0/nested");
    String box = box(volumes.toArray(String[]::new));
    assertThat(sh(box, "cat /etc/of.conf").ok().out()).isEqualTo("one");
    sh(
            box,
            "echo two > /etc/of.conf; echo x > /m/0/nested/x; for i in /m/*; do echo y > $i/y; done")
        .ok();
    assertThat(file).hasContent("two\n");
    assertThat(host.resolve("inner/x")).hasContent("x\n");
    for (int i = 0; i < 20; i++) {
      assertThat(host.resolve("v" + i + "/y")).hasContent("y\n");
    }
    assertThat(servers()).hasSize(1);
  }

  @Test
  void filesOfTheHostsUserBelongToTheUserOfTheBox() throws IOException {
    Files.writeString(host.resolve("a"), "a");
    String box =
        home.run("run", "-d", "-u", "1234:2345", "-v", host + ":/data", "base", "sleep", "1000")
            .ok()
            .out()
            .strip();
    assertThat(sh(box, "stat -c %u:%g /data/a; echo b > /data/b; stat -c %u:%g /data/b").ok().out())
        .isEqualTo("1234:2345\n1234:2345\n");
    assertThat(Files.getOwner(host.resolve("b"))).isEqualTo(Files.getOwner(host.resolve("a")));
  }

  @Test
  void volumesGoOnWithoutTheSupervisorAndEndWithTheBox() throws IOException {
    Files.writeString(host.resolve("a"), "a");
    String box = box(host + ":/data");
    ProcessHandle supervisor = home.supervisor();
    supervisor.destroyForcibly();
    TestHome.await("supervisor ended", () -> !supervisor.isAlive());
    assertThat(sh(box, "cat /data/a").ok().out()).isEqualTo("a");
    home.run("stop", box).ok();
    TestHome.await("server of the volumes ended", () -> servers().isEmpty());
    home.run("start", box).ok();
    assertThat(sh(box, "cat /data/a").ok().out()).isEqualTo("a");
    home.run("rm", "-f", box).ok();
    TestHome.await("server of the volumes ended", () -> servers().isEmpty());
    assertThat(host.resolve("a")).hasContent("a");
  }

  @Test
  void volumesFailAndTheBoxGoesOnWhenTheirServerIsKilled() {
    String box = box(host + ":/data");
    servers().forEach(ProcessHandle::destroyForcibly);
    TestHome.await(
        "volume failed",
        () -> sh(box, "ls /data").err().contains("Transport endpoint is not connected"));
    assertThat(sh(box, "echo alive").ok().out()).isEqualTo("alive\n");
  }

  @Test
  void namedVolumesOutliveBoxesAndAnonymousOnesGoWithThem() throws IOException {
    String id = home.run("volume", "create", "data").ok().out().strip();
    home.run(
            "run",
            "--rm",
            "-v",
            "data:/v",
            "-v",
            "/own",
            "base",
            "sh",
            "-c",
            "echo x | tee /v/x > /own/x")
        .ok();
    assertThat(home.home().resolve("volumes/anonymous")).isEmptyDirectory();
    String box = box("data:/v:ro", "/own");
    assertThat(sh(box, "cat /v/x").ok().out()).isEqualTo("x\n");
    assertThat(home.run("volume", "rm", "data").err()).contains("belongs to a box");
    assertThat(home.run("volume", "ls", "-q").ok().out().lines()).hasSize(2).contains(id);
    home.run("rm", "-f", "-v", box).ok();
    assertThat(home.home().resolve("volumes/anonymous")).isEmptyDirectory();
    home.run("volume", "rm", "data").ok();
    assertThat(home.run("volume", "ls", "-q").ok().out()).isEmpty();
  }

  @Test
  void programsInVolumesRunAndNewVolumesBeginWithWhatTheImageHasThere() throws IOException {
    Path program = Files.writeString(host.resolve("program"), "#!/bin/sh\necho ran\n");
    Files.setPosixFilePermissions(program, PosixFilePermissions.fromString("rwxr-xr-x"));
    String volume = "new:/etc"; // what the agent itself looks users up in
    assertThat(home.run("run", "--rm", "-v", host + ":/x", "base", "/x/program").ok().out())
        .isEqualTo("ran\n");
    String first = box(host + ":/x", volume, "/sbin");
    assertThat(home.run("exec", first, "--", "/x/program").ok().out()).isEqualTo("ran\n");
    assertThat(
            sh(first, "stat -c %a /etc/shadow; ls /sbin | wc -l; readlink /sbin/init").ok().out())
        .startsWith("640\n")
        .doesNotContain("\n0\n");
    sh(first, "rm /etc/shadow; chown -R 99:98 /etc").ok();
    assertThat(sh(box(volume), "ls /etc/shadow; stat -c %u:%g /etc /etc/passwd").out())
        .isEqualTo("99:98\n99:98\n");
  }

  @Test
  void missingHostPathIsRefusedAndNothingIsLeft() {
    TestHome.Result result = home.run("run", "--rm", "-v", "/no/such:/data", "base", "true");
    assertThat(result.exitCode()).isEqualTo(1);
    assertThat(result.err()).contains("Volume host path does not exist: /no/such");
    assertThat(home.boxDirectories()).isEmpty();
  }
}
