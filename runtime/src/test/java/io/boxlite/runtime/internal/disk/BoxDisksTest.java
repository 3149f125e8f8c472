package io.boxlite.runtime.internal.disk;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class BoxDisksTest {
  @TempDir Path directory;

  @Test
  void madeDiskIsAValidThinQcow2OverAFormattedBase() throws Exception {
    Path disk = directory.resolve("disk.qcow2");
    new BoxDisks(directory).ensure(disk, 10);

    assertThat(qemuImg("check", disk.toString())).contains("No errors were found");
    assertThat(qemuImg("info", "--backing-chain", disk.toString()))
        .contains("file format: qcow2")
        .contains("virtual size: 10 GiB")
        .contains("backing file format: raw")
        .contains("ext4-10g.raw");
    assertThat(Files.size(disk)).isLessThan(512 * 1024);
  }

  @Test
  void largestDiskIsValidToo() throws Exception {
    Path disk = directory.resolve("disk.qcow2");
    Qcow2Overlay.create(disk, directory.resolve("none.raw"), 1024L << 30);
    Files.write(directory.resolve("none.raw"), new byte[0]);

    assertThat(qemuImg("check", disk.toString())).contains("No errors were found");
    assertThat(qemuImg("info", disk.toString())).contains("virtual size: 1 TiB");
  }

  @Test
  void existingDiskIsLeftAlone() throws Exception {
    Path disk = directory.resolve("disk.qcow2");
    BoxDisks disks = new BoxDisks(directory);
    disks.ensure(disk, 1);
    FileTime before = Files.getLastModifiedTime(disk);
    disks.ensure(disk, 1);
    assertThat(Files.getLastModifiedTime(disk)).isEqualTo(before);
  }

  private static String qemuImg(String... arguments) throws Exception {
    ProcessBuilder builder = new ProcessBuilder("qemu-img").redirectErrorStream(true);
    builder.command().addAll(java.util.List.of(arguments));
    Process process = builder.start();
    return new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
  }
}
