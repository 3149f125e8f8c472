package io.boxlite.vmm.qemu.internal.qmp;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.boxlite.api.EngineException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(30)
class QmpClientTest {
  private static final Duration LONG = Duration.ofSeconds(10);
  private static final Duration SHORT = Duration.ofMillis(50);

  @TempDir Path directory;

  private final List<QmpEvent> events = new CopyOnWriteArrayList<>();

  private FakeQmpServer server(FakeQmpServer.Script script) throws Exception {
    return new FakeQmpServer(directory.resolve("qmp.sock"), script);
  }

  private QmpClient connect() {
    return QmpClient.connect(directory.resolve("qmp.sock"), LONG, events::add);
  }

  private static String reason(Throwable failure) {
    return ((EngineException) failure).reason();
  }

  @Test
  void answersAreMatchedByIdWhateverTheirOrder() throws Exception {
    try (FakeQmpServer server =
            server(client -> {
              client.greet();
              List<String> commands = new ArrayList<>();
              for (int i = 0; i < 20; i++) {
                commands.add(client.read());
              }
              for (String command : commands.reversed()) {
                String number = command.replaceAll(".*\"number\":(\\d+).*", "$1");
                client.answer(command, "{\"number\": \"" + number + "\"}");
              }
            });
        QmpClient client = connect();
        ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      List<Callable<Object>> calls = new ArrayList<>();
      for (int i = 0; i < 20; i++) {
        int number = i;
        calls.add(() -> client.execute("x", Map.of("number", number), LONG));
      }
      List<Future<Object>> answers = threads.invokeAll(calls);
      for (int i = 0; i < 20; i++) {
        assertThat(answers.get(i).get()).isEqualTo(Map.of("number", Integer.toString(i)));
      }
      server.awaitPlayed();
    }
  }

  @Test
  void eventsMayComeBeforeTheAnswerAndInPieces() throws Exception {
    try (FakeQmpServer server =
            server(client -> {
              client.greet();
              String command = client.read();
              client.send("{\"event\": \"SHUTDOWN\", \"data\": {\"guest\": false, \"rea");
              client.send("son\": \"host-qmp-quit\"}, \"timestamp\": {\"seconds\": 1}}\n{\"ret");
              client.send("urn\": {}, \"id\": \"" + FakeQmpServer.Client.id(command) + "\"}\n");
              client.line("{\"event\": \"RESET\"}");
            });
        QmpClient client = connect()) {
      assertThat(client.execute("quit", Map.of(), LONG)).isEqualTo(Map.of());
      server.awaitPlayed();
      client.ended().get(10, TimeUnit.SECONDS);
      assertThat(events).extracting(QmpEvent::name).containsExactly("SHUTDOWN", "RESET");
      assertThat(events.getFirst().text("reason")).isEqualTo("host-qmp-quit");
      assertThat(events.getFirst().flag("guest")).isFalse();
    }
  }

  @Test
  void aRefusalNamesTheCommandAndQemusWords() throws Exception {
    try (FakeQmpServer server =
            server(client -> {
              client.greet();
              String id = FakeQmpServer.Client.id(client.read());
              client.line(
                  "{\"error\": {\"class\": \"GenericError\", \"desc\": \"no such bus\"}, \"id\": \""
                      + id
                      + "\"}");
            });
        QmpClient client = connect()) {
      assertThatThrownBy(() -> client.execute("device_add", Map.of(), LONG))
          .isInstanceOfSatisfying(
              EngineException.class,
              e -> assertThat(e.details()).containsEntry("class", "GenericError"))
          .hasMessageContaining("'device_add'")
          .hasMessageContaining("no such bus");
      server.awaitPlayed();
    }
  }

  @Test
  void aTimeoutLeavesTheConnectionUsableAndALateAnswerIsDropped() throws Exception {
    try (FakeQmpServer server =
            server(client -> {
              client.greet();
              String slow = client.read();
              String next = client.read();
              client.answer(slow, "{\"late\": true}");
              client.answer(next, "{\"late\": false}");
            });
        QmpClient client = connect()) {
      assertThatThrownBy(() -> client.execute("slow", Map.of(), SHORT))
          .satisfies(e -> assertThat(reason(e)).isEqualTo("qmp_timeout"))
          .hasMessageContaining("'slow'");
      assertThat(client.execute("next", Map.of(), LONG)).isEqualTo(Map.of("late", false));
      server.awaitPlayed();
    }
  }

  @Test
  void aDisconnectFailsWhoeverWaitsAndWhoeverComesLater() throws Exception {
    try (FakeQmpServer server =
            server(client -> {
              client.greet();
              client.read();
            });
        QmpClient client = connect()) {
      for (int i = 0; i < 2; i++) {
        assertThatThrownBy(() -> client.execute("cont", Map.of(), LONG))
            .satisfies(e -> assertThat(reason(e)).isEqualTo("qmp_closed"));
      }
      server.awaitPlayed();
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "nonsense",
        "[1, 2]",
        "{\"event\": ",
        "{\"return\": {}}",
        "{}",
        "",
        "{\"error\": {\"class\": \"GenericError\", \"desc\": \"JSON parse error\"}}"
      })
  void garbageEndsTheConnection(String line) throws Exception {
    failsOn(client -> client.line(line));
  }

  @Test
  void aLineThatNeverEndsEndsTheConnection() throws Exception {
    failsOn(client -> {
      String piece = "x".repeat(1 << 16);
      for (int i = 0; i < 18; i++) {
        client.send(piece);
      }
    });
  }

  @Test
  void deepNestingEndsTheConnection() throws Exception {
    failsOn(client -> client.line("{\"event\": " + "[".repeat(400_000)));
  }

  private void failsOn(FakeQmpServer.Script hostile) throws Exception {
    try (FakeQmpServer server =
            server(client -> {
              client.greet();
              client.read();
              try {
                hostile.play(client);
              } catch (java.io.IOException e) {
                // The client has hung up.
              }
              client.channel().configureBlocking(true);
              client.read();
            });
        QmpClient client = connect()) {
      assertThatThrownBy(() -> client.execute("stop", Map.of(), LONG))
          .satisfies(e -> assertThat(reason(e)).isEqualTo("qmp_closed"));
      assertThat(client.ended().get(10, TimeUnit.SECONDS)).isNotEmpty();
    }
  }

  @Test
  void aServerThatDoesNotGreetIsGivenUp() throws Exception {
    try (FakeQmpServer server = server(client -> client.read())) {
      assertThatThrownBy(() -> QmpClient.connect(directory.resolve("qmp.sock"), SHORT, events::add))
          .satisfies(e -> assertThat(reason(e)).isEqualTo("qmp_timeout"));
      // The client has closed its end: read saw it.
      server.awaitPlayed();
    }
  }

  @Test
  void nobodyListeningIsAnEngineError() {
    assertThatThrownBy(this::connect)
        .satisfies(e -> assertThat(reason(e)).isEqualTo("qmp_connect"))
        .hasMessageContaining("qmp.sock");
  }

  @Test
  void anInterruptedCallerDoesNotCloseTheConnection() throws Exception {
    CountDownLatch arrived = new CountDownLatch(1);
    try (FakeQmpServer server =
            server(client -> {
              client.greet();
              client.read();
              arrived.countDown();
              client.answer(client.read(), "{\"ok\": true}");
            });
        QmpClient client = connect()) {
      CompletableFuture<String> outcome = new CompletableFuture<>();
      Thread caller =
          Thread.ofVirtual()
              .start(() -> {
                try {
                  client.execute("slow", Map.of(), LONG);
                } catch (EngineException e) {
                  outcome.complete(e.reason() + Thread.currentThread().isInterrupted());
                }
              });
      arrived.await();
      caller.interrupt();
      assertThat(outcome.get(10, TimeUnit.SECONDS)).isEqualTo("interruptedtrue");
      assertThat(client.execute("next", Map.of(), LONG)).isEqualTo(Map.of("ok", true));
      server.awaitPlayed();
    }
  }

  @Test
  void closeFailsWhoeverWaits() throws Exception {
    CountDownLatch arrived = new CountDownLatch(1);
    try (FakeQmpServer server =
            server(client -> {
              client.greet();
              client.read();
              arrived.countDown();
              client.read();
            });
        QmpClient client = connect()) {
      CompletableFuture<Object> answer =
          CompletableFuture.supplyAsync(() -> client.execute("slow", Map.of(), LONG));
      arrived.await();
      client.close();
      client.close();
      assertThatThrownBy(() -> answer.get(10, TimeUnit.SECONDS)).hasMessageContaining("'slow'");
      server.awaitPlayed();
    }
  }
}
