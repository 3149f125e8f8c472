package io.boxlite.runtime.internal.portal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.boxlite.api.ExecException;
import io.boxlite.api.ExecOptions;
import io.boxlite.api.PortalException;
import io.boxlite.protocol.agent.v1.AttachResponse;
import io.boxlite.protocol.agent.v1.ExecSpec;
import io.boxlite.protocol.agent.v1.StdinAck;
import io.grpc.Status;
import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/// How a process is started together with its streams.
@Timeout(60)
class ExecStartTest {
  private static final ExecOptions TRUE = ExecOptions.of("/bin/true", "x");

  private final FakeService service = new FakeService();
  private FakeAgent agent;
  private Portal portal;

  @BeforeEach
  void start() throws Exception {
    agent = new FakeAgent(service);
    portal = connect();
  }

  @AfterEach
  void stop() throws Exception {
    portal.close();
    agent.close();
  }

  private Portal connect() {
    return Portal.connect(agent.socket(), Duration.ofSeconds(20));
  }

  @Test
  void sendsEverythingAndGivesTheStreams() throws Exception {
    ExecSession session =
        ExecSession.exec(
            "e",
            ExecOptions.builder("sh", "-c", "é")
                .env("A", "b")
                .workingDir("/tmp")
                .user("u:g")
                .tty(true)
                .size(5, 6)
                .timeout(Duration.ofNanos(1))
                .build(),
            portal);
    ExecSpec spec = service.executed.remove();
    assertThat(spec.getTimeoutMs()).isEqualTo(1);
    assertThat(spec.getProcess().getArgv(2).toStringUtf8()).isEqualTo("é");
    assertThat(spec.getProcess().getEnv(0).toStringUtf8()).isEqualTo("A=b");
    assertThat(spec.getProcess().getCwd().toStringUtf8()).isEqualTo("/tmp");
    assertThat(spec.getProcess().getUser()).isEqualTo("u:g");
    assertThat(spec.getProcess().getTty()).isTrue();
    assertThat(spec.getProcess().getRows()).isEqualTo(5);
    assertThat(spec.getProcess().getCols()).isEqualTo(6);
    service.process("e").stdout("out".getBytes());
    service.process("e").exit(4);
    assertThat(session.stdout().readAllBytes()).isEqualTo("out".getBytes());
    assertThat(session.waitFor().code()).isEqualTo(4);
    assertThat(service.released.poll(10, TimeUnit.SECONDS)).isEqualTo("e");
  }

  @Test
  void refusalNamesTheCommandAndLeavesThePortalAlone() {
    service.failure = FakeService.refusal(Status.Code.NOT_FOUND, "command_not_found");
    assertThatThrownBy(() -> ExecSession.exec("e", TRUE, portal))
        .isInstanceOf(ExecException.class)
        .hasMessageContaining("/bin/true: because? of command_not_found");
    service.failure = null;
    portal.hello();
  }

  @Test
  void nextPortalDoesNotRunItAgain() throws Exception {
    ExecSession session = ExecSession.exec("e", TRUE, portal);
    agent.dropConnection();
    portal.onLost().toCompletableFuture().get(10, TimeUnit.SECONDS);
    portal = connect();
    session.reattach(portal);
    service.process("e").awaitAttaches(2);
    service.process("e").exit(0);
    session.waitFor();
    assertThat(service.executed).hasSize(1);
  }

  @Test
  void lossBeforeTheAnswerFailsTheCaller() throws Exception {
    service.opensFirst = false;
    service.hostile = (id, observer) -> dropConnection();
    assertUnanswered("unreachable", () -> ExecSession.exec("e", TRUE, portal));
    portal.onLost().toCompletableFuture().get(10, TimeUnit.SECONDS);
    assertUnanswered("unreachable", () -> ExecSession.exec("e", TRUE, portal));
  }

  private void dropConnection() {
    try {
      agent.dropConnection();
    } catch (IOException e) {
      throw new IllegalStateException(e);
    }
  }

  @Test
  void failureWithoutAReasonBeforeTheAnswerFailsTheCallerToo() {
    service.failure = Status.INTERNAL.asRuntimeException();
    assertUnanswered("protocol_error", () -> ExecSession.exec("e", TRUE, portal));
    assertThat(portal.onLost().toCompletableFuture()).succeedsWithin(Duration.ofSeconds(10));
  }

  @Test
  void agentThatBreaksTheProtocolFailsTheCaller() {
    service.opensFirst = false;
    service.hostile =
        (id, observer) ->
            observer.onNext(
                AttachResponse.newBuilder().setStdinAck(StdinAck.getDefaultInstance()).build());
    assertUnanswered("protocol_error", () -> ExecSession.exec("e", TRUE, portal));
    service.hostile = (id, observer) -> observer.onCompleted();
    assertUnanswered("protocol_error", () -> ExecSession.exec("e", TRUE, portal));
    portal.hello();
  }

  @Test
  void limitAndInterruptionCancelTheCall() throws Exception {
    service.silent = true;
    assertUnanswered(
        "timeout", () -> ExecSession.exec("late", TRUE, portal, Duration.ofMillis(100)));
    assertThat(service.cancelled.poll(10, TimeUnit.SECONDS)).isEqualTo("late");

    Thread.currentThread().interrupt();
    assertUnanswered("interrupted", () -> ExecSession.exec("e", TRUE, portal));
    assertThat(Thread.interrupted()).isTrue();
    service.silent = false;
    portal.hello();
  }

  private static void assertUnanswered(String reason, ThrowingCallable call) {
    assertThatThrownBy(call)
        .isInstanceOf(PortalException.class)
        .extracting(e -> ((PortalException) e).reason())
        .isEqualTo(reason);
  }
}
