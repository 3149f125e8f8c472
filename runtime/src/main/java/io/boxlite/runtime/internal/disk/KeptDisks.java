package io.boxlite.runtime.internal.disk;

import io.boxlite.api.InvalidStateException;
import io.boxlite.api.StorageException;
import io.boxlite.api.internal.CrashPoint;
import io.boxlite.runtime.internal.layout.Trees;
import io.boxlite.runtime.internal.state.Ulid;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import java.util.function.Supplier;
import java.util.stream.Stream;

/// The disks that never change again: `disks/<id>.qcow2`. A snapshot is one, and what the disk of a
/// box, or another of them, lies over. Nothing counts who needs one: that is in the images and in
/// what boxes say of their snapshots, and [#sweep()] removes what nobody needs.
///
/// Thread-safe. Work that makes or uses one is done within [#using], so that none is swept before
/// it is needed.
public final class KeptDisks {
  /// A read that nothing above has goes through all of them.
  private static final int MAX_DEPTH = 100;

  private static final String SUFFIX = ".qcow2";

  private final Path directory;
  private final Supplier<Roots> roots;
  private final ReentrantReadWriteLock lock = new ReentrantReadWriteLock();

  /// What boxes have.
  ///
  /// @param disks their own, which may be missing
  /// @param kept ids of what their snapshots are
  public record Roots(List<Path> disks, Set<String> kept) {}

  /// Names the directory.
  ///
  /// @param directory an existing one
  /// @param roots tells what boxes have now
  public KeptDisks(Path directory, Supplier<Roots> roots) {
    this.directory = directory;
    this.roots = roots;
  }

  /// Does something while none is swept.
  ///
  /// @param work what to do
  /// @return what it returns
  /// @param <T> of it
  public <T> T using(Supplier<T> work) {
    lock.readLock().lock();
    try {
      return work.get();
    } finally {
      lock.readLock().unlock();
    }
  }

  /// Keeps what a box's disk is now, for ever. The disk is an empty image over that afterwards. At
  /// every moment it has all its data: first the file gets one more name, then an overlay takes
  /// over the name that it had. A VM that has it open writes to the kept file until it goes on in
  /// the overlay; what is read through the overlay is right also if it never does.
  ///
  /// @param disk of the box
  /// @return id of what is kept
  /// @throws InvalidStateException if it lies over too many others
  /// @throws StorageException if the files cannot be made
  public String keep(Path disk) {
    int depth = depth(disk);
    if (depth >= MAX_DEPTH) {
      throw new InvalidStateException(
          "disk_too_deep",
          "disk "
              + disk
              + " lies over "
              + depth
              + " others; export the box and import it, or restore an earlier snapshot");
    }
    String id = Ulid.next(System.currentTimeMillis());
    Path kept = file(id);
    long size = Qcow2Header.read(disk).sizeBytes();
    try {
      sync(disk, StandardOpenOption.WRITE); // also if no flush of the guest was passed on
      Files.createLink(kept, disk);
      sync(directory, StandardOpenOption.READ);
      CrashPoint.reached("snapshot.kept");
      Qcow2Overlay.create(disk, kept, Qcow2Overlay.Backing.QCOW2, size);
      sync(disk.toAbsolutePath().resolveSibling(""), StandardOpenOption.READ);
      CrashPoint.reached("snapshot.overlay");
      return id;
    } catch (IOException e) {
      throw failed(kept, e);
    }
  }

  private static void sync(Path path, StandardOpenOption mode) throws IOException {
    try (FileChannel channel = FileChannel.open(path, mode)) {
      channel.force(true);
    }
  }

  /// Makes a box's disk an empty image over what is kept; what the disk had is lost.
  ///
  /// @param disk of a box without a VM
  /// @param id of what is kept
  /// @throws StorageException if it cannot be made
  public void layOver(Path disk, String id) {
    Path kept = file(id);
    long size = Qcow2Header.read(kept).sizeBytes();
    Qcow2Overlay.create(disk, kept, Qcow2Overlay.Backing.QCOW2, size);
    try {
      sync(disk.toAbsolutePath().resolveSibling(""), StandardOpenOption.READ);
    } catch (IOException e) {
      throw failed(disk, e);
    }
  }

  /// {@return where one is}
  ///
  /// @param id of it
  public Path file(String id) {
    return directory.resolve(id + SUFFIX);
  }

  /// {@return virtual size in bytes}
  ///
  /// @param id of it
  public long virtualBytes(String id) {
    return Qcow2Header.read(file(id)).sizeBytes();
  }

  /// {@return what it takes on the disk in bytes, without those below it}
  ///
  /// @param id of it
  public long bytes(String id) {
    return Trees.bytes(file(id));
  }

  private int depth(Path disk) {
    int depth = 0;
    for (Optional<Path> next = below(disk); next.isPresent(); next = below(next.get())) {
      depth++;
    }
    return depth;
  }

  /// {@return the kept disk that an image lies over}
  private Optional<Path> below(Path image) {
    return Qcow2Header.read(image)
        .backing()
        .map(Path::of)
        .filter(backing -> directory.equals(backing.getParent()));
  }

  /// Removes what nobody needs, unless somebody works with one just now: then the next sweep does.
  ///
  /// @throws StorageException if an image cannot be read; then nothing is removed
  public void sweep() {
    if (!lock.writeLock().tryLock()) {
      return;
    }
    try {
      List<Path> found = files();
      if (found.isEmpty()) {
        return;
      }
      Set<Path> needed = needed();
      found.stream().filter(file -> !needed.contains(file)).forEach(Trees::delete);
    } finally {
      lock.writeLock().unlock();
    }
  }

  private Set<Path> needed() {
    Roots now = roots.get();
    ArrayDeque<Path> open = new ArrayDeque<>();
    now.disks().stream().filter(Files::exists).forEach(open::add);
    Set<Path> needed = new HashSet<>();
    now.kept().stream()
        .map(this::file)
        .filter(Files::exists)
        .filter(needed::add)
        .forEach(open::add);
    while (!open.isEmpty()) {
      below(open.remove()).filter(needed::add).filter(Files::exists).ifPresent(open::add);
    }
    return needed;
  }

  private List<Path> files() {
    List<Path> files = new ArrayList<>();
    try (Stream<Path> entries = Files.list(directory)) {
      entries.forEach(files::add);
      return files;
    } catch (IOException e) {
      throw failed(directory, e);
    }
  }

  private static StorageException failed(Path path, IOException cause) {
    return new StorageException(
        "disk_not_kept",
        "keep disk " + path + ": " + cause + "; check the disk and free space",
        cause,
        Map.of("path", path.toString()));
  }
}
