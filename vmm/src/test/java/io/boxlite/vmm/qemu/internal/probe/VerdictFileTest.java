package io.boxlite.vmm.qemu.internal.probe;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.boxlite.api.StorageException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(30)
class VerdictFileTest {
  private static final Instant NOON = Instant.parse("2026-01-01T12:00:00Z");

  @TempDir Path directory;

  private final AtomicInteger trials = new AtomicInteger();

  private Path file() {
    return directory.resolve("kvm.json");
  }

  private KvmVerdict get(String key) {
    return new VerdictFile(file())
        .get(
            key,
            () -> {
              trials.incrementAndGet();
              return new KvmVerdict(false, "it \"hung\"", NOON, key);
            });
  }

  @Test
  void theVerdictIsKeptAndNothingElseIsLeft() throws IOException {
    KvmVerdict verdict = get("a");
    assertThat(get("a")).isEqualTo(verdict);
    assertThat(trials).hasValue(1);
    assertThat(Files.readString(file())).contains("\"usable\":false", "\"checked_at\":\"2026");
    try (Stream<Path> files = Files.list(directory)) {
      assertThat(files.map(f -> f.getFileName().toString()))
          .containsExactlyInAnyOrder("kvm.json", "kvm.json.lock");
    }
  }

  @Test
  void anotherKeyIsTriedAgain() {
    get("a");
    assertThat(get("b").key()).isEqualTo("b");
    assertThat(trials).hasValue(2);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "{",
        "[]",
        "null",
        "{\"usable\":true}",
        "{\"usable\":true,\"reason\":\"\",\"checked_at\":\"yesterday\",\"key\":\"a\"}",
        "\u0000\u0001"
      })
  void aCorruptFileIsTriedAgainAndReplaced(String content) throws IOException {
    Files.writeString(file(), content);
    get("a");
    get("a");
    assertThat(trials).hasValue(1);
  }

  @Test
  void manyAtOnceTryOnce() throws Exception {
    try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      List<Callable<KvmVerdict>> calls = new ArrayList<>();
      for (int i = 0; i < 10; i++) {
        calls.add(() -> get("a"));
      }
      for (Future<KvmVerdict> verdict : threads.invokeAll(calls)) {
        assertThat(verdict.get().key()).isEqualTo("a");
      }
    }
    assertThat(trials).hasValue(1);
  }

  @Test
  void aMissingDirectoryIsAStorageError() {
    assertThatThrownBy(() ->
            new VerdictFile(directory.resolve("no/kvm.json"))
                .get("a", () -> new KvmVerdict(true, "", NOON, "a")))
        .isInstanceOf(StorageException.class);
  }
}
