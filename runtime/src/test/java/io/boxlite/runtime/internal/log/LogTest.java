package io.boxlite.runtime.internal.log;

import static org.assertj.core.api.Assertions.assertThat;

import io.boxlite.api.BoxLog;
import io.boxlite.api.LogChunk;
import io.boxlite.api.LogChunk.Source;
import io.boxlite.api.LogOptions;
import io.boxlite.api.LogStream;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Instant;
import java.util.Arrays;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

@Timeout(60)
class LogTest {
  private static final LogOptions ALL = LogOptions.of(BoxLog.INIT);
  private static final LogOptions CONSOLE = LogOptions.of(BoxLog.CONSOLE);

  @TempDir Path directory;
  private final long[] offsets = new long[2];

  private Path file() {
    return directory.resolve("init.log");
  }

  private void write(InitLog log, Source source, byte[] bytes) {
    log.write(source, offsets[source.ordinal()], ByteBuffer.wrap(bytes));
    offsets[source.ordinal()] += bytes.length;
  }

  private void write(InitLog log, Source source, String text) {
    write(log, source, text.getBytes(StandardCharsets.UTF_8));
  }

  private void out(InitLog log, String text) {
    write(log, Source.STDOUT, text);
  }

  private void err(InitLog log, String text) {
    write(log, Source.STDERR, text);
  }

  private LogStream open(LogOptions options) {
    return LogReader.open(file(), options, () -> false);
  }

  private byte[] bytes(LogOptions options) throws Exception {
    try (LogStream log = open(options)) {
      return log.bytes().readAllBytes();
    }
  }

  private String text(LogOptions options) throws Exception {
    return new String(bytes(options), StandardCharsets.UTF_8);
  }

  private String text(LogOptions options, Source only) throws Exception {
    ByteArrayOutputStream text = new ByteArrayOutputStream();
    try (LogStream log = open(options)) {
      for (Optional<LogChunk> next = log.next(); next.isPresent(); next = log.next()) {
        if (next.get().source() == only) {
          text.writeBytes(next.get().bytes());
        }
      }
    }
    return text.toString(StandardCharsets.UTF_8);
  }

  /// A time after which everything is written later, and before which all was written.
  private static Instant betweenWrites() {
    Instant before = Instant.now();
    Instant between = Instant.now();
    while (!between.isAfter(before)) {
      between = Instant.now();
    }
    Instant after = Instant.now();
    while (!after.isAfter(between)) {
      after = Instant.now();
    }
    return between;
  }

  @Test
  void missingLogIsEmpty() throws Exception {
    assertThat(bytes(ALL)).isEmpty();
    assertThat(bytes(ALL.last(3).following())).isEmpty();
    assertThat(bytes(CONSOLE)).isEmpty();
  }

  @Test
  void logOfASecondRunIsAppended() throws Exception {
    for (String run : new String[] {"one\n", "two\n"}) {
      Arrays.fill(offsets, 0);
      try (InitLog log = InitLog.begin(file())) {
        out(log, run);
      }
    }
    assertThat(text(ALL)).isEqualTo("one\ntwo\n");
  }

  @Test
  void streamsAreKeptApartInOrderOfArrival() throws Exception {
    try (InitLog log = InitLog.begin(file())) {
      out(log, "out 1\nhalf");
      err(log, "err 1\n");
      out(log, " of a line\n");
    }
    assertThat(text(ALL)).isEqualTo("out 1\nhalferr 1\n of a line\n");
    assertThat(text(ALL, Source.STDOUT)).isEqualTo("out 1\nhalf of a line\n");
    assertThat(text(ALL, Source.STDERR)).isEqualTo("err 1\n");
  }

  @Test
  void everyByteComesOutAsItWentIn() throws Exception {
    byte[] binary = new byte[300_000];
    new Random(7).nextBytes(binary);
    byte[] endless = new byte[200_000]; // one line, without an end
    Arrays.fill(endless, (byte) 'x');
    ByteArrayOutputStream expected = new ByteArrayOutputStream();
    try (InitLog log = InitLog.begin(file())) {
      for (byte[] part : new byte[][] {binary, endless, {'\r', '\n', 0, (byte) 0xff}}) {
        write(log, Source.STDOUT, part);
        expected.writeBytes(part);
      }
    }
    assertThat(bytes(ALL)).isEqualTo(expected.toByteArray());
    assertThat(bytes(ALL.last(100_000))).isEqualTo(expected.toByteArray());
    assertThat(bytes(ALL.last(1))).isEqualTo(new byte[] {0, (byte) 0xff});
  }

  @ParameterizedTest
  @CsvSource({
    "0, ''",
    "1, 'open'",
    "2, 'e3|open'",
    "3, 'o2 e3|o2|open'",
    "4, 'e2|o2 e3|o2|open'",
    "5, 'e1|e2|o2 e3|o2|open'",
    "6, 'o1 e1|o1|e2|o2 e3|o2|open'",
    "9, 'o1 e1|o1|e2|o2 e3|o2|open'",
  })
  void tailCountsTheLinesOfBothStreamsByWhereTheyBegin(long lines, String expected)
      throws Exception {
    try (InitLog log = InitLog.begin(file())) {
      out(log, "o1 ");
      err(log, "e1\n");
      out(log, "o1\n");
      err(log, "e2\n");
      out(log, "o2 ");
      err(log, "e3\n");
      out(log, "o2\nopen");
    }
    assertThat(text(ALL.last(lines)).replace('\n', '|')).isEqualTo(expected);
  }

  @Test
  void tailOfAFullLogIsExact() throws Exception {
    int count = 400_000;
    try (InitLog log = InitLog.begin(file())) {
      StringBuilder chunk = new StringBuilder();
      for (int i = 0; i < count; i++) {
        chunk.append("this is the line with number ").append(i).append('\n');
        if (chunk.length() > 5000) {
          out(log, chunk.toString());
          chunk.setLength(0);
        }
      }
      out(log, chunk.toString());
    }
    String[] last = text(ALL.last(250_000)).split("\n", -1);
    assertThat(last).hasSize(250_001);
    assertThat(last[0]).isEqualTo("this is the line with number 150000");
    assertThat(last[249_999]).isEqualTo("this is the line with number 399999");
  }

  @Test
  void sinceAndUntilGoByTheTimeOfWriting() throws Exception {
    Instant first;
    Instant second;
    try (InitLog log = InitLog.begin(file())) {
      out(log, "one\npar");
      first = betweenWrites();
      out(log, "tial\n");
      err(log, "two\n");
      second = betweenWrites();
      out(log, "three\n");
    }
    assertThat(text(ALL.since(first))).isEqualTo("tial\ntwo\nthree\n");
    assertThat(text(ALL.until(second))).isEqualTo("one\npartial\ntwo\n");
    assertThat(text(ALL.since(first).until(second))).isEqualTo("tial\ntwo\n");
    assertThat(text(ALL.since(first).until(second).last(1))).isEqualTo("two\n");
    assertThat(text(ALL.until(first.minusSeconds(100)).following())).isEmpty();
  }

  @Test
  void timestampsBeginLinesAndNothingElse() throws Exception {
    Instant before = betweenWrites();
    try (InitLog log = InitLog.begin(file())) {
      out(log, "a\nb");
      out(log, "c");
      err(log, "e\n");
      out(log, "\n\n");
    }
    String time = "\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d\\.\\d{9}Z ";
    String text = text(ALL.timestamped());
    assertThat(text.replaceAll(time, "@")).isEqualTo("@a\n@bc@e\n\n@\n");
    assertThat(Instant.parse(text.substring(0, 30))).isBetween(before, Instant.now());
    assertThat(text(ALL.timestamped().last(1)).replaceAll(time, "@")).isEqualTo("@\n");
  }

  @Test
  void logNeverTakesMoreThanTwiceItsLimitAndKeepsTheNewest() throws Exception {
    byte[] chunk = new byte[1_000_000];
    try (InitLog log = InitLog.begin(file())) {
      for (int i = 0; i < 30; i++) {
        Arrays.fill(chunk, (byte) i);
        write(log, Source.STDOUT, chunk);
      }
      for (int i = 0; i < 1000; i++) {
        err(log, "x");
      }
    }
    assertThat(Files.size(file())).isLessThanOrEqualTo(InitLog.LIMIT_BYTES);
    assertThat(Files.size(InitLog.previous(file()))).isLessThanOrEqualTo(InitLog.LIMIT_BYTES);
    byte[] all = bytes(ALL);
    assertThat((long) all.length).isGreaterThan(InitLog.LIMIT_BYTES);
    assertThat(all[all.length - 1001]).isEqualTo((byte) 29);
  }

  @Test
  void recordThatWasCutOffIsSkippedAndDoesNotHurtWhatFollows() throws Exception {
    long whole;
    try (InitLog log = InitLog.begin(file())) {
      out(log, "whole\n");
      whole = Files.size(file());
      out(log, "cut off\n");
    }
    byte[] full = Files.readAllBytes(file());
    for (int size = (int) whole; size < full.length; size++) {
      Files.write(file(), Arrays.copyOf(full, size));
      assertThat(text(ALL)).isEqualTo("whole\n");
      assertThat(text(ALL.last(5))).isEqualTo("whole\n");
      assertThat(text(ALL.following())).isEqualTo("whole\n");
    }
    try (InitLog log = InitLog.resume(file())) {
      err(log, "later\n");
    }
    assertThat(text(ALL)).isEqualTo("whole\nlater\n");
  }

  @Test
  void whatIsNoRecordEndsTheLogAndIsReplaced() throws Exception {
    try (InitLog log = InitLog.begin(file())) {
      out(log, "whole\n");
    }
    Files.write(file(), new byte[100], StandardOpenOption.APPEND);
    assertThat(text(ALL)).isEqualTo("whole\n");
    Arrays.fill(offsets, 0);
    try (InitLog log = InitLog.begin(file())) {
      out(log, "later\n");
    }
    assertThat(text(ALL)).isEqualTo("whole\nlater\n");
  }

  @Test
  void supervisorThatTakesOverWritesNothingTwice() throws Exception {
    try (InitLog log = InitLog.begin(file())) {
      out(log, "an earlier run");
      err(log, "its errors");
    }
    Arrays.fill(offsets, 0);
    try (InitLog log = InitLog.begin(file())) {
      out(log, "0123");
    }
    try (InitLog log = InitLog.resume(file())) {
      // What was not acknowledged comes again.
      log.write(Source.STDOUT, 2, ByteBuffer.wrap("23".getBytes(StandardCharsets.UTF_8)));
      log.write(Source.STDOUT, 1, ByteBuffer.wrap("12345".getBytes(StandardCharsets.UTF_8)));
      log.write(Source.STDERR, 0, ByteBuffer.wrap("err".getBytes(StandardCharsets.UTF_8)));
      log.write(Source.STDOUT, 90, ByteBuffer.wrap("far".getBytes(StandardCharsets.UTF_8)));
    }
    assertThat(text(ALL, Source.STDOUT)).isEqualTo("an earlier run012345far");
    assertThat(text(ALL, Source.STDERR)).isEqualTo("its errorserr");
  }

  @Test
  void streamThatWasQuietForLongIsNotWrittenTwiceEither() throws Exception {
    try (InitLog log = InitLog.begin(file())) {
      err(log, "long ago\n");
      for (int i = 0; i < 40; i++) {
        write(log, Source.STDOUT, new byte[1 << 20]);
      }
    }
    try (InitLog log = InitLog.resume(file())) {
      log.write(
          Source.STDERR, 0, ByteBuffer.wrap("long ago\nnew\n".getBytes(StandardCharsets.UTF_8)));
    }
    assertThat(text(ALL, Source.STDERR)).isEqualTo("new\n");
  }

  @Test
  void logThatAnotherProcessFloodsIsLimitedAndStillRead() throws Exception {
    byte[] chunk = new byte[1 << 20];
    try (var foreign =
        Files.newOutputStream(file(), StandardOpenOption.CREATE, StandardOpenOption.APPEND)) {
      for (int i = 0; i < 20; i++) {
        Arrays.fill(chunk, (byte) i);
        foreign.write(chunk);
      }
      ForeignLog.limit(file());
      assertThat(Files.size(file())).isZero();
      foreign.write("after\nthat".getBytes(StandardCharsets.UTF_8));
      ForeignLog.limit(file()); // too small yet
    }
    assertThat(Files.size(InitLog.previous(file()))).isEqualTo(InitLog.LIMIT_BYTES);
    byte[] all = bytes(CONSOLE);
    assertThat(all).hasSize((8 << 20) + 10).startsWith(12).endsWith('t', 'h', 'a', 't');
    assertThat(text(CONSOLE.last(1))).isEqualTo("that");
    try (var left = Files.list(directory)) {
      assertThat(left).hasSize(2);
    }
  }

  /// A followed log, read by another thread.
  private final class Followed {
    final AtomicBoolean running = new AtomicBoolean(true);
    final SynchronousQueue<byte[]> chunks = new SynchronousQueue<>();
    final CompletableFuture<Void> end = new CompletableFuture<>();
    final LogStream log;

    Followed(LogOptions options) {
      log = LogReader.open(file(), options.following(), running::get);
      Thread.startVirtualThread(() -> {
        try (log) {
          for (Optional<LogChunk> next = log.next(); next.isPresent(); next = log.next()) {
            chunks.put(next.get().bytes());
          }
          end.complete(null);
        } catch (Exception e) {
          end.completeExceptionally(e);
        }
      });
    }

    String take(int count) throws Exception {
      ByteArrayOutputStream taken = new ByteArrayOutputStream();
      while (taken.size() < count) {
        byte[] chunk = chunks.poll(20, TimeUnit.SECONDS);
        assertThat(chunk).as("after %s", taken).isNotNull();
        taken.writeBytes(chunk);
      }
      return taken.toString(StandardCharsets.UTF_8);
    }

    void end() throws Exception {
      running.set(false);
      end.get(20, TimeUnit.SECONDS);
    }
  }

  @Test
  void followedLogShowsWhatIsWrittenAtOnceAndEndsWithItsWriter() throws Exception {
    Followed followed = new Followed(ALL); // before there is a file
    try (InitLog log = InitLog.begin(file())) {
      out(log, "prompt> ");
      assertThat(followed.take(8)).isEqualTo("prompt> ");
      err(log, "e\n");
      assertThat(followed.take(2)).isEqualTo("e\n");
    }
    followed.end();
  }

  @Test
  void followedTailBeginsWithItsLinesAndGoesOnInTheMidstOfOne() throws Exception {
    try (InitLog log = InitLog.begin(file())) {
      out(log, "one\ntwo\nthr");
      Followed tail = new Followed(ALL.last(2));
      Followed nothing = new Followed(ALL.last(0));
      assertThat(tail.take(7)).isEqualTo("two\nthr");
      out(log, "ee\nfour\n");
      assertThat(tail.take(8)).isEqualTo("ee\nfour\n");
      assertThat(nothing.take(8)).isEqualTo("ee\nfour\n");
      tail.end();
      nothing.end();
    }
  }

  @Test
  void followedLogMissesNothingWhenItIsSetAside() throws Exception {
    Followed followed = new Followed(ALL);
    byte[] chunk = new byte[60_000];
    try (InitLog log = InitLog.begin(file())) {
      for (int i = 0; i < 500; i++) { // three times the limit
        Arrays.fill(chunk, (byte) ('a' + i % 26));
        write(log, Source.STDOUT, chunk);
        String taken = followed.take(chunk.length);
        assertThat(taken).hasSize(chunk.length).startsWith("" + (char) chunk[0]);
      }
    }
    followed.end();
  }

  @Test
  void tailIsNotShiftedByWhatIsSetAsideMeanwhile() throws Exception {
    byte[] line = new byte[50_000];
    Arrays.fill(line, (byte) 'x');
    line[line.length - 1] = '\n';
    try (InitLog log = InitLog.begin(file())) {
      for (int i = 0; i < 160; i++) {
        write(log, Source.STDOUT, line);
      }
      out(log, "wanted 1\nwanted 2\n");
      try (LogStream tail = open(ALL.last(2))) {
        for (int i = 0; i < 160; i++) {
          write(log, Source.STDOUT, line);
        }
        assertThat(new String(tail.bytes().readAllBytes(), StandardCharsets.UTF_8))
            .isEqualTo("wanted 1\nwanted 2\n");
      }
    }
  }

  @Test
  void followedConsoleGoesOnAfterItWasEmptied() throws Exception {
    byte[] flood = new byte[9 << 20];
    Files.write(file(), flood);
    Followed followed = new Followed(CONSOLE.last(0));
    ForeignLog.limit(file());
    Files.writeString(file(), "after\n", StandardOpenOption.APPEND);
    assertThat(followed.take(6)).isEqualTo("after\n");
    followed.end();
  }

  @Test
  void closingAFollowedLogEndsTheWait() throws Exception {
    try (InitLog log = InitLog.begin(file())) {
      Followed followed = new Followed(ALL);
      out(log, "x");
      followed.take(1);
      followed.log.close();
      followed.end.get(20, TimeUnit.SECONDS);
    }
  }
}
