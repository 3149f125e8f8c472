package io.boxlite.server;

import io.boxlite.api.LogChunk;
import io.boxlite.api.LogStream;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;

/// A log of what a test puts there.
final class FakeLog implements LogStream {
  private final BlockingQueue<Optional<LogChunk>> chunks = new LinkedBlockingQueue<>();
  final CountDownLatch closed = new CountDownLatch(1);

  /// A log that has ended.
  static FakeLog of(LogChunk... chunks) {
    FakeLog log = new FakeLog();
    for (LogChunk chunk : chunks) {
      log.chunks.add(Optional.of(chunk));
    }
    log.end();
    return log;
  }

  static LogChunk out(String text) {
    return new LogChunk(LogChunk.Source.STDOUT, text.getBytes(StandardCharsets.UTF_8));
  }

  static LogChunk err(String text) {
    return new LogChunk(LogChunk.Source.STDERR, text.getBytes(StandardCharsets.UTF_8));
  }

  void write(String text) {
    chunks.add(Optional.of(out(text)));
  }

  void end() {
    chunks.add(Optional.empty());
  }

  @Override
  public Optional<LogChunk> next() {
    try {
      return chunks.take();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return Optional.empty();
    }
  }

  @Override
  public void close() {
    closed.countDown();
    end();
  }
}
