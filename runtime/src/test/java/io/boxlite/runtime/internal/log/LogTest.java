package io.boxlite.runtime.internal.log;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LogTest {
  @TempDir Path directory;

  private Path file() {
    return directory.resolve("init.log");
  }

  @Test
  void missingLogIsEmpty() throws Exception {
    try (InputStream log = LogReader.open(file())) {
      assertThat(log.readAllBytes()).isEmpty();
    }
  }

  @Test
  void logOfASecondRunIsAppended() throws Exception {
    for (String run : new String[] {"one\n", "two\n"}) {
      try (InitLog log = new InitLog(file())) {
        log.write(run.getBytes(StandardCharsets.UTF_8));
      }
    }
    try (InputStream log = LogReader.open(file())) {
      assertThat(log.readAllBytes()).asString().isEqualTo("one\ntwo\n");
    }
  }

  @Test
  void logNeverTakesMoreThanTwiceItsLimitAndKeepsTheNewest() throws Exception {
    byte[] chunk = new byte[1 << 20];
    try (InitLog log = new InitLog(file())) {
      for (int i = 0; i < 30; i++) {
        chunk[0] = (byte) i;
        log.write(chunk, 0, chunk.length);
      }
    }
    assertThat(Files.size(file()) + Files.size(InitLog.previous(file())))
        .isLessThanOrEqualTo(2 * InitLog.LIMIT_BYTES);
    try (InputStream log = LogReader.open(file())) {
      byte[] all = log.readAllBytes();
      assertThat(all[all.length - chunk.length]).isEqualTo((byte) 29);
      assertThat((long) all.length).isGreaterThanOrEqualTo(InitLog.LIMIT_BYTES);
    }
  }

  @Test
  void logThatAnotherProcessFloodsIsLimitedAndStillRead() throws Exception {
    byte[] chunk = new byte[1 << 20];
    try (var foreign =
        Files.newOutputStream(
            file(),
            java.nio.file.StandardOpenOption.CREATE,
            java.nio.file.StandardOpenOption.APPEND)) {
      for (int i = 0; i < 9; i++) {
        foreign.write(chunk);
      }
      ForeignLog.limit(file());
      assertThat(Files.size(file())).isZero();
      foreign.write("after".getBytes(StandardCharsets.UTF_8));
    }
    try (InputStream log = LogReader.open(file())) {
      assertThat(log.readAllBytes()).hasSize((9 << 20) + 5).endsWith('t', 'e', 'r');
    }
  }

  @Test
  void followedLogGoesOnAcrossTheLimitUntilTheWriterEnds() throws Exception {
    AtomicBoolean running = new AtomicBoolean(true);
    CompletableFuture<Long> read = new CompletableFuture<>();
    Thread.startVirtualThread(() -> {
      try (InputStream log = LogReader.follow(file(), running::get)) {
        read.complete(log.transferTo(java.io.OutputStream.nullOutputStream()));
      } catch (Exception e) {
        read.completeExceptionally(e);
      }
    });
    byte[] chunk = new byte[1 << 20];
    try (InitLog log = new InitLog(file())) {
      for (int i = 0; i < 12; i++) {
        log.write(chunk, 0, chunk.length);
      }
    }
    running.set(false);
    assertThat(read.get(20, TimeUnit.SECONDS)).isEqualTo(12L << 20);
  }
}
