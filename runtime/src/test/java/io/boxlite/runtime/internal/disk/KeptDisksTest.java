package io.boxlite.runtime.internal.disk;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.boxlite.api.InvalidStateException;
import io.boxlite.api.StorageException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class KeptDisksTest {
  private static final long SIZE = 1L << 30;

  @TempDir private Path directory;
  private Path disk;
  private Path kept;
  private final Set<String> snapshots = new HashSet<>();
  private KeptDisks disks;

  @BeforeEach
  void open() throws IOException {
    disk = directory.resolve("disk.qcow2");
    kept = Files.createDirectory(directory.resolve("disks"));
    disks = new KeptDisks(kept, () -> new KeptDisks.Roots(List.of(disk), Set.copyOf(snapshots)));
    Qcow2Overlay.create(disk, directory.resolve("base.raw"), Qcow2Overlay.Backing.RAW, SIZE);
  }

  private List<String> files() throws IOException {
    try (Stream<Path> entries = Files.list(kept)) {
      return entries.map(entry -> entry.getFileName().toString()).sorted().toList();
    }
  }

  @Test
  void keptDiskIsTheFileThatWasAndTheDiskLiesOverIt() throws IOException {
    Object before = Files.getAttribute(disk, "unix:ino");
    String id = disks.keep(disk);
    assertThat(Files.getAttribute(disks.file(id), "unix:ino")).isEqualTo(before);
    assertThat(Qcow2Header.read(disk).backing()).contains(disks.file(id).toString());
    assertThat(disks.virtualBytes(id)).isEqualTo(SIZE);
    assertThat(disks.bytes(id)).isPositive();
  }

  @Test
  void sweepKeepsWhatAnybodyLiesOverAndNothingElse() throws IOException {
    String first = disks.keep(disk);
    String second = disks.keep(disk);
    disks.sweep();
    assertThat(files()).hasSize(2);
    disks.layOver(disk, first);
    snapshots.add(second);
    disks.sweep();
    assertThat(files()).hasSize(2);
    snapshots.clear();
    disks.sweep();
    assertThat(files()).containsExactly(first + ".qcow2");
    Files.delete(disk);
    disks.sweep();
    assertThat(files()).isEmpty();
  }

  @Test
  void nothingIsSweptWhileSomebodyWorksWithIt() throws IOException {
    String id = disks.keep(disk);
    Files.delete(disk);
    disks.using(() -> {
      disks.sweep();
      return true;
    });
    assertThat(files()).containsExactly(id + ".qcow2");
  }

  @Test
  void nothingIsSweptWhenADiskCannotBeRead() throws IOException {
    disks.keep(disk);
    Files.writeString(disk, "damaged");
    assertThatThrownBy(disks::sweep).isInstanceOf(StorageException.class);
    assertThat(files()).hasSize(1);
  }

  @Test
  void chainIsBounded() {
    for (int i = 0; i < 100; i++) {
      disks.keep(disk);
    }
    assertThatThrownBy(() -> disks.keep(disk)).isInstanceOf(InvalidStateException.class);
  }

  @ParameterizedTest
  @CsvSource({
    "0, 1",
    "4, 2",
    "8, 4096",
    "20, 30",
    "24, 2147483647",
    "32, 1",
    "36, 2147483647",
    "60, 1",
    "72, 1",
    "76, 4",
    "100, 8"
  })
  void foreignDiskWithAnythingUnusualIsRefused(int offset, int value) throws IOException {
    Path foreign = directory.resolve("foreign.qcow2");
    Qcow2Overlay.create(foreign, Path.of("x"), Qcow2Overlay.Backing.RAW, SIZE);
    put(foreign, 8, 0);
    put(foreign, 12, 0);
    put(foreign, 16, 0);
    assertThat(Qcow2Header.readForeign(foreign, SIZE).sizeBytes()).isEqualTo(SIZE);
    assertThatThrownBy(() -> Qcow2Header.readForeign(foreign, SIZE - 512))
        .isInstanceOf(StorageException.class);
    put(foreign, offset, value);
    assertThatThrownBy(() -> Qcow2Header.readForeign(foreign, SIZE))
        .isInstanceOf(StorageException.class);
  }

  private static void put(Path file, int offset, int value) throws IOException {
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
      channel.write(ByteBuffer.allocate(Integer.BYTES).putInt(value).flip(), offset);
    }
  }
}
