package io.boxlite.network;

import static org.assertj.core.api.Assertions.assertThat;

import io.avaje.json.mapper.JsonMapper;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(30)
class EgressLogTest {
  private static final Duration LONG = Duration.ofHours(1);

  @TempDir Path directory;
  private Path file;

  @BeforeEach
  void name() {
    file = directory.resolve("network.jsonl");
  }

  private EgressLog log(long limit, Duration fold) {
    return new EgressLog(new EgressLogFile(file, "box1", limit), fold);
  }

  private static FlowTag tag(String name) {
    return new FlowTag("tcp", IpV4.parse("192.0.2.1").orElseThrow(), 443, name, "*.example");
  }

  private static EgressLog.Entry entry(String verdict, String name) {
    return EgressLog.Entry.decision(verdict, tag(name), "");
  }

  private List<Map<String, Object>> lines() throws IOException {
    List<Map<String, Object>> lines = new ArrayList<>();
    try (InputStream in = EgressLog.read(file, false, () -> false)) {
      String all = new String(in.readAllBytes(), StandardCharsets.UTF_8);
      all.lines().forEach(line -> lines.add(JsonMapper.builder().build().fromJsonObject(line)));
    }
    return lines;
  }

  @Test
  void decisionsAreLines() throws IOException {
    try (EgressLog log = log(1 << 20, LONG)) {
      log.add(entry("allowed", "a.example"));
      log.add(EgressLog.Entry.end(tag("a.example"), 7, 9, "it \"broke\"\n"));
    }

    assertThat(lines()).hasSize(2);
    assertThat(lines().getFirst())
        .containsEntry("box", "box1")
        .containsEntry("protocol", "tcp")
        .containsEntry("name", "a.example")
        .containsEntry("address", "192.0.2.1")
        .containsEntry("verdict", "allowed")
        .containsEntry("rule", "*.example")
        .containsKey("time")
        .doesNotContainKey("bytes_sent");
    assertThat(lines().getLast())
        .containsEntry("verdict", "closed")
        .containsEntry("reason", "it \"broke\"\n");
    assertThat(lines().getLast().get("bytes_sent").toString()).startsWith("7");
  }

  @Test
  void equalDenialsAreCounted() throws IOException {
    try (EgressLog log = log(1 << 20, LONG)) {
      for (int i = 0; i < 100_000; i++) {
        log.add(entry("denied", "a.example"));
      }
      log.add(entry("denied", "b.example"));
    }

    assertThat(lines()).hasSize(3);
    assertThat(lines().getLast().get("count").toString()).startsWith("99999");
  }

  @Test
  void countIsWrittenWithoutMoreOfThem() throws IOException {
    try (EgressLog log = log(1 << 20, Duration.ofMillis(50));
        InputStream in = EgressLog.read(file, true, () -> true)) {
      log.add(entry("denied", "a.example"));
      log.add(entry("denied", "a.example"));
      BufferedReader lines = new BufferedReader(new InputStreamReader(in, StandardCharsets.UTF_8));
      assertThat(lines.readLine()).contains("denied");
      assertThat(lines.readLine()).contains("denied");
    }
  }

  @Test
  void floodOfDifferentDenialsIsBounded() throws IOException {
    try (EgressLog log = log(1 << 20, LONG)) {
      for (int i = 0; i < 200_000; i++) {
        log.add(entry("denied", i + ".example"));
      }
    }

    assertThat(lines()).hasSizeLessThan(1100);
    assertThat(lines().getLast()).containsEntry("verdict", "counted");
  }

  @Test
  void twoPartsAreKept() throws IOException {
    try (EgressLog log = log(20_000, LONG)) {
      for (int i = 0; i < 2000; i++) {
        log.add(entry("allowed", i + ".example"));
      }
    }

    assertThat(Files.size(file)).isLessThanOrEqualTo(70_000);
    assertThat(Files.size(EgressLogFile.previous(file))).isLessThanOrEqualTo(70_000);
    assertThat(lines().getLast()).containsEntry("name", "1999.example");
  }

  @Test
  void lineThatWasCutOffEndsBeforeTheNext() throws IOException {
    Files.writeString(file, "{\"time\":\"20");
    try (EgressLog log = log(1 << 20, LONG)) {
      log.add(entry("allowed", "a.example"));
    }

    assertThat(Files.readAllLines(file)).hasSize(2);
    assertThat(Files.readAllLines(file).getLast()).startsWith("{").endsWith("}");
  }

  @Test
  void followedLogGoesOnBehindItsLimit() throws Exception {
    int count = 3000;
    AtomicBoolean goesOn = new AtomicBoolean(true);
    CompletableFuture<List<String>> read = new CompletableFuture<>();
    try (InputStream in = EgressLog.read(file, true, goesOn::get)) {
      Thread.ofVirtual()
          .start(() ->
              read.complete(
                  new BufferedReader(new InputStreamReader(in, StandardCharsets.UTF_8))
                      .lines()
                      .toList()));
      try (EgressLog log = log(400_000, LONG)) {
        for (int i = 0; i < count; i++) {
          log.add(entry("allowed", i + ".example"));
        }
      }
      goesOn.set(false);
      List<String> lines = read.get();
      assertThat(EgressLogFile.previous(file)).exists();
      assertThat(lines).hasSize(count);
      assertThat(lines.getFirst()).contains("\"0.example\"");
      assertThat(lines.getLast()).contains((count - 1) + ".example");
      assertThat(lines).allMatch(line -> line.startsWith("{") && line.endsWith("}"));
    }
  }

  @Test
  void closingEndsAReadThatWaits() throws Exception {
    InputStream in = EgressLog.read(file, true, () -> true);
    CompletableFuture<Integer> read = new CompletableFuture<>();
    Thread.ofVirtual()
        .start(() -> {
          try {
            read.complete(in.read());
          } catch (IOException e) {
            read.completeExceptionally(e);
          }
        });
    in.close();

    assertThat(read.get()).isEqualTo(-1);
  }

  @Test
  void missingLogIsEmpty() throws IOException {
    assertThat(lines()).isEmpty();
  }

  @Test
  void logThatCannotBeWrittenDoesNotHoldBackTheBox() throws IOException {
    Files.createDirectory(file);
    try (EgressLog log = log(1 << 20, LONG)) {
      log.add(entry("allowed", "a.example"));
    }
  }
}
