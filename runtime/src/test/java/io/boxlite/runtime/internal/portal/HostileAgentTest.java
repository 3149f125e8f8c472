package io.boxlite.runtime.internal.portal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import io.boxlite.api.PortalException;
import io.boxlite.protocol.agent.v1.AttachOpened;
import io.boxlite.protocol.agent.v1.AttachResponse;
import io.boxlite.protocol.agent.v1.ExitStatus;
import io.boxlite.protocol.agent.v1.OutputChunk;
import io.boxlite.protocol.agent.v1.StdinAck;
import io.boxlite.protocol.agent.v1.Stream;
import io.grpc.Status;
import io.grpc.stub.StreamObserver;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class HostileAgentTest {
  private final FakeService service = new FakeService();
  private FakeAgent agent;
  private Portal portal;

  @BeforeEach
  void start() throws Exception {
    agent = new FakeAgent(service);
    portal = Portal.connect(agent.socket(), Duration.ofSeconds(20));
  }

  @AfterEach
  void stop() throws Exception {
    portal.close();
    agent.close();
  }

  private static AttachResponse chunk(Stream stream, long offset, int size) {
    return AttachResponse.newBuilder()
        .setOutput(
            OutputChunk.newBuilder()
                .setStream(stream)
                .setOffset(offset)
                .setData(ByteString.copyFrom(new byte[size])))
        .build();
  }

  private static AttachResponse stdout(long offset, int size) {
    return chunk(Stream.STREAM_STDOUT, offset, size);
  }

  /// The session ends with protocol_error; the portal and other sessions go on.
  private void assertDropped(Consumer<StreamObserver<AttachResponse>> attack) throws Exception {
    service.hostile = (id, observer) -> attack.accept(observer);
    ExecSession session = ExecSession.ofExec("e", portal, false);
    session.stdout();
    assertThatThrownBy(session::waitFor)
        .isInstanceOf(PortalException.class)
        .extracting(e -> ((PortalException) e).reason())
        .isEqualTo("protocol_error");
    assertThat(portal.isLost()).isFalse();
    assertThat(portal.hello().getAgentVersion()).isEqualTo("fake");
  }

  @Test
  void gapsAndOverlapsWithinAnAttach() throws Exception {
    assertDropped(o -> {
      o.onNext(stdout(0, 10));
      o.onNext(stdout(11, 10));
    });
    assertDropped(o -> {
      o.onNext(stdout(0, 10));
      o.onNext(stdout(9, 10));
    });
    assertDropped(o -> o.onNext(stdout(-5, 10)));
    assertDropped(o -> o.onNext(stdout(Long.MAX_VALUE - 3, 10)));
  }

  @Test
  void chunksOfIllegalSizeOrStream() throws Exception {
    assertDropped(o -> o.onNext(stdout(0, 64 * 1024 + 1)));
    assertDropped(o -> o.onNext(stdout(0, 0)));
    assertDropped(o -> o.onNext(stdout(0, 3 << 20)));
    assertDropped(o -> o.onNext(chunk(Stream.STREAM_UNSPECIFIED, 0, 1)));
    assertDropped(o -> o.onNext(AttachResponse.getDefaultInstance()));
  }

  @Test
  void moreThanTheWindow() throws Exception {
    assertDropped(o -> {
      for (int i = 0; i < 5; i++) {
        o.onNext(stdout(i * 65536L, 65536));
      }
    });
  }

  @Test
  void impossibleExitsAndAcks() throws Exception {
    assertDropped(o ->
        o.onNext(
            AttachResponse.newBuilder().setExit(ExitStatus.newBuilder().setCode(256)).build()));
    assertDropped(o -> {
      o.onNext(AttachResponse.newBuilder().setStdinAck(StdinAck.newBuilder().setOffset(1)).build());
    });
    assertDropped(StreamObserver::onCompleted);
    assertDropped(o -> o.onError(Status.UNKNOWN.asRuntimeException()));
  }

  @Test
  void openedTwiceOrNotFirst() throws Exception {
    assertDropped(o ->
        o.onNext(AttachResponse.newBuilder().setOpened(AttachOpened.getDefaultInstance()).build()));
    service.opensFirst = false;
    assertDropped(o -> o.onNext(stdout(0, 10)));
  }

  @Test
  void outputAfterExitIsIgnored() throws Exception {
    service.hostile =
        (id, observer) -> {
          observer.onNext(stdout(0, 10));
          observer.onNext(
              AttachResponse.newBuilder().setExit(ExitStatus.newBuilder().setCode(1)).build());
          observer.onNext(stdout(10, 10));
        };
    ExecSession session = ExecSession.ofExec("e", portal, false);
    assertThat(session.waitFor().code()).isEqualTo(1);
    assertThat(session.stdout().readAllBytes()).hasSize(10);
    portal.hello();
  }

  @Test
  void pretendedLossLosesThePortal() throws Exception {
    service.hostile = (id, observer) -> observer.onError(Status.UNAVAILABLE.asRuntimeException());
    ExecSession session = ExecSession.ofExec("e", portal, false);
    portal.onLost().toCompletableFuture().get(10, TimeUnit.SECONDS);
    assertThat(session.isDetached()).isTrue();
  }
}
