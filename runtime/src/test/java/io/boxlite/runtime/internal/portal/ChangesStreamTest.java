package io.boxlite.runtime.internal.portal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import io.boxlite.api.InvalidStateException;
import io.boxlite.api.PortalException;
import io.boxlite.protocol.agent.v1.ExportChangesResponse;
import io.grpc.Status;
import io.grpc.stub.StreamObserver;
import java.io.InputStream;
import java.time.Duration;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class ChangesStreamTest {
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

  private static ExportChangesResponse chunk(byte[] data, int offset, int length) {
    return ExportChangesResponse.newBuilder()
        .setData(ByteString.copyFrom(data, offset, length))
        .build();
  }

  private static ExportChangesResponse zeros(int count) {
    return chunk(new byte[count], 0, count);
  }

  @Test
  void everythingArrivesAndIsAcknowledgedWhenItHasBeenRead() throws Exception {
    byte[] data = new byte[200_000];
    new Random(1).nextBytes(data);
    CompletableFuture<StreamObserver<ExportChangesResponse>> export = new CompletableFuture<>();
    service.export =
        observer -> {
          for (int at = 0; at < data.length; at += 50_000) {
            observer.onNext(chunk(data, at, 50_000));
          }
          export.complete(observer);
        };
    try (InputStream changes = portal.exportChanges()) {
      assertThat(changes.readNBytes(60_000)).hasSize(60_000);
      assertThat(service.exportAcks.poll(20, TimeUnit.SECONDS)).isEqualTo(50_000);
      assertThat(service.exportAcks).isEmpty();
      export.join().onCompleted();
      assertThat(changes.readAllBytes()).hasSize(140_000).endsWith(data[data.length - 1]);
      assertThat(changes.read()).isEqualTo(-1);
    }
  }

  @Test
  void closingCancelsTheCall() throws Exception {
    service.export = observer -> observer.onNext(zeros(1));
    try (InputStream changes = portal.exportChanges()) {
      assertThat(changes.read()).isZero();
    }
    assertThat(service.exportAcks.poll(20, TimeUnit.SECONDS)).isEqualTo(-1);
    assertThat(portal.hello().getAgentVersion()).isEqualTo("fake");
  }

  @Test
  void refusalIsToldWithItsReason() throws Exception {
    service.export =
        observer ->
            observer.onError(
                FakeService.refusal(Status.Code.FAILED_PRECONDITION, "not_representable"));
    try (InputStream changes = portal.exportChanges()) {
      assertThatThrownBy(changes::read)
          .isInstanceOfSatisfying(
              InvalidStateException.class,
              e -> assertThat(e.reason()).isEqualTo("not_representable"));
    }
  }

  @Test
  void agentThatBreaksTheRulesLosesTheCall() throws Exception {
    assertRefused(observer -> observer.onNext(zeros(0)));
    assertRefused(observer -> observer.onNext(zeros(64 * 1024 + 1)));
    assertRefused(observer -> {
      for (int i = 0; i < 5; i++) {
        observer.onNext(zeros(64 * 1024));
      }
    });
  }

  private void assertRefused(
      java.util.function.Consumer<StreamObserver<ExportChangesResponse>> attack) throws Exception {
    service.export = attack;
    try (InputStream changes = portal.exportChanges()) {
      assertThat(service.exportAcks.poll(20, TimeUnit.SECONDS)).isEqualTo(-1);
      assertThatThrownBy(() -> changes.readNBytes(1_000_000))
          .isInstanceOfSatisfying(
              PortalException.class, e -> assertThat(e.reason()).isEqualTo("protocol_error"));
    }
  }

  @Test
  void lostPortalEndsTheStream() throws Exception {
    service.export = observer -> observer.onNext(zeros(1));
    try (InputStream changes = portal.exportChanges()) {
      assertThat(changes.read()).isZero();
      agent.dropConnection();
      assertThatThrownBy(changes::read).isInstanceOf(PortalException.class);
    }
  }
}
