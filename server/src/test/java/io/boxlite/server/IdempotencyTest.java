package io.boxlite.server;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(30)
class IdempotencyTest extends ServedTest {
  private static final String BASE = "{\"image\":\"base\"}";

  private String keyed(String key, String method, String path, String body) throws Exception {
    return request(method, path, body, "Idempotency-Key: " + key);
  }

  private static String body(String answer) {
    return answer.substring(answer.indexOf("\r\n\r\n"));
  }

  @Test
  void whatComesAgainIsAnsweredAsBeforeAndNotDoneAgain() throws Exception {
    String first = keyed("a", "POST", "/v1/boxes", BASE);
    String again = keyed("a", "POST", "/v1/boxes", BASE);
    assertThat(first).startsWith("HTTP/1.1 201 ").doesNotContain("Idempotency-Replayed");
    assertThat(again)
        .startsWith("HTTP/1.1 201 ")
        .contains("Idempotency-Replayed: true", "Location: /v1/boxes/" + fake.only().id());
    assertThat(body(again)).isEqualTo(body(first));
    String path = "/v1/boxes/" + fake.only().id();
    assertThat(keyed("b", "DELETE", path, "")).startsWith("HTTP/1.1 204 ");
    assertThat(keyed("b", "DELETE", path, "")).startsWith("HTTP/1.1 204 ");
    assertThat(keyed("c", "DELETE", path, "")).startsWith("HTTP/1.1 404 ");
  }

  @Test
  void anExecutionIsStartedOnce() throws Exception {
    running();
    String path = "/v1/boxes/" + fake.only().id() + "/exec";
    String first = keyed("a", "POST", path, "{\"command\":\"cat\"}");
    String again = keyed("a", "POST", path, "{\"command\":\"cat\"}");
    assertThat(first).startsWith("HTTP/1.1 201 ");
    assertThat(body(again)).isEqualTo(body(first));
  }

  @Test
  void aKeyIsForOneRequestOnly() throws Exception {
    keyed("a", "POST", "/v1/boxes", BASE);
    assertThat(keyed("a", "POST", "/v1/boxes", "{\"image\":\"other\"}"))
        .startsWith("HTTP/1.1 422 ")
        .contains("\"reason\":\"key_reused\"");
    assertThat(keyed("a", "DELETE", "/v1/boxes/" + fake.only().id(), ""))
        .startsWith("HTTP/1.1 422 ");
    assertThat(fake.list()).hasSize(1);
  }

  @Test
  void whatFailedMayBeTriedAgain() throws Exception {
    String named = "{\"image\":\"base\",\"name\":\"n\"}";
    request("POST", "/v1/boxes", named);
    assertThat(keyed("a", "POST", "/v1/boxes", named)).startsWith("HTTP/1.1 409 ");
    fake.only().remove(true);
    assertThat(keyed("a", "POST", "/v1/boxes", named)).startsWith("HTTP/1.1 201 ");
  }

  @Test
  void theNextServerOfTheHomeKnowsTheAnswers() throws Exception {
    String first = keyed("a", "POST", "/v1/boxes", BASE);
    server.close();
    server = RestServer.open(fake, socket);
    assertThat(body(keyed("a", "POST", "/v1/boxes", BASE))).isEqualTo(body(first));
    assertThat(fake.list()).hasSize(1);
  }

  @Test
  void whatTheServerEndedInIsNotDoneTwice() throws Exception {
    keyed("a", "POST", "/v1/boxes", BASE);
    Path file;
    try (Stream<Path> files = Files.list(home.resolve("answers"))) {
      file = files.findFirst().orElseThrow();
    }
    KeyedAnswers answers = new KeyedAnswers(home.resolve("answers"));
    String key = file.getFileName().toString();
    answers.begin(key, answers.find(key).orElseThrow().print());
    assertThat(keyed("a", "POST", "/v1/boxes", BASE))
        .startsWith("HTTP/1.1 409 ")
        .contains("\"reason\":\"outcome_unknown\"");
    assertThat(fake.list()).hasSize(1);
  }

  @Test
  void whatIsDoneIsNotDoneAgainWhenItsAnswerCannotBeKept() throws Exception {
    Path answers = home.resolve("answers");
    fake.whenCreated = () -> blockWithDirectories(answers);
    assertThat(keyed("a", "POST", "/v1/boxes", BASE)).startsWith("HTTP/1.1 500 ");
    fake.whenCreated = () -> {};
    assertThat(keyed("a", "POST", "/v1/boxes", BASE))
        .startsWith("HTTP/1.1 409 ")
        .contains("\"reason\":\"outcome_unknown\"");
    assertThat(fake.list()).hasSize(1);
  }

  /// As a full disk does: what is replaced by renaming cannot be written first.
  private static void blockWithDirectories(Path answers) {
    try (Stream<Path> files = Files.list(answers)) {
      for (Path file : files.toList()) {
        Files.createDirectory(file.resolveSibling(file.getFileName() + ".new"));
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Test
  void manyAtOnceAreOne() throws Exception {
    try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      Callable<String> create = () -> body(keyed("a", "POST", "/v1/boxes", BASE));
      List<Future<String>> answers =
          threads.invokeAll(Stream.generate(() -> create).limit(20).toList());
      String first = answers.getFirst().get();
      for (Future<String> answer : answers) {
        assertThat(answer.get()).isEqualTo(first);
      }
    }
    assertThat(fake.list()).hasSize(1);
  }

  @Test
  void aKeyThatIsNoneIsRefused() throws Exception {
    assertThat(keyed("a".repeat(256), "POST", "/v1/boxes", BASE)).startsWith("HTTP/1.1 400 ");
    assertThat(keyed("", "POST", "/v1/boxes", BASE)).startsWith("HTTP/1.1 400 ");
    assertThat(fake.list()).isEmpty();
  }
}
