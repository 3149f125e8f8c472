package io.boxlite.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.boxlite.api.ConfigException;
import io.boxlite.api.ExitStatus;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(30)
class AbandonmentTest {
  private static final Duration SHORT = Duration.ofMillis(20);
  private static final Duration LONG = Duration.ofMinutes(5);

  private final FakeExecution execution = new FakeExecution("e", false);
  private final StreamHub hub = new StreamHub(execution, false, true, () -> {});

  @Test
  void aCommandThatNobodyWantsIsHungUpTerminatedAndKilled() throws Exception {
    hub.start();
    new Abandonment(SHORT, SHORT).watch(hub);
    ExitStatus exit = execution.exit.get(20, TimeUnit.SECONDS);
    assertThat(exit.signal()).isEqualTo(9);
    assertThat(execution.signals).containsExactly(1, 15);
  }

  @Test
  void oneThatSomebodyIsAttachedToIsLeftAlone() throws Exception {
    hub.start();
    StreamHub.Attachment attachment = hub.claim("it", true);
    new Abandonment(SHORT, SHORT).watch(hub);
    assertThat(execution.waitFor(SHORT.multipliedBy(10))).isEmpty();
    assertThat(execution.signals).isEmpty();
    attachment.release();
    assertThat(execution.exit.get(20, TimeUnit.SECONDS).signal()).isEqualTo(9);
  }

  @Test
  void whoAsksOrComesBackStartsTheTimeAnew() throws Exception {
    hub.start();
    long before = System.nanoTime();
    hub.attend();
    assertThat(hub.wasAttendedSince(before)).isTrue();
    assertThat(hub.awaitUnattended(SHORT)).isTrue();
    assertThat(System.nanoTime() - before).isGreaterThanOrEqualTo(SHORT.toNanos());
    execution.end(0);
    assertThat(hub.awaitUnattended(LONG)).isFalse();
  }

  @Test
  void theTimesComeFromTheEnvironment() {
    assertThat(Abandonment.ofEnvironment(Map.of()).reconnect()).isEqualTo(LONG);
    assertThat(
            Abandonment.ofEnvironment(
                Map.of("BOXLITE_RECONNECT_GRACE", "2h", "BOXLITE_SHUTDOWN_GRACE", "7")))
        .isEqualTo(new Abandonment(Duration.ofHours(2), Duration.ofSeconds(7)));
    assertThatThrownBy(() -> Abandonment.ofEnvironment(Map.of("BOXLITE_RECONNECT_GRACE", "soon")))
        .isInstanceOf(ConfigException.class)
        .hasMessageContaining("BOXLITE_RECONNECT_GRACE 'soon'");
  }
}
