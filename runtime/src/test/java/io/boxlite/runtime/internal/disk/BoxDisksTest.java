package io.boxlite.runtime.internal.disk;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.boxlite.api.StorageException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileTime;
import java.util.Arrays;
import java.util.List;
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
    Qcow2Overlay.create(disk, directory.resolve("none.raw"), Qcow2Overlay.Backing.RAW, 1024L << 30);
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

  @Test
  void smallerDiskGrowsStepByStepAndNeverShrinks() throws Exception {
    Path disk = directory.resolve("disk.qcow2");
    BoxDisks disks = new BoxDisks(directory);
    disks.ensure(disk, 1);
    qemuIo(disk, "write -P 7 900M 1M");
    for (int size : List.of(10, 1024, 3)) {
      disks.ensure(disk, size);
      assertThat(qemuImg("check", disk.toString())).contains("No errors were found");
    }
    assertThat(qemuImg("info", disk.toString())).contains("virtual size: 1 TiB");
    assertThat(qemuIo(disk, "read -P 7 900M 1M", "write -P 9 1023G 1M", "read -P 9 1023G 1M"))
        .doesNotContain("failed");
    assertThat(qemuImg("check", disk.toString())).contains("No errors were found");
    assertThat(Files.size(disk)).isLessThan(4 << 20);
  }

  /// An earlier table may have left something behind the end of this one.
  @Test
  void whatLiesBehindTheTableOfADiskThatGrowsDoesNotCount() throws Exception {
    Path disk = directory.resolve("disk.qcow2");
    BoxDisks disks = new BoxDisks(directory);
    disks.ensure(disk, 1);
    try (FileChannel channel = FileChannel.open(disk, StandardOpenOption.WRITE)) {
      byte[] stale = new byte[4096];
      Arrays.fill(stale, (byte) 0x80);
      channel.write(ByteBuffer.wrap(stale), 3 * 65536 + 2 * 8);
    }
    disks.ensure(disk, 100);
    assertThat(qemuImg("check", disk.toString())).contains("No errors were found");
  }

  @Test
  void whatIsNotADiskIsRefused() throws Exception {
    Path disk = Files.write(directory.resolve("disk.qcow2"), new byte[4096]);
    assertThatThrownBy(() -> new BoxDisks(directory).ensure(disk, 1))
        .isInstanceOf(StorageException.class)
        .hasMessageContaining("not a qcow2 image");
    Files.write(disk, new byte[3]);
    assertThatThrownBy(() -> new BoxDisks(directory).ensure(disk, 1))
        .isInstanceOf(StorageException.class)
        .hasMessageContaining("no header");
  }

  private static String qemuIo(Path disk, String... commands) throws Exception {
    ProcessBuilder builder =
        new ProcessBuilder("qemu-io", "-f", "qcow2", disk.toString()).redirectErrorStream(true);
    for (String command : commands) {
      builder.command().addAll(List.of("-c", command));
    }
    Process process = builder.start();
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor()).as(output).isZero();
    return output;
  }

  private static String qemuImg(String... arguments) throws Exception {
    ProcessBuilder builder = new ProcessBuilder("qemu-img").redirectErrorStream(true);
    builder.command().addAll(List.of(arguments));
    Process process = builder.start();
    return new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
  }
}
