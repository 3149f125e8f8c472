package io.boxlite.server;

import static org.assertj.core.api.Assertions.assertThat;

import io.boxlite.api.Box;
import io.boxlite.api.BoxLog;
import java.io.FilterInputStream;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(30)
class FollowTest extends ServedTest {
  private final FakeExecution.Pipe log = new FakeExecution.Pipe();
  private final CountDownLatch closed = new CountDownLatch(1);

  private Box followed() {
    Box box = running();
    fake.only().followed =
        new FilterInputStream(log.source) {
          @Override
          public void close() {
            log.end();
            closed.countDown();
          }
        };
    return box;
  }

  @Test
  void aClientThatLeavesAQuietLogEndsItsStream() throws Exception {
    try (InputStream in = followed().logs(BoxLog.INIT, true)) {
      log.write("line");
      assertThat(new String(in.readNBytes(4), StandardCharsets.UTF_8)).isEqualTo("line");
      assertThat(closed.getCount()).isEqualTo(1);
    }
    assertThat(closed.await(10, TimeUnit.SECONDS)).isTrue();
  }

  @Test
  void aLogThatEndsReachesTheClientWhole() throws Exception {
    Box box = followed();
    try (InputStream in = box.logs(BoxLog.INIT, true)) {
      log.write("all of it");
      log.end();
      assertThat(new String(in.readAllBytes(), StandardCharsets.UTF_8)).isEqualTo("all of it");
    }
    assertThat(box.info().id()).isEqualTo(box.id());
  }
}
