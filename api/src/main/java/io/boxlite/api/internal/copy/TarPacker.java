package io.boxlite.api.internal.copy;

import io.boxlite.api.ConfigException;
import io.boxlite.api.CopyOptions;
import io.boxlite.api.NotFoundException;
import io.boxlite.api.StorageException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.DirectoryStream;
import java.nio.file.FileSystemLoopException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileTime;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Deque;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/// A file or directory of this host as a tar, made while it is read. Files may change meanwhile:
/// one that vanishes is left out, one that grows or shrinks has the size that it had at first.
/// Links below the source are followed only when that is wanted, whoever puts them there meanwhile.
///
/// Confined to one thread.
final class TarPacker extends InputStream {
  private static final int TYPE_MASK = 0170000;
  private static final int MAX_LINKS = 200_000;
  private static final LinkOption[] NOFOLLOW = {LinkOption.NOFOLLOW_LINKS};

  private final Path source;
  private final boolean follow;
  private final SkipList skipped = new SkipList();
  private final Map<Inode, String> links = new HashMap<>();
  private final Deque<Directory> directories = new ArrayDeque<>();
  private final boolean directory;

  private ByteBuffer head = ByteBuffer.allocate(0);
  private @Nullable FileChannel content;
  private long announced; // size of the content
  private long remaining; // of it
  private boolean shrunk; // what remains is sent as zeros
  private boolean over;

  private record Inode(Object device, Object number) {}

  /// A directory whose files are being sent; `prefix` is its name in the tar and a slash, as bytes.
  private record Directory(
      HeldFile held,
      DirectoryStream<Path> stream,
      Iterator<Path> files,
      String prefix,
      Inode inode) {
    void close() throws IOException {
      held.close();
      stream.close();
    }
  }

  /// Opens what is being sent.
  private interface Opening {
    HeldFile open() throws IOException;
  }

  private record Attributes(int mode, long size, FileTime modified, int links, Inode inode) {
    static Attributes of(Path path, LinkOption... how) throws IOException {
      Map<String, Object> all =
          Files.readAttributes(path, "unix:mode,size,lastModifiedTime,nlink,dev,ino", how);
      return new Attributes(
          of(all, "mode", Integer.class),
          of(all, "size", Long.class),
          of(all, "lastModifiedTime", FileTime.class),
          of(all, "nlink", Integer.class),
          new Inode(of(all, "dev", Object.class), of(all, "ino", Object.class)));
    }

    private static <T> T of(Map<String, Object> all, String name, Class<T> type) {
      return type.cast(Objects.requireNonNull(all.get(name), name));
    }

    char type() {
      return switch (mode & TYPE_MASK) {
        case 0100000 -> '0';
        case 0120000 -> '2';
        case 0040000 -> '5';
        default -> '?';
      };
    }
  }

  private TarPacker(Path source, CopyOptions options, boolean contents) throws IOException {
    this.source = source;
    this.follow = options.followSymlinks();
    Attributes top = follow ? Attributes.of(source) : Attributes.of(source, NOFOLLOW);
    directory = top.type() == '5';
    if (directory && !options.recursive()) {
      throw new ConfigException(
          "is_directory", "'" + source + "' is a directory: copy it with recursive");
    }
    if (top.type() == '?') {
      throw new ConfigException(
          "not_copyable", "'" + source + "' cannot be copied: it is a device, FIFO or socket");
    }
    Path named = source.toAbsolutePath().normalize();
    begin(
        source,
        (directory && contents) || named.getFileName() == null ? "." : PathBytes.name(named),
        top,
        () -> directory ? HeldFile.directory(source, follow) : HeldFile.file(source, follow));
  }

  /// Begins; a source whose last name is a link is not followed unless that is wanted, but `link/.`
  /// is where it leads.
  ///
  /// @param contents whether only what is in a directory is wanted
  static TarPacker of(Path source, CopyOptions options, boolean contents) {
    try {
      return new TarPacker(source, options, contents);
    } catch (NoSuchFileException e) {
      throw new NotFoundException(
          "path_not_found", "'" + source + "': no such file or directory", e, Map.of());
    } catch (IOException e) {
      throw unreadable(source, e);
    }
  }

  private static StorageException unreadable(Path path, IOException e) {
    return new StorageException("copy_failed", "cannot read '" + path + "': " + e, e, Map.of());
  }

  boolean isDirectory() {
    return directory;
  }

  List<String> skipped() {
    return skipped.toList();
  }

  @Override
  public int read() throws IOException {
    byte[] one = new byte[1];
    return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
  }

  @Override
  public int read(byte[] target, int offset, int length) throws IOException {
    if (length == 0) {
      return 0;
    }
    while (!head.hasRemaining() && remaining == 0) {
      if (over) {
        return -1;
      }
      advance();
    }
    if (head.hasRemaining()) {
      int count = Math.min(length, head.remaining());
      head.get(target, offset, count);
      return count;
    }
    int count = (int) Math.min(length, remaining);
    FileChannel from = content;
    if (from != null && !shrunk) {
      int read = from.read(ByteBuffer.wrap(target, offset, count));
      shrunk = read < 0;
      count = shrunk ? count : read;
    }
    if (shrunk) {
      Arrays.fill(target, offset, offset + count, (byte) 0);
    }
    remaining -= count;
    if (remaining == 0) {
      closeContent();
    }
    return count;
  }

  private void closeContent() throws IOException {
    FileChannel from = content;
    content = null;
    if (from != null) {
      head = ByteBuffer.allocate((int) (-announced & (PaxHeader.BLOCK - 1)));
      from.close();
    }
  }

  /// Goes on to the next file.
  private void advance() throws IOException {
    Directory inside = directories.peek();
    if (inside == null) {
      head = ByteBuffer.allocate(2 * PaxHeader.BLOCK);
      over = true;
      return;
    }
    if (!inside.files.hasNext()) {
      directories.pop().close();
      return;
    }
    Path name = Objects.requireNonNull(inside.files.next().getFileName());
    Path file = inside.held.path(name);
    String whole = inside.prefix + PathBytes.name(file);
    try {
      Attributes attributes = Attributes.of(file, NOFOLLOW);
      boolean followed = follow && attributes.type() == '2' && Files.exists(file);
      Attributes of = followed ? Attributes.of(file) : attributes;
      boolean below = of.type() == '5';
      begin(
          file,
          whole,
          of,
          followed
              ? () -> below ? HeldFile.directory(file, true) : HeldFile.file(file, true)
              : () -> below ? inside.held.child(name) : HeldFile.file(file, false));
    } catch (NoSuchFileException e) {
      skipped.add("'" + TarUnpacker.decoded(whole) + "' has vanished");
    } catch (FileSystemLoopException e) {
      skipped.add(
          "'" + TarUnpacker.decoded(whole) + "' was skipped: it is a link to a directory above it");
    }
  }

  private void begin(Path file, String name, Attributes a, Opening opening) throws IOException {
    switch (a.type()) {
      case '5' -> enter(opening.open(), name);
      case '2' -> head('2', name, PathBytes.of(Files.readSymbolicLink(file)), a, 0);
      case '0' -> {
        String first = a.links > 1 ? links.get(a.inode) : null;
        if (first != null) {
          head('1', name, first, a, 0);
          return;
        }
        try (HeldFile held = opening.open()) {
          send(held.path(), name);
        }
      }
      default ->
          skipped.add(
              "'" + TarUnpacker.decoded(name) + "' was skipped: it is a device, FIFO or socket");
    }
  }

  @SuppressWarnings("StreamResourceLeak") // closed when its directory is left, or with this
  private void enter(HeldFile held, String name) throws IOException {
    try {
      Attributes a = Attributes.of(held.path());
      for (Directory above : directories) {
        if (above.inode.equals(a.inode)) {
          throw new FileSystemLoopException(name);
        }
      }
      DirectoryStream<Path> stream = Files.newDirectoryStream(held.path());
      String prefix = name.equals(".") ? "" : name + "/";
      directories.push(new Directory(held, stream, stream.iterator(), prefix, a.inode));
      head('5', name + "/", "", a, 0);
    } catch (IOException | RuntimeException e) {
      held.close();
      throw e;
    }
  }

  private void send(Path held, String name) throws IOException {
    Attributes a = Attributes.of(held);
    content = FileChannel.open(held, StandardOpenOption.READ);
    announced = a.size;
    remaining = a.size;
    shrunk = false;
    head('0', name, "", a, a.size);
    if (remaining == 0) {
      ByteBuffer header = head;
      closeContent();
      head = header;
    }
    if (a.links > 1 && links.size() < MAX_LINKS) { // beyond that, a copy of its own
      links.put(a.inode, name); // only of what has come into the archive
    }
  }

  private void head(char type, String name, String link, Attributes a, long size) {
    head =
        ByteBuffer.wrap(
            new PaxHeader(type, name, link, a.mode & 07777, size, a.modified.toInstant())
                .toBytes());
  }

  @Override
  public void close() {
    over = true;
    try {
      FileChannel from = content;
      if (from != null) {
        from.close();
      }
      for (Directory open : directories) {
        open.close();
      }
      directories.clear();
    } catch (IOException e) {
      throw unreadable(source, e);
    }
  }
}
