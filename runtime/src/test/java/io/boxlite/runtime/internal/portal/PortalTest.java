package io.boxlite.runtime.internal.portal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import io.boxlite.api.BoxliteException;
import io.boxlite.api.ConfigException;
import io.boxlite.api.ExecException;
import io.boxlite.api.ExitStatus;
import io.boxlite.api.InvalidStateException;
import io.boxlite.api.NotFoundException;
import io.boxlite.api.PortalException;
import io.boxlite.protocol.agent.v1.PrepareRequest;
import io.grpc.Status;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class PortalTest {
  private static final Duration PATIENCE = Duration.ofSeconds(20);

  private final FakeService service = new FakeService();
  private FakeAgent agent;

  @BeforeEach
  void start() throws Exception {
    agent = new FakeAgent(service);
  }

  @AfterEach
  void stop() throws Exception {
    agent.close();
  }

  private Portal connect() {
    return Portal.connect(agent.socket(), PATIENCE);
  }

  @Test
  void callsTheAgent() {
    try (Portal portal = connect()) {
      assertThat(portal.hello().getAgentVersion()).isEqualTo("fake");
      assertThat(portal.startContainer("sh")).isEqualTo(7);
      assertThat(portal.shutdown(Duration.ofSeconds(1))).contains(new ExitStatus(0, 15, false));
    }
  }

  @Test
  void synchronisesWhereverAnEarlierSupervisorDied() throws Exception {
    byte[] sync =
        ("\0".repeat(16)
                + new String(FakeAgent.FLAG, StandardCharsets.ISO_8859_1)
                + "0123456789abcdef".repeat(2)
                + "\n")
            .getBytes(StandardCharsets.ISO_8859_1);
    for (int cut = 0; cut <= sync.length; cut++) {
      try (SocketChannel dying = SocketChannel.open(UnixDomainSocketAddress.of(agent.socket()))) {
        dying.write(ByteBuffer.wrap(sync, 0, cut));
      }
      try (Portal portal = connect()) {
        assertThat(portal.hello().getAgentVersion()).as("cut at %d", cut).isEqualTo("fake");
      }
    }
  }

  @Test
  void takesOverInTheMiddleOfAMessage() throws Exception {
    for (int i = 0; i < 5; i++) {
      Portal dying = connect();
      service.process("e" + i).stdout(new byte[200_000]);
      ExecSession.ofExec("e" + i, dying, false).stdin().write(new byte[100_000]);
      agent.dropConnection();
      try (Portal portal = connect()) {
        portal.hello();
      }
    }
  }

  @Test
  void ignoresWhatAnOldSessionLeft() {
    String flag = new String(FakeAgent.FLAG, StandardCharsets.ISO_8859_1);
    String old = flag + "f".repeat(32) + "00000001\n" + "x\u00f9box" + flag + "0123";
    agent.beforeAnswer = old.repeat(500).getBytes(StandardCharsets.ISO_8859_1);
    try (Portal portal = connect()) {
      portal.hello();
    }
  }

  @Test
  void repeatsASyncThatWasLost() {
    agent.ignoredSyncs = 2;
    try (Portal portal = connect()) {
      portal.hello();
    }
    assertThat(agent.syncs).hasValue(3);
  }

  @Test
  void bytesFullOfFlagPiecesArriveUnchanged() {
    Random random = new Random(3);
    try (Portal portal = connect()) {
      for (int i = 0; i < 200; i++) {
        byte[] data = new byte[512];
        for (int at = 0; at < data.length; at += 1 + random.nextInt(20)) {
          int length = Math.min(random.nextInt(17), data.length - at);
          System.arraycopy(FakeAgent.FLAG, 0, data, at, length);
        }
        portal.prepare(PrepareRequest.newBuilder().setEntropy(ByteString.copyFrom(data)).build());
        assertThat(service.entropy.toByteArray()).isEqualTo(data);
      }
    }
  }

  @Test
  void givesUpOnEndlessGarbage() {
    agent.beforeAnswer = new byte[300_000];
    Arrays.fill(agent.beforeAnswer, (byte) 0xf9);
    agent.ignoredSyncs = 1;
    assertReason("protocol_error", () -> Portal.connect(agent.socket(), PATIENCE, 200_000));
  }

  @Test
  void givesUpAfterTheTimeout() {
    agent.ignoredSyncs = 1000;
    assertReason("timeout", () -> Portal.connect(agent.socket(), Duration.ofMillis(300)));
  }

  @Test
  void refusesAnotherProtocolVersion() {
    agent.version = 0xabcdef01;
    assertReason("protocol_mismatch", this::connect);
  }

  @Test
  void saysWhenThereIsNoSocket() {
    assertReason("unreachable", () -> Portal.connect(Path.of("/nonexistent/p"), PATIENCE));
  }

  @Test
  void interruptionEndsConnecting() {
    agent.ignoredSyncs = 1000;
    Thread.currentThread().interrupt();
    assertReason("interrupted", this::connect);
    assertThat(Thread.interrupted()).isTrue();
  }

  @Test
  void tellsWhenItIsLostAndNeverReconnects() throws Exception {
    Portal portal = connect();
    portal.hello();
    agent.dropConnection();
    PortalException loss = portal.onLost().toCompletableFuture().get(10, TimeUnit.SECONDS);
    assertThat(loss.reason()).isEqualTo("unreachable");
    assertThat(portal.isLost()).isTrue();
    assertReason("unreachable", portal::hello);
    assertThat(agent.syncs).hasValue(1);
  }

  @Test
  void closingFreesTheSocketForTheNext() throws Exception {
    for (int i = 0; i < 20; i++) {
      Portal portal = connect();
      portal.close();
      portal.onLost().toCompletableFuture().get(10, TimeUnit.SECONDS);
    }
  }

  @Test
  void garbageInsteadOfHttp2LosesThePortal() throws Exception {
    try (Portal portal = connect()) {
      portal.hello();
      agent.inject(
          "this is not HTTP/2, is it? it is long enough".getBytes(StandardCharsets.US_ASCII));
      portal.onLost().toCompletableFuture().get(10, TimeUnit.SECONDS);
    }
  }

  @Test
  void refusalsBecomeExceptionsOfTheApi() {
    try (Portal portal = connect()) {
      for (String reason :
          new String[] {
            "command_not_found",
            "command_not_executable",
            "cwd_not_found",
            "user_not_found",
            "group_not_found"
          }) {
        assertRefusal(portal, reason, ExecException.class);
      }
      assertRefusal(portal, "not_running", InvalidStateException.class);
      assertRefusal(portal, "already_started", InvalidStateException.class);
      assertRefusal(portal, "not_a_tty", InvalidStateException.class);
      assertRefusal(portal, "exited", InvalidStateException.class);
      assertRefusal(portal, "exec_not_found", NotFoundException.class);
      assertRefusal(portal, "invalid_argument", ConfigException.class);
    }
  }

  @Test
  void otherFailuresBecomePortalExceptions() {
    try (Portal portal = connect()) {
      service.failure = FakeService.refusal(Status.Code.INTERNAL, "made_up");
      assertReason("protocol_error", portal::hello);
      service.failure = Status.UNKNOWN.asRuntimeException();
      assertReason("protocol_error", portal::hello);
      service.failure = Status.DEADLINE_EXCEEDED.asRuntimeException();
      assertReason("timeout", portal::hello);
    }
  }

  private void assertRefusal(Portal portal, String reason, Class<? extends BoxliteException> type) {
    service.failure = FakeService.refusal(Status.Code.FAILED_PRECONDITION, reason);
    assertThatThrownBy(() -> portal.startContainer("/bin/nope"))
        .isInstanceOf(type)
        .hasMessageContaining("/bin/nope: because? of " + reason)
        .extracting(e -> ((BoxliteException) e).reason())
        .isEqualTo(reason);
  }

  private static void assertReason(String reason, ThrowingCallable call) {
    assertThatThrownBy(call)
        .isInstanceOf(PortalException.class)
        .extracting(e -> ((PortalException) e).reason())
        .isEqualTo(reason);
  }
}
