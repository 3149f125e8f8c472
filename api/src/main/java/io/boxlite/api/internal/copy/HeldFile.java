package io.boxlite.api.internal.copy;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Deque;

/// A file or directory of this host that is held open. A box may write to directories of the host,
/// and so put a link in the place of what was just looked at; what is done through [#path()] is
/// done to the file that was opened, whatever has become of its name.
///
/// By `/proc/self/fd`: Java's own `SecureDirectoryStream` makes no directories and links. Where
/// that is not there, as on macOS, paths are used: no box runs on such a host.
///
/// Confined to one thread.
final class HeldFile implements AutoCloseable {
  private static final Path NUMBERS = Path.of("/proc/self/fd");
  private static final boolean HAS_NUMBERS = Files.isDirectory(NUMBERS);
  private static final int NONE = -1;

  private final int number;
  private final Path path;

  private HeldFile(int number, Path path) {
    this.number = number;
    this.path = number == NONE ? path : NUMBERS.resolve(String.valueOf(number));
  }

  /// Opens a directory; links on the way to it are followed.
  ///
  /// @param follow whether the last name of the path may be a link
  static HeldFile directory(Path path, boolean follow) throws IOException {
    LinkOption[] how = follow ? new LinkOption[0] : new LinkOption[] {LinkOption.NOFOLLOW_LINKS};
    if (!Files.isDirectory(path, how)) {
      throw Files.exists(path, how)
          ? new NotDirectoryException(path.toString())
          : new NoSuchFileException(path.toString());
    }
    return open(path, LibC.O_PATH | LibC.O_DIRECTORY | (follow ? 0 : LibC.O_NOFOLLOW));
  }

  /// Opens a directory, made where it is missing. What is there already may be reached by links,
  /// what is made here may not: a box may put one in its place.
  ///
  /// @param path absolute
  static HeldFile directories(Path path) throws IOException {
    Path there = path;
    Deque<Path> missing = new ArrayDeque<>();
    while (there.getParent() != null && !Files.isDirectory(there)) {
      missing.addFirst(there.getFileName());
      there = there.getParent();
    }
    HeldFile at = directory(there, true);
    for (Path name : missing) {
      try (HeldFile above = at) {
        at = above.made(name);
      }
    }
    return at;
  }

  /// Opens a directory of this one, made if it is missing; not through a link.
  HeldFile made(Path name) throws IOException {
    if (!Files.exists(path(name), LinkOption.NOFOLLOW_LINKS)) {
      Files.createDirectory(path(name));
    }
    return child(name);
  }

  /// Opens a directory of this one; not through a link.
  HeldFile child(Path name) throws IOException {
    if (!Files.isDirectory(path(name), LinkOption.NOFOLLOW_LINKS)) {
      throw new FileSystemException(
          name.toString(), null, "is not a directory, and links are not followed");
    }
    return open(path(name), LibC.O_PATH | LibC.O_DIRECTORY | LibC.O_NOFOLLOW);
  }

  /// Opens this directory once more.
  HeldFile again() throws IOException {
    return open(path, LibC.O_PATH | LibC.O_DIRECTORY);
  }

  /// Makes an empty file in this directory, which only this user may read and write.
  HeldFile create(Path name) throws IOException {
    if (!HAS_NUMBERS) {
      return new HeldFile(NONE, Files.createFile(path(name)));
    }
    return open(path(name), LibC.O_WRONLY | LibC.O_CREAT | LibC.O_EXCL | LibC.O_NOFOLLOW);
  }

  /// Opens a regular file for reading, without waiting for whoever writes into a pipe that has come
  /// into its place.
  ///
  /// @param follow whether the last name of the path may be a link
  static HeldFile file(Path path, boolean follow) throws IOException {
    HeldFile file = open(path, LibC.O_NONBLOCK | (follow ? 0 : LibC.O_NOFOLLOW));
    if (!Files.isRegularFile(file.path)) {
      file.close();
      throw new NoSuchFileException(String.valueOf(path.getFileName()));
    }
    return file;
  }

  private static HeldFile open(Path path, int flags) throws IOException {
    return new HeldFile(HAS_NUMBERS ? LibC.open(path, flags) : NONE, path);
  }

  /// {@return how to name it as long as it is open; only to be followed}
  Path path() {
    return path;
  }

  /// {@return how to name a file of this directory as long as this is open; not to be followed}
  ///
  /// @param name has one element
  Path path(Path name) {
    return path.resolve(name);
  }

  @Override
  public void close() {
    if (number != NONE) {
      LibC.close(number);
    }
  }

  /// Two calls of the C library. Loaded by whoever copies only.
  private static final class LibC {
    private static final boolean ARM = System.getProperty("os.arch").equals("aarch64");

    // asm-generic/fcntl.h, and arch/arm64/include/uapi/asm/fcntl.h, of Linux
    static final int O_WRONLY = 1;
    static final int O_CREAT = 0100;
    static final int O_EXCL = 0200;
    static final int O_NONBLOCK = 04000;
    static final int O_DIRECTORY = ARM ? 040000 : 0200000;
    static final int O_NOFOLLOW = ARM ? 0100000 : 0400000;
    static final int O_CLOEXEC = 02000000;
    static final int O_PATH = 010000000;
    private static final int PRIVATE = 0600;
    private static final int ENOENT = 2;
    private static final int EACCES = 13;
    private static final int EEXIST = 17;
    private static final int ENOTDIR = 20;
    private static final int ELOOP = 40;

    private static final Linker LINKER = Linker.nativeLinker();
    private static final MethodHandle OPEN =
        handle(
            "open",
            FunctionDescriptor.of(
                ValueLayout.JAVA_INT,
                ValueLayout.ADDRESS,
                ValueLayout.JAVA_INT,
                ValueLayout.JAVA_INT),
            Linker.Option.firstVariadicArg(2),
            Linker.Option.captureCallState("errno"));
    private static final MethodHandle CLOSE =
        handle("close", FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.JAVA_INT));

    private LibC() {}

    @SuppressWarnings("restricted") // the signatures are those of open(2) and close(2)
    private static MethodHandle handle(
        String name, FunctionDescriptor type, Linker.Option... options) {
      return LINKER.downcallHandle(LINKER.defaultLookup().findOrThrow(name), type, options);
    }

    static int open(Path path, int flags) throws IOException {
      try (Arena arena = Arena.ofConfined()) {
        MemorySegment state = arena.allocate(Linker.Option.captureStateLayout());
        int number =
            (int)
                OPEN.invokeExact(
                    state,
                    arena.allocateFrom(PathBytes.of(path), ISO_8859_1),
                    flags | O_CLOEXEC,
                    PRIVATE);
        if (number >= 0) {
          return number;
        }
        throw failure(path, state.get(ValueLayout.JAVA_INT, 0));
      } catch (IOException | RuntimeException | Error e) {
        throw e;
      } catch (Throwable e) {
        throw new AssertionError(e);
      }
    }

    private static IOException failure(Path path, int errno) {
      String name = String.valueOf(path.getFileName());
      return switch (errno) {
        case ENOENT -> new NoSuchFileException(name);
        case EACCES -> new AccessDeniedException(name);
        case EEXIST -> new FileAlreadyExistsException(name);
        case ENOTDIR -> new NotDirectoryException(name);
        case ELOOP -> new FileSystemException(name, null, "is a link, which is not followed");
        default -> new FileSystemException(name, null, "cannot be opened (errno " + errno + ")");
      };
    }

    static void close(int number) {
      try {
        var _ = (int) CLOSE.invokeExact(number);
      } catch (Throwable e) {
        throw new AssertionError(e);
      }
    }
  }
}
