package io.boxlite.api.internal.copy;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;

import io.boxlite.api.StorageException;
import io.boxlite.api.internal.tar.TarEntry;
import io.boxlite.api.internal.tar.TarReader;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.channels.SeekableByteChannel;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributeView;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/// Makes files of this host of one hostile tar: nothing outside of the target is touched. No link
/// below the target is ever followed, neither one that the archive made nor one that was there.
///
/// Confined to one thread.
final class TarUnpacker {
  private static final LinkOption NOFOLLOW = LinkOption.NOFOLLOW_LINKS;
  private static final int BUFFER = 64 * 1024;

  private final boolean overwrite;
  private final boolean renameTop;
  private final boolean trailingSlash;
  private final Path target;
  private final SkipList skipped = new SkipList();
  private final byte[] buffer = new byte[BUFFER];
  private final byte[] zeros = new byte[BUFFER];

  private boolean inside; // entries go below the target
  private boolean any; // an entry has come
  private @Nullable String top;
  private @Nullable Single single;
  private @Nullable Path checkedParent;
  private final Deque<MadeDirectory> made = new ArrayDeque<>();

  /// What may be the only entry of the archive: it waits at `temporary`.
  private record Single(List<String> name, Path temporary) {}

  /// A directory that gets its mode and time when nothing more is made in it.
  private record MadeDirectory(Path path, TarEntry entry) {}

  /// @param target as the user wrote it
  /// @param overwrite whether it may exist
  /// @param renameTop whether it takes the place of the only file at the archive's top
  TarUnpacker(Path target, boolean overwrite, boolean renameTop) {
    String text = target.toString();
    this.trailingSlash = text.equals(".") || text.endsWith("/.") || text.endsWith("..");
    this.target = target.toAbsolutePath().normalize();
    this.overwrite = overwrite;
    this.renameTop = renameTop;
  }

  List<String> skipped() {
    return skipped.toList();
  }

  /// Unpacks.
  ///
  /// @param tar read to its end
  void unpack(InputStream tar) {
    try {
      place();
      TarReader reader = new TarReader(tar);
      reader.onComment(skipped::addComment);
      Optional<TarEntry> entry = reader.next();
      while (entry.isPresent()) {
        add(entry.get(), reader);
        entry = reader.next();
      }
      reader.drain();
      finish();
    } catch (IOException | InvalidPathException e) {
      throw new StorageException(
          "copy_failed", "cannot copy to '" + target + "': " + why(e), e, Map.of());
    } finally {
      abandon();
    }
  }

  private static String why(Exception e) {
    return e instanceof FileAlreadyExistsException && e.getMessage() != null
        ? e.getMessage() + " exists"
        : String.valueOf(e.getMessage());
  }

  private void place() throws IOException {
    boolean exists = Files.exists(target, NOFOLLOW);
    if (exists && !overwrite) {
      throw new StorageException(
          "destination_exists", "destination " + target + " exists and overwrite=false");
    }
    inside = Files.isDirectory(target);
    if (trailingSlash && !inside) {
      makeTarget();
    }
  }

  private void makeTarget() throws IOException {
    if (Files.exists(target, NOFOLLOW)) {
      throw new IOException("it is not a directory");
    }
    Files.createDirectories(target);
    inside = true;
  }

  private void add(TarEntry entry, TarReader content) throws IOException {
    List<String> name = components(entry.name());
    boolean regular = entry.type() == TarEntry.Type.FILE;
    if (!inside && !(renameTop && (top != null || !name.isEmpty()))) {
      if (!any && regular && !name.isEmpty()) {
        any = true;
        Path parent = parent();
        Files.createDirectories(parent);
        single = new Single(name, parent.resolve(".boxlite-" + UUID.randomUUID()));
        file(single.temporary, entry, content);
        return;
      }
      makeTarget();
      placeSingle();
    }
    any = true;
    if (name.isEmpty()) {
      return; // the target itself
    }
    Path path = path(name);
    closeDirectories(path);
    make(path, entry, content);
  }

  private Path parent() {
    Path parent = target.getParent();
    return parent == null ? target : parent;
  }

  private void placeSingle() throws IOException {
    Single waiting = single;
    if (waiting != null) {
      Path path = path(waiting.name);
      checkParent(path);
      Files.move(waiting.temporary, path);
      single = null;
    }
  }

  private void finish() throws IOException {
    Single only = single;
    if (only != null) {
      Files.move(only.temporary, target, StandardCopyOption.REPLACE_EXISTING);
      single = null;
    } else if (!inside && top == null) {
      makeTarget(); // an archive of nothing
    }
    closeDirectories(null);
  }

  private void abandon() {
    Single waiting = single;
    if (waiting != null) {
      try {
        Files.deleteIfExists(waiting.temporary);
      } catch (IOException e) {
        // What went wrong before says more.
      }
    }
  }

  /// {@return the components of a name of the archive; none: the top itself}
  private static List<String> components(String name) throws IOException {
    String text = decoded(name);
    List<String> parts =
        java.util.Arrays.stream(text.split("/", -1))
            .filter(part -> !part.isEmpty() && !part.equals("."))
            .toList();
    if (parts.contains("..")) {
      throw new IOException("the archive is hostile: entry '" + text + "' contains '..'");
    }
    return parts;
  }

  // The bytes of names are UTF-8, or whatever: then they keep one character each.
  static String decoded(String latin1) {
    byte[] bytes = latin1.getBytes(ISO_8859_1);
    String text = new String(bytes, UTF_8);
    return java.util.Arrays.equals(text.getBytes(UTF_8), bytes) ? text : latin1;
  }

  private Path path(List<String> name) throws IOException {
    int from = 0;
    if (!inside) {
      if (top == null) {
        top = name.getFirst();
      }
      if (!name.getFirst().equals(top)) {
        throw new IOException("the archive has more than one file at its top");
      }
      from = 1;
    }
    Path path = target;
    for (String part : name.subList(from, name.size())) {
      path = path.resolve(part);
    }
    return path;
  }

  /// Makes sure that the directory of a path is one, without following links, and there.
  private void checkParent(Path path) throws IOException {
    Path parent =
        path.equals(target) ? parent() : java.util.Objects.requireNonNull(path.getParent());
    if (parent.equals(checkedParent)) {
      return;
    }
    if (path.equals(target)) {
      Files.createDirectories(parent); // where it is, is the user's word
    } else {
      Path at = target;
      checkDirectory(at, inside);
      for (Path part : target.relativize(parent)) {
        at = part.toString().isEmpty() ? at : at.resolve(part);
        checkDirectory(at, at.equals(target) && inside);
      }
    }
    checkedParent = parent;
  }

  private static void checkDirectory(Path path, boolean ofUser) throws IOException {
    if (ofUser || Files.isDirectory(path, NOFOLLOW)) {
      return; // the target may be a link to a directory
    }
    if (Files.exists(path, NOFOLLOW)) {
      throw new IOException("'" + path + "' is not a directory, and links are not followed");
    }
    Files.createDirectory(path);
  }

  private void make(Path path, TarEntry entry, TarReader content) throws IOException {
    switch (entry.type()) {
      case FILE -> {
        checkParent(path);
        file(path, entry, content);
      }
      case DIRECTORY -> {
        checkParent(path);
        directory(path, entry);
      }
      case SYMBOLIC_LINK -> {
        checkParent(path);
        clear(path);
        Files.createSymbolicLink(path, Path.of(decoded(entry.linkName())));
      }
      case HARD_LINK -> hardLink(path, entry);
      case CHARACTER_DEVICE, BLOCK_DEVICE, FIFO ->
          skipped.add("'" + decoded(entry.name()) + "' was skipped: it is a device or FIFO");
    }
  }

  private void directory(Path path, TarEntry entry) throws IOException {
    if (Files.isDirectory(path, NOFOLLOW)) {
      return; // as it is
    }
    if (Files.exists(path, NOFOLLOW)) {
      throw new IOException("'" + path + "' is not a directory");
    }
    Files.createDirectory(path);
    made.push(new MadeDirectory(path, entry));
  }

  private void closeDirectories(@Nullable Path next) throws IOException {
    while (!made.isEmpty() && (next == null || !next.startsWith(made.getFirst().path))) {
      MadeDirectory done = made.pop();
      if (Files.isDirectory(done.path, NOFOLLOW)) {
        attributes(done.path, done.entry);
      }
    }
  }

  private void hardLink(Path path, TarEntry entry) throws IOException {
    List<String> name = components(entry.linkName());
    Path existing = path(name);
    if (existing.equals(path)) {
      return;
    }
    Path at = target;
    for (Path part : target.relativize(existing)) {
      if (!Files.isDirectory(at, NOFOLLOW) && !(at.equals(target) && inside)) {
        throw new IOException("hard link to '" + existing + "': links are not followed");
      }
      at = at.resolve(part);
    }
    if (!Files.isRegularFile(existing, NOFOLLOW)) {
      throw new IOException("hard link to '" + existing + "', which is not a file");
    }
    checkParent(path);
    clear(path);
    Files.createLink(path, existing);
  }

  /// Takes away what is in the place of a new file.
  private static void clear(Path path) throws IOException {
    if (Files.isDirectory(path, NOFOLLOW)) {
      throw new IOException("'" + path + "' is a directory: it is not replaced by something else");
    }
    Files.deleteIfExists(path);
  }

  private void file(Path path, TarEntry entry, TarReader content) throws IOException {
    clear(path);
    try (SeekableByteChannel out =
        Files.newByteChannel(path, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
      long written = 0;
      for (TarEntry.Segment segment : entry.segments()) {
        long at = segment.offset();
        long end = at + segment.length();
        while (at < end) {
          int count = fill(content, (int) Math.min(BUFFER, end - at));
          if (!isZero(count)) {
            out.position(at);
            ByteBuffer bytes = ByteBuffer.wrap(buffer, 0, count);
            while (bytes.hasRemaining()) {
              out.write(bytes);
            }
            written = at + count;
          }
          at += count;
        }
      }
      if (written < entry.size()) { // it ends in a hole
        out.position(entry.size() - 1).write(ByteBuffer.allocate(1));
      }
    }
    attributes(path, entry);
  }

  private int fill(TarReader content, int wanted) throws IOException {
    int count = 0;
    while (count < wanted) {
      int read = content.read(buffer, count, wanted - count);
      if (read < 0) {
        throw new IOException("the archive ends within '" + wanted + "' bytes of a file");
      }
      count += read;
    }
    return count;
  }

  private boolean isZero(int count) {
    return java.util.Arrays.equals(buffer, 0, count, zeros, 0, count);
  }

  private static void attributes(Path path, TarEntry entry) throws IOException {
    Files.setPosixFilePermissions(path, permissions(entry.mode()));
    Files.getFileAttributeView(path, BasicFileAttributeView.class, NOFOLLOW)
        .setTimes(
            FileTime.from(Instant.ofEpochSecond(entry.mtimeSeconds(), entry.mtimeNanos())),
            null,
            null);
  }

  // Set-id bits have no place here: on this host they would give the box's programs rights.
  private static Set<PosixFilePermission> permissions(int mode) {
    StringBuilder letters = new StringBuilder("rwxrwxrwx");
    for (int i = 0; i < letters.length(); i++) {
      if ((mode & (0400 >> i)) == 0) {
        letters.setCharAt(i, '-');
      }
    }
    return PosixFilePermissions.fromString(letters.toString());
  }
}
