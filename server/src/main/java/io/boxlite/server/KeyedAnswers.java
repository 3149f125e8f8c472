package io.boxlite.server;

import io.boxlite.api.StorageException;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// Answers to requests with an idempotency key, for a day: a file each, named by the key's digest,
/// in a directory that is made when the first one comes. A file is replaced as a whole and not
/// forced to the disk: what a loss of power takes with it is done again when it is asked for again.
///
/// Thread-safe, but for two threads with the same key.
final class KeyedAnswers {
  /// How long an answer is kept.
  static final Duration LIFETIME = Duration.ofDays(1);

  private static final int MAX_FILES = 50_000;
  private static final Duration SWEEP = Duration.ofMinutes(10);
  private static final int VERSION = 1;

  /// An answer.
  ///
  /// @param location header, if it has one
  /// @param body JSON; empty if it has none
  record Answer(int status, Optional<String> location, byte[] body) {}

  /// What is known of a key.
  ///
  /// @param print of the request
  /// @param answer nothing if the supervisor ended before the request did
  record Entry(byte[] print, Optional<Answer> answer) {
    boolean isOf(byte[] other) {
      return Arrays.equals(print, other);
    }
  }

  private final Path directory;
  private final Clock clock;
  private final int limit;
  private @Nullable Instant swept;
  private int files;

  KeyedAnswers(Path directory) {
    this(directory, Clock.systemUTC(), MAX_FILES);
  }

  KeyedAnswers(Path directory, Clock clock, int limit) {
    this.directory = directory;
    this.clock = clock;
    this.limit = limit;
  }

  /// {@return what is known of a key}
  Optional<Entry> find(String key) {
    Path file = directory.resolve(key);
    try {
      if (isOver(file)) {
        return Optional.empty();
      }
      return Optional.of(read(Files.readAllBytes(file)));
    } catch (NoSuchFileException | EOFException e) {
      return Optional.empty(); // or half of one: a loss of power took the rest
    } catch (IOException e) {
      throw failed(file, e);
    }
  }

  /// Writes down that a request begins.
  ///
  /// @return whether there is room for it
  boolean begin(String key, byte[] print) {
    if (!takePlace()) {
      return false;
    }
    write(key, new Entry(print, Optional.empty()));
    return true;
  }

  void end(String key, byte[] print, Answer answer) {
    write(key, new Entry(print, Optional.of(answer)));
  }

  synchronized void forget(String key) {
    Path file = directory.resolve(key);
    try {
      if (Files.deleteIfExists(file)) {
        files--;
      }
    } catch (IOException e) {
      throw failed(file, e);
    }
  }

  private synchronized boolean takePlace() {
    Instant now = clock.instant();
    try {
      if (swept == null || files >= limit || !now.isBefore(swept.plus(SWEEP))) {
        Files.createDirectories(directory);
        sweep();
        swept = now;
      }
    } catch (IOException e) {
      throw failed(directory, e);
    }
    if (files >= limit) {
      return false;
    }
    files++;
    return true;
  }

  private void sweep() throws IOException {
    files = 0;
    try (DirectoryStream<Path> all = Files.newDirectoryStream(directory)) {
      for (Path file : all) {
        if (isOver(file)) {
          Files.deleteIfExists(file);
        } else {
          files++;
        }
      }
    }
  }

  private boolean isOver(Path file) throws IOException {
    Instant written = Files.getLastModifiedTime(file).toInstant();
    return !clock.instant().isBefore(written.plus(LIFETIME));
  }

  private void write(String key, Entry entry) {
    Path file = directory.resolve(key);
    Path next = directory.resolve(key + ".new");
    try {
      Files.write(next, bytes(entry));
      Files.move(next, file, StandardCopyOption.ATOMIC_MOVE);
    } catch (IOException e) {
      throw failed(file, e);
    }
  }

  private static byte[] bytes(Entry entry) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    DataOutputStream out = new DataOutputStream(bytes);
    out.writeByte(VERSION);
    write(out, entry.print);
    out.writeShort(entry.answer.map(Answer::status).orElse(0));
    if (entry.answer.isPresent()) {
      out.writeUTF(entry.answer.get().location.orElse(""));
      write(out, entry.answer.get().body);
    }
    return bytes.toByteArray();
  }

  private static void write(DataOutputStream out, byte[] bytes) throws IOException {
    out.writeInt(bytes.length);
    out.write(bytes);
  }

  private static Entry read(byte[] bytes) throws IOException {
    DataInputStream in = new DataInputStream(new ByteArrayInputStream(bytes));
    if (in.readByte() != VERSION) {
      throw new IOException("another version wrote it");
    }
    byte[] print = readBytes(in);
    int status = in.readShort();
    if (status == 0) {
      return new Entry(print, Optional.empty());
    }
    Optional<String> location = Optional.of(in.readUTF()).filter(text -> !text.isEmpty());
    return new Entry(print, Optional.of(new Answer(status, location, readBytes(in))));
  }

  private static byte[] readBytes(DataInputStream in) throws IOException {
    int length = in.readInt();
    if (length < 0 || length > in.available()) {
      throw new EOFException();
    }
    return in.readNBytes(length);
  }

  private static StorageException failed(Path file, IOException e) {
    return new StorageException(
        "answers_unavailable",
        "cannot use "
            + file
            + ", where answers are kept by their idempotency keys: "
            + e
            + "; repair or remove it, or send the request without a key",
        e,
        Map.of());
  }
}
