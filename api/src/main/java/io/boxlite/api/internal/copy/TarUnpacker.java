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
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/// Makes files of this host of one hostile tar: nothing outside of the target is touched. No link
/// below the target is ever followed, neither one that the archive made nor one that was there or
/// is put there meanwhile.
///
/// Confined to one thread.
final class TarUnpacker {
  private static final LinkOption NOFOLLOW = LinkOption.NOFOLLOW_LINKS;
  private static final int BUFFER = 64 * 1024;
  private static final int MAX_PATH = 4096; // of Linux

  private final boolean overwrite;
  private final boolean renameTop;
  private final boolean trailingSlash;
  private final Path target;
  private final int targetLength;
  private final SkipList skipped = new SkipList();
  private final byte[] buffer = new byte[BUFFER];
  private final byte[] zeros = new byte[BUFFER];

  private boolean inside; // entries go below the target
  private boolean any; // an entry has come
  private @Nullable Path top;
  private @Nullable Single single;
  private @Nullable Descent descent;

  /// What may be the only entry of the archive: it waits beside the target, under another name.
  private record Single(List<Path> name, HeldFile parent, Path temporary) {}

  /// @param target as the user wrote it
  /// @param overwrite whether it may exist
  /// @param renameTop whether it takes the place of the only file at the archive's top
  TarUnpacker(Path target, boolean overwrite, boolean renameTop) {
    Path last = target.getFileName();
    this.trailingSlash =
        last != null && (last.toString().equals(".") || last.toString().equals(".."));
    this.target = target.toAbsolutePath().normalize();
    this.targetLength = PathBytes.of(this.target).length();
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
    } catch (IOException e) {
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
    if (inside) { // a link that is there is the user's word, one that comes later is not
      descent = new Descent(HeldFile.directory(target, Files.isSymbolicLink(target)));
    } else if (trailingSlash) {
      makeTarget();
    }
  }

  private void makeTarget() throws IOException {
    if (Files.exists(target, NOFOLLOW)) {
      throw new IOException("it is not a directory");
    }
    descent = new Descent(HeldFile.directories(target));
    inside = true;
  }

  private void add(TarEntry entry, TarReader content) throws IOException {
    List<Path> name = components(entry.name());
    boolean regular = entry.type() == TarEntry.Type.FILE;
    if (!inside && !(renameTop && (top != null || !name.isEmpty()))) {
      if (!any && regular && !name.isEmpty()) {
        any = true;
        single = new Single(name, openParent(), Path.of(".boxlite-" + UUID.randomUUID()));
        file(single.parent, single.temporary, entry, content);
        return;
      }
      makeTarget();
      placeSingle();
    }
    any = true;
    if (name.isEmpty()) {
      return; // the target itself
    }
    make(path(name), entry, content);
  }

  /// Opens the directory that the target is in; where that is, is the user's word.
  private HeldFile openParent() throws IOException {
    Path parent = target.getParent();
    return HeldFile.directories(parent == null ? target : parent);
  }

  private Path targetName() throws IOException {
    Path name = target.getFileName();
    if (name == null) {
      throw new IOException("it is the root directory");
    }
    return name;
  }

  private Descent descent() throws IOException {
    Descent known = descent;
    if (known == null) {
      known = new Descent(openParent());
      descent = known;
    }
    return known;
  }

  private void placeSingle() throws IOException {
    Single waiting = single;
    if (waiting != null) {
      List<Path> path = path(waiting.name);
      Files.move(
          waiting.parent.path(waiting.temporary), descent().parentOf(path).path(path.getLast()));
      waiting.parent.close();
      single = null;
    }
  }

  private void finish() throws IOException {
    Single only = single;
    if (only != null) {
      Files.move(
          only.parent.path(only.temporary),
          only.parent.path(targetName()),
          StandardCopyOption.REPLACE_EXISTING);
      only.parent.close();
      single = null;
    } else if (!inside && top == null) {
      makeTarget(); // an archive of nothing
    }
    if (descent != null) {
      descent.finish();
    }
  }

  private void abandon() {
    Single waiting = single;
    if (waiting != null) {
      try {
        Files.deleteIfExists(waiting.parent.path(waiting.temporary));
      } catch (IOException e) {
        // What went wrong before says more.
      }
      waiting.parent.close();
    }
    if (descent != null) {
      descent.close();
    }
  }

  /// {@return the components of a name of the archive; none: the top itself}
  private List<Path> components(String name) throws IOException {
    int length = targetLength + 1 + name.length();
    if (length >= MAX_PATH) {
      // One name after the other could be made, but no program could use it, nor remove it.
      throw new IOException("the archive is hostile: a name of " + length + " bytes");
    }
    List<Path> parts = new ArrayList<>();
    for (String part : name.split("/", -1)) {
      if (part.equals("..")) {
        throw new IOException(
            "the archive is hostile: entry '" + decoded(name) + "' contains '..'");
      }
      if (!part.isEmpty() && !part.equals(".")) {
        parts.add(PathBytes.path(part));
      }
    }
    return parts;
  }

  /// {@return what a message says of bytes, which are UTF-8 or whatever}
  static String decoded(String latin1) {
    byte[] bytes = latin1.getBytes(ISO_8859_1);
    String text = new String(bytes, UTF_8);
    return java.util.Arrays.equals(text.getBytes(UTF_8), bytes) ? text : latin1;
  }

  /// {@return where an entry goes, from the directory that is held open first}
  private List<Path> path(List<Path> name) throws IOException {
    if (inside) {
      return name;
    }
    if (top == null) {
      top = name.getFirst();
    }
    if (!name.getFirst().equals(top)) {
      throw new IOException("the archive has more than one file at its top");
    }
    List<Path> path = new ArrayList<>(name);
    path.set(0, targetName());
    return path;
  }

  private void make(List<Path> path, TarEntry entry, TarReader content) throws IOException {
    Path name = path.getLast();
    switch (entry.type()) {
      case FILE -> {
        HeldFile parent = descent().parentOf(path);
        clear(parent.path(name));
        file(parent, name, entry, content);
      }
      case DIRECTORY -> directory(path, entry);
      case SYMBOLIC_LINK -> {
        Path link = descent().parentOf(path).path(name);
        clear(link);
        Files.createSymbolicLink(link, PathBytes.path(entry.linkName()));
      }
      case HARD_LINK -> hardLink(path, entry);
      case CHARACTER_DEVICE, BLOCK_DEVICE, FIFO ->
          skipped.add("'" + decoded(entry.name()) + "' was skipped: it is a device or FIFO");
    }
  }

  private void directory(List<Path> path, TarEntry entry) throws IOException {
    Path directory = descent().parentOf(path).path(path.getLast());
    if (Files.isDirectory(directory, NOFOLLOW)) {
      return; // as it is
    }
    if (Files.exists(directory, NOFOLLOW)) {
      throw new IOException("'" + decoded(entry.name()) + "' is not a directory");
    }
    Files.createDirectory(directory);
    descent().enter(path.getLast(), made -> attributes(made.path(), entry));
  }

  private void hardLink(List<Path> path, TarEntry entry) throws IOException {
    List<Path> to = path(components(entry.linkName()));
    if (to.equals(path)) {
      return;
    }
    try (HeldFile directory = descent().open(to.subList(0, to.size() - 1))) {
      Path existing = directory.path(to.getLast());
      if (!Files.isRegularFile(existing, NOFOLLOW)) {
        throw new IOException(
            "hard link to '" + decoded(entry.linkName()) + "', which is not a file");
      }
      Path link = descent().parentOf(path).path(path.getLast());
      clear(link);
      Files.createLink(link, existing);
    }
  }

  /// Takes away what is in the place of a new file.
  private static void clear(Path path) throws IOException {
    if (Files.isDirectory(path, NOFOLLOW)) {
      throw new IOException(
          "'" + path.getFileName() + "' is a directory: it is not replaced by something else");
    }
    Files.deleteIfExists(path);
  }

  private void file(HeldFile parent, Path name, TarEntry entry, TarReader content)
      throws IOException {
    try (HeldFile file = parent.create(name)) {
      write(file.path(), entry, content);
      attributes(file.path(), entry);
    }
  }

  private void write(Path path, TarEntry entry, TarReader content) throws IOException {
    try (SeekableByteChannel out = Files.newByteChannel(path, StandardOpenOption.WRITE)) {
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

  private static void attributes(Path held, TarEntry entry) throws IOException {
    Files.setLastModifiedTime(
        held, FileTime.from(Instant.ofEpochSecond(entry.mtimeSeconds(), entry.mtimeNanos())));
    Files.setPosixFilePermissions(held, permissions(entry.mode()));
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
