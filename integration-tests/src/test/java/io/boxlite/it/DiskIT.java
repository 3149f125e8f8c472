package io.boxlite.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/// Disks of boxes: valid, growing, giving space back, and full on either side. Mounts a file
/// system: needs root.
class DiskIT {
  private static final long MIB = 1 << 20;

  /// Each with a size of its own, so that what fills one does not fill the host.
  private static final String SMALL_HOME_MIB = "220";

  private TestHome home = new TestHome();
  private boolean mounted;

  @AfterEach
  void close() throws Exception {
    home.close();
    if (mounted) {
      run("umount", home.home().toString());
      Files.delete(home.home());
      Files.delete(home.home().getParent());
    }
  }

  /// A home on a file system of its own. Nothing in it is restored from a template: a hole of a
  /// file in such a file system takes room when it is read, as the memory of a VM.
  private void makeSmallHome() throws Exception {
    home.close();
    home = TestHome.withoutTemplates(Map.of("BOXLITE_TEMPLATES", "off"));
    Files.createDirectories(home.home());
    String size = "size=" + SMALL_HOME_MIB + "m";
    run("mount", "-t", "tmpfs", "-o", size, "tmpfs", home.home().toString());
    mounted = true;
  }

  private static String run(String... command) throws Exception {
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    String output =
        new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
    assertThat(process.waitFor()).as("%s: %s", List.of(command), output).isZero();
    return output;
  }

  private String start(String... flags) {
    List<String> command = new java.util.ArrayList<>(List.of("run", "-d", "--name", "d"));
    command.addAll(List.of(flags));
    command.addAll(List.of("base", "sleep", "100000"));
    return home.run(command.toArray(String[]::new)).ok().out().strip();
  }

  private String inBox(String script) {
    return home.run("exec", "d", "--", "sh", "-c", script).ok().out().strip();
  }

  private Path disk(String id) {
    return home.home().resolve("boxes").resolve(id).resolve("disk.qcow2");
  }

  private static void assertValid(Path disk, String size) throws Exception {
    assertThat(run("qemu-img", "check", disk.toString())).contains("No errors were found");
    assertThat(run("qemu-img", "info", disk.toString()))
        .contains("file format: qcow2", "virtual size: " + size);
  }

  private static long allocated(Path file) {
    try {
      return Long.parseLong(run("stat", "-c", "%b", file.toString())) * 512;
    } catch (Exception e) {
      throw new IllegalStateException(e);
    }
  }

  @Test
  void diskGrowsStepByStepAndKeepsWhatIsOnIt() throws Exception {
    String id = start("--disk-size", "1");
    String digest =
        inBox("dd if=/dev/urandom of=/data bs=1M count=8 2>/dev/null; md5sum </data; sync");
    for (int size : new int[] {10, 100}) {
      home.run("update", "--disk-size", Integer.toString(size), "d").ok();
      home.run("restart", "d").ok();
      long kib = Long.parseLong(inBox("df -k / | tail -n 1 | awk '{print $2}'"));
      assertThat(kib).isBetween(size * 960L * 1024, size * 1024L * 1024);
      assertThat(inBox("md5sum </data")).isEqualTo(digest);
    }
    TestHome.Result refused = home.run("update", "--disk-size", "99", "--memory", "700", "d");
    assertThat(refused.exitCode()).isEqualTo(1);
    assertThat(refused.err()).contains("has 100 GB and cannot have 99: disks only grow");
    assertThat(home.run("inspect", "d").ok().out()).contains("\"Memory\": 536870912");

    home.run("update", "--memory", "256", "d").ok();
    home.run("stop", "d").ok();
    assertValid(disk(id), "100 GiB");
    Path raw = home.home().resolve("raw");
    run("qemu-img", "convert", "-O", "raw", disk(id).toString(), raw.toString());
    run("/usr/sbin/e2fsck", "-fn", raw.toString());
    home.run("start", "d").ok();
    assertThat(Long.parseLong(inBox("awk '/MemTotal/ {print $2}' /proc/meminfo")))
        .isLessThan(256 * 1024);
  }

  @Test
  void whatIsDeletedGivesSpaceBackAndAFullDiskIsSurvived() throws Exception {
    String id = start("--disk-size", "1");
    assertValidWhileItRuns(id);
    inBox("dd if=/dev/urandom of=/big bs=1M count=200 2>/dev/null; sync");
    long full = allocated(disk(id));
    assertThat(full).isGreaterThan(200 * MIB);
    inBox("rm /big; sync");
    TestHome.await("space given back", () -> allocated(disk(id)) < full - 180 * MIB);

    assertThat(
            inBox("fallocate -l 960M /most; dd if=/dev/zero of=/rest bs=1M count=100 2>&1; true"))
        .contains("No space left on device");
    assertThat(inBox("echo still here; rm /rest; echo more >/more")).isEqualTo("still here");
    home.run("restart", "d").ok();
    assertThat(inBox("cat /more; rm /most; dd if=/dev/zero of=/rest bs=1M count=20 2>/dev/null"))
        .isEqualTo("more");
    home.run("stop", "d").ok();
    assertValid(disk(id), "1 GiB");
  }

  private void assertValidWhileItRuns(String id) throws Exception {
    assertThat(run("qemu-img", "info", "-U", disk(id).toString()))
        .contains("virtual size: 1 GiB", "ext4-1g.raw");
  }

  private void awaitStatus(String status) {
    TestHome.await(
        "box is " + status,
        () ->
            home.run("inspect", "-f", "{{.State.Status}}", "d").ok().out().strip().equals(status));
  }

  private Path ballast() {
    return home.home().resolve("ballast");
  }

  /// Leaves less room than the box then writes.
  private void fill(String name) throws Exception {
    long room = Files.getFileStore(home.home()).getUsableSpace() - 40 * MIB;
    run("fallocate", "-l", Long.toString(room), ballast().toString());
    String script = "dd if=/dev/urandom of=/N bs=1M count=60 && md5sum </N >/N.md5 && sync";
    home.run("exec", "-d", "d", "--", "sh", "-c", script.replace("N", name)).ok();
    awaitStatus("paused");
  }

  private void assertWritten(String name) {
    inBox("while ! test -s /" + name + ".md5; do sleep 0.1; done");
    assertThat(inBox("md5sum </" + name)).isEqualTo(inBox("cat /" + name + ".md5"));
  }

  @Test
  void boxWaitsWhileTheHostIsFullWhateverHappensMeanwhile() throws Exception {
    makeSmallHome();
    String id = start();
    fill("a");
    for (String[] refused :
        List.of(
            new String[] {"exec", "d", "--", "true"},
            new String[] {"start", "d"},
            new String[] {"cp", "d:/etc/passwd", "-"})) {
      TestHome.Result result = home.run(refused);
      assertThat(result.exitCode()).isEqualTo(1);
      assertThat(result.err()).contains("is paused (the host's disk is full: ");
    }
    assertThat(home.run("list").ok().out()).contains("Paused");
    Files.delete(ballast());
    awaitStatus("running");
    assertWritten("a");
    assertThat(home.run("inspect", "d").ok().out()).doesNotContain("disk is full");

    inBox("rm /a; sync");
    fill("b");
    ProcessHandle supervisor = home.supervisor();
    supervisor.destroyForcibly();
    TestHome.await("supervisor ended", () -> !supervisor.isAlive());
    awaitStatus("paused");
    Files.delete(ballast());
    awaitStatus("running");
    assertWritten("b");

    inBox("rm /b; sync");
    fill("c");
    home.run("stop", "d").ok();
    awaitStatus("stopped");
    Files.delete(ballast());
    assertValid(disk(id), "10 GiB");
    home.run("start", "d").ok();
    inBox("rm -f /c; sync");
    fill("d");
    home.run("rm", "-f", "d").ok();
    assertThat(disk(id)).doesNotExist();
    assertThat(Files.getFileStore(home.home()).getUsableSpace()).isGreaterThan(40 * MIB);
    assertThat(home.vms()).isEmpty();
  }
}
