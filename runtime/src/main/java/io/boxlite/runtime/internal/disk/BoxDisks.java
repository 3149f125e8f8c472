package io.boxlite.runtime.internal.disk;

import io.boxlite.api.BoxOptions;
import io.boxlite.api.StorageException;
import io.boxlite.api.internal.CrashPoint;
import io.boxlite.runtime.internal.layout.Trees;
import java.io.File;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.OpenOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import java.util.stream.Stream;

/// Makes the disks of boxes: a thin QCOW2 file over an empty formatted ext4 base, which all boxes
/// of one disk size share and which is formatted once.
///
/// Thread-safe.
public final class BoxDisks {
  /// Size of a box's disk when none was asked for, in GiB. It takes room only as it is written.
  public static final int DEFAULT_SIZE_GIB = 10;

  private static final long FORMAT_SECONDS = 120;
  private static final String UNFINISHED = ".tmp";

  private final Path bases;
  private final ReentrantLock lock = new ReentrantLock();

  /// Names where the bases lie, and removes what was not finished when an earlier supervisor ended.
  ///
  /// @param bases an existing directory
  /// @throws StorageException if it cannot be read
  public BoxDisks(Path bases) {
    this.bases = bases;
    try (Stream<Path> files = Files.list(bases)) {
      files
          .filter(file -> String.valueOf(file.getFileName()).endsWith(UNFINISHED))
          .forEach(Trees::delete);
    } catch (IOException e) {
      throw failed(bases, e.toString(), e);
    }
  }

  /// Makes a box's disk unless it is there; one that is smaller grows, one that is larger stays so.
  ///
  /// @param disk the file, which no VM has open
  /// @param sizeGib virtual size in GiB
  /// @throws StorageException if it cannot be made or grown
  public void ensure(Path disk, int sizeGib) {
    if (Files.exists(disk)) {
      Qcow2Growth.grow(disk, bytes(sizeGib));
    } else {
      Qcow2Overlay.create(disk, base(sizeGib), Qcow2Overlay.Backing.RAW, bytes(sizeGib));
    }
  }

  /// {@return the same in bytes}
  ///
  /// @param sizeGib size in GiB
  public static long bytes(int sizeGib) {
    return (long) sizeGib << 30;
  }

  /// {@return how large the disk of a box is, in GiB}
  ///
  /// @param options of the box
  public static int sizeGib(BoxOptions options) {
    return options.diskSizeGb().orElse(DEFAULT_SIZE_GIB);
  }

  private Path base(int sizeGib) {
    Path base = bases.resolve("ext4-" + sizeGib + "g.raw");
    lock.lock();
    try {
      if (!Files.exists(base)) {
        Path temporary = bases.resolve(base.getFileName() + UNFINISHED);
        format(temporary, bytes(sizeGib));
        CrashPoint.reached("disk.formatted");
        // An unwritten base after a power failure would spoil every box of that size.
        sync(temporary, StandardOpenOption.WRITE);
        Files.move(temporary, base, StandardCopyOption.ATOMIC_MOVE);
        sync(bases, StandardOpenOption.READ);
      }
      return base;
    } catch (IOException e) {
      throw failed(base, e.toString(), e);
    } finally {
      lock.unlock();
    }
  }

  private static void sync(Path path, OpenOption mode) throws IOException {
    try (FileChannel channel = FileChannel.open(path, mode)) {
      channel.force(true);
    }
  }

  /// Formats a sparse file. The inode tables stay unwritten (the file is zero there anyway), so
  /// even a large disk takes only a few hundred KiB.
  private static void format(Path file, long bytes) throws IOException {
    try (RandomAccessFile sparse = new RandomAccessFile(file.toFile(), "rw")) {
      sparse.setLength(0);
      sparse.setLength(bytes);
    }
    run(
        file,
        "mke2fs",
        "-q",
        "-F",
        "-t",
        "ext4",
        "-m",
        "0",
        "-I",
        "256",
        "-E",
        "lazy_itable_init=1,lazy_journal_init=1,discard,root_owner=0:0",
        "-O",
        "^resize_inode,uninit_bg,metadata_csum",
        "-J",
        "size=16",
        file.toString());
    // What the agent would otherwise make in every box. Owned by root, whoever runs this.
    for (String name : List.of("upper", "work")) {
      run(file, "debugfs", "-w", "-R", "mkdir " + name, file.toString());
    }
  }

  /// Runs a program of e2fsprogs.
  private static void run(Path file, String program, String... arguments) {
    List<String> command = new ArrayList<>(List.of(tool(program)));
    command.addAll(List.of(arguments));
    ProcessBuilder builder = new ProcessBuilder(command);
    builder.redirectErrorStream(true).redirectInput(new File("/dev/null"));
    Process process;
    try {
      process = builder.start();
    } catch (IOException e) {
      throw failed(file, program + " cannot be run; install e2fsprogs", e);
    }
    try (var output = process.getInputStream()) {
      String text = new String(output.readAllBytes(), StandardCharsets.UTF_8).strip();
      if (!process.waitFor(FORMAT_SECONDS, TimeUnit.SECONDS) || process.exitValue() != 0) {
        throw failed(file, program + ": " + text, null);
      }
    } catch (IOException e) {
      throw failed(file, program + ": " + e, e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw failed(file, "interrupted", e);
    } finally {
      process.destroyForcibly();
    }
  }

  /// They lie in a directory that is not on every user's PATH.
  private static String tool(String program) {
    for (String directory : List.of("/usr/sbin", "/sbin")) {
      Path tool = Path.of(directory, program);
      if (Files.isExecutable(tool)) {
        return tool.toString();
      }
    }
    return program;
  }

  private static StorageException failed(
      Path base, String why, @org.jspecify.annotations.Nullable Throwable cause) {
    return new StorageException(
        "disk_not_made",
        "format base disk " + base + ": " + why + "; check the disk and free space",
        cause,
        Map.of("path", base.toString()));
  }
}
