package io.boxlite.server;

import io.boxlite.rest.AuditBody;
import io.boxlite.rest.JsonCodec;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Who did what by TCP: a JSON line for each request in `logs/audit.jsonl` (0600), at most 8 MiB
/// and one older part (`.1`) of that size. Thread-safe.
final class AuditLog implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(AuditLog.class);
  private static final long MAX_BYTES = 8L * 1024 * 1024;

  private static final Duration LATE = Duration.ofSeconds(2);

  private final Path file;
  private int expected;

  AuditLog(Path file) {
    this.file = file;
  }

  /// Notes that a line will come.
  synchronized void expect() {
    expected++;
  }

  /// Writes the line that is expected. A disk that is full does not keep the server from its work.
  synchronized void write(AuditBody line) {
    append(line);
    expected--;
    notifyAll();
  }

  /// Waits for the lines of requests that have just ended: nobody writes to a home that is closed.
  /// A request that does not end in time is not waited for.
  @Override
  public synchronized void close() {
    long deadline = System.nanoTime() + LATE.toNanos();
    try {
      for (long left = LATE.toMillis(); expected > 0 && left > 0; ) {
        wait(left);
        left = (deadline - System.nanoTime()) / 1_000_000;
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void append(AuditBody line) {
    try {
      if (Files.notExists(file)) {
        Files.createDirectories(file.getParent());
        Files.createFile(
            file,
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
      } else if (Files.size(file) >= MAX_BYTES) {
        Path older = file.resolveSibling(file.getFileName() + ".1");
        Files.move(file, older, StandardCopyOption.ATOMIC_MOVE);
        append(line);
        return;
      }
      byte[] json = JsonCodec.write(line);
      byte[] whole = java.util.Arrays.copyOf(json, json.length + 1);
      whole[json.length] = '\n';
      try (OutputStream out = Files.newOutputStream(file, StandardOpenOption.APPEND)) {
        out.write(whole);
      }
    } catch (IOException e) {
      LOG.warn("the audit log {} cannot be written", file, e);
    }
  }
}
