package io.boxlite.server;

import static org.assertj.core.api.Assertions.assertThat;

import io.boxlite.api.Box;
import io.boxlite.api.BoxLog;
import io.boxlite.api.LogOptions;
import io.boxlite.api.LogStream;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@OnEachTransport
@Timeout(30)
class FollowTest extends ServedTest {
  private static final LogOptions FOLLOW = LogOptions.of(BoxLog.INIT).following();

  private final FakeLog log = new FakeLog();

  private Box followed() {
    Box box = running();
    fake.only().log = log;
    return box;
  }

  @Test
  void aClientThatLeavesAQuietLogEndsItsStream() throws Exception {
    try (LogStream followed = followed().logs(FOLLOW)) {
      log.write("line");
      assertThat(followed.next().orElseThrow().bytes()).asString().isEqualTo("line");
      assertThat(log.closed.getCount()).isEqualTo(1);
    }
    assertThat(log.closed.await(10, TimeUnit.SECONDS)).isTrue();
  }

  @Test
  void aLogThatEndsReachesTheClientWhole() throws Exception {
    Box box = followed();
    try (LogStream followed = box.logs(FOLLOW)) {
      log.write("all of it");
      log.end();
      assertThat(new String(followed.bytes().readAllBytes(), StandardCharsets.UTF_8))
          .isEqualTo("all of it");
    }
    assertThat(box.info().id()).isEqualTo(box.id());
  }
}
