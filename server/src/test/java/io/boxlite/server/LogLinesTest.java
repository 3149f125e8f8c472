package io.boxlite.server;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.spi.LoggingEvent;
import io.boxlite.rest.JsonCodec;
import io.boxlite.rest.LogBody;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class LogLinesTest {
  private final LoggerContext context = new LoggerContext();

  private String line(String message, @Nullable Throwable thrown, Map<String, String> request) {
    LoggingEvent event =
        new LoggingEvent("x", context.getLogger("io.boxlite.x"), Level.WARN, message, thrown, null);
    event.setTimeStamp(Instant.parse("2026-01-02T03:04:05.678Z").toEpochMilli());
    event.setMDCPropertyMap(request);
    return new String(new LogLines().encode(event), StandardCharsets.UTF_8);
  }

  private static LogBody parse(String line) {
    return JsonCodec.read(LogBody.class, line.getBytes(StandardCharsets.UTF_8));
  }

  @Test
  void anEventIsAnObjectInOneLine() {
    assertThat(line("hello", null, Map.of("request_id", "r1", "box", "b1", "trace_id", "t1")))
        .isEqualTo(
            "{\"time\":\"2026-01-02T03:04:05.678Z\",\"level\":\"WARN\","
                + "\"logger\":\"io.boxlite.x\",\"message\":\"hello\",\"request_id\":\"r1\","
                + "\"box\":\"b1\",\"trace_id\":\"t1\"}\n");
  }

  @Test
  void whatIsHostileStaysInItsLine() {
    String hostile = "a\r\nb\t\"\\\u0000\u001b[31m\u007f\u0085\u2028\ud83d\ude00 \ud800";
    String line = line(hostile, new IllegalStateException("c\nd"), Map.of());
    assertThat(line.strip()).doesNotContain("\n", "\r", "\u0000", "\u001b");
    assertThat(line.indexOf('\n')).isEqualTo(line.length() - 1);
    LogBody body = parse(line);
    assertThat(body.message())
        .startsWith("a\r\nb\t\"\\\u0000\u001b[31m\u007f\u0085\u2028\ud83d\ude00");
    assertThat(body.exception()).contains("IllegalStateException: c\nd", "\tat ");
  }

  @Test
  void longTextsAreCut() {
    LogBody body = parse(line("x".repeat(100_000), null, Map.of()));
    assertThat(body.message()).hasSizeLessThan(20_000).endsWith("…");
  }
}
