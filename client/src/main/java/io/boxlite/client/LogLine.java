package io.boxlite.client;

import io.boxlite.rest.JsonCodec;
import io.boxlite.rest.LogBody;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Locale;

/// Something that was logged. Immutable.
///
/// @since 0.1
public final class LogLine {
  private final LogBody body;

  LogLine(LogBody body) {
    this.body = body;
  }

  /// {@return something that is said now, for information}
  ///
  /// @param logger who says it
  /// @param message what is said
  public static LogLine of(String logger, String message) {
    String now = Instant.now().truncatedTo(ChronoUnit.MILLIS).toString();
    return new LogLine(new LogBody(now, "INFO", logger, message, null, null, null, null));
  }

  /// {@return what was said}
  public String message() {
    return body.message();
  }

  /// {@return all of it as a JSON object in one line}
  public String json() {
    return new String(JsonCodec.write(body), StandardCharsets.UTF_8);
  }

  /// {@return time, level, who said what, and the stack of an exception in further lines}
  public String text() {
    String logger = body.logger().substring(body.logger().lastIndexOf('.') + 1);
    String exception = body.exception();
    return String.format(
            Locale.ROOT, "%s %-5s %s: %s", body.time(), body.level(), logger, body.message())
        + (exception == null ? "" : "\n" + exception.stripTrailing());
  }

  @Override
  public String toString() {
    return text();
  }
}
