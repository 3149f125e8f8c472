package io.boxlite.network;

import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.FileChannel;
import java.nio.file.ClosedWatchServiceException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.StandardWatchEventKinds;
import java.nio.file.WatchKey;
import java.nio.file.WatchService;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/// Reads the file of an [EgressLog], and follows it when it is set aside meanwhile. Confined to one
/// thread, but [#close] may come from any.
final class EgressLogStream extends InputStream {
  /// How long an end can go unnoticed when nothing more is written.
  private static final long RECHECK_MILLIS = 500;

  private final Path file;
  private final BooleanSupplier goesOn;
  private final @Nullable WatchService watch;
  private final Deque<Part> parts = new ArrayDeque<>();
  private volatile boolean closed;

  /// @param key tells the file whatever its name becomes
  private record Part(FileChannel channel, Object key) {}

  private EgressLogStream(Path file, BooleanSupplier goesOn, @Nullable WatchService watch) {
    this.file = file;
    this.goesOn = goesOn;
    this.watch = watch;
  }

  static EgressLogStream open(Path file, boolean follow, BooleanSupplier goesOn)
      throws IOException {
    // Watched before it is looked at: nothing comes in between.
    EgressLogStream stream = new EgressLogStream(file, goesOn, follow ? watch(file) : null);
    try {
      stream.openAll();
      return stream;
    } catch (IOException | RuntimeException e) {
      stream.close();
      throw e;
    }
  }

  private static WatchService watch(Path file) throws IOException {
    Path directory = Objects.requireNonNull(file.toAbsolutePath().getParent());
    WatchService watch = directory.getFileSystem().newWatchService();
    try {
      directory.register(
          watch, StandardWatchEventKinds.ENTRY_MODIFY, StandardWatchEventKinds.ENTRY_CREATE);
      return watch;
    } catch (IOException e) {
      watch.close();
      throw e;
    }
  }

  private void openAll() throws IOException {
    Path previous = EgressLogFile.previous(file);
    while (true) {
      Optional<Part> older = part(previous);
      older.ifPresent(this::add);
      part(file).ifPresent(this::add);
      if (key(previous).equals(older.map(Part::key))) {
        return;
      }
      drop(); // it was set aside in between
    }
  }

  private synchronized void add(Part part) {
    parts.add(part);
    if (closed) {
      drop();
    }
  }

  private synchronized @Nullable Part first() {
    return parts.peek();
  }

  private synchronized boolean isLast() {
    return parts.size() <= 1;
  }

  private synchronized void dropFirst() {
    closeQuietly(parts.remove());
  }

  private synchronized void drop() {
    parts.forEach(EgressLogStream::closeQuietly);
    parts.clear();
  }

  private static void closeQuietly(Part part) {
    try {
      part.channel.close();
    } catch (IOException _) {
      // Nothing was written.
    }
  }

  private static Optional<Part> part(Path path) throws IOException {
    Optional<Object> key = key(path);
    while (key.isPresent()) {
      try {
        FileChannel channel = FileChannel.open(path, StandardOpenOption.READ);
        Optional<Object> now = key(path);
        if (now.equals(key)) {
          return Optional.of(new Part(channel, now.get()));
        }
        channel.close(); // the name became another file's in between
        key = now;
      } catch (NoSuchFileException _) {
        return Optional.empty();
      }
    }
    return Optional.empty();
  }

  private static Optional<Object> key(Path path) throws IOException {
    try {
      return Optional.of(Files.readAttributes(path, BasicFileAttributes.class).fileKey());
    } catch (NoSuchFileException _) {
      return Optional.empty();
    }
  }

  @Override
  public int read() throws IOException {
    byte[] one = new byte[1];
    return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
  }

  @Override
  public int read(byte[] bytes, int offset, int length) throws IOException {
    Objects.checkFromIndexSize(offset, length, bytes.length);
    if (length == 0) {
      return 0;
    }
    try {
      while (!closed) {
        // Asked before reading: what was written before the end is then certain to be read.
        boolean more = watch != null && goesOn.getAsBoolean();
        Part part = first();
        int count = part == null ? -1 : part.channel.read(ByteBuffer.wrap(bytes, offset, length));
        if (count > 0) {
          return count;
        }
        if (part != null && !isLast()) {
          dropFirst();
        } else if (!openNext(part) && (!more || !awaitChange())) {
          return -1;
        }
      }
      return -1;
    } catch (ClosedChannelException e) {
      if (closed) {
        return -1;
      }
      throw e;
    }
  }

  /// {@return whether there is a file behind the one that is read}
  private boolean openNext(@Nullable Part part) throws IOException {
    if (watch == null) {
      return false;
    }
    Optional<Object> now = key(file);
    if (now.isEmpty() || (part != null && now.get().equals(part.key))) {
      return false;
    }
    // The part read so far was set aside; what was written to it before that is read first.
    Optional<Part> next = part(file);
    next.ifPresent(this::add);
    return next.isPresent();
  }

  private boolean awaitChange() throws IOException {
    try {
      WatchKey key = Objects.requireNonNull(watch).poll(RECHECK_MILLIS, TimeUnit.MILLISECONDS);
      if (key != null) {
        key.pollEvents();
        key.reset();
      }
      return true;
    } catch (ClosedWatchServiceException _) {
      return false;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      InterruptedIOException interrupted = new InterruptedIOException("interrupted");
      interrupted.initCause(e);
      throw interrupted;
    }
  }

  /// Ends a read that waits.
  @Override
  public void close() throws IOException {
    closed = true;
    drop();
    if (watch != null) {
      watch.close();
    }
  }
}
