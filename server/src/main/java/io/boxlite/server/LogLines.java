package io.boxlite.server;

import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.classic.spi.ThrowableProxyUtil;
import ch.qos.logback.core.encoder.EncoderBase;
import io.boxlite.rest.JsonCodec;
import io.boxlite.rest.LogBody;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.Arrays;
import java.util.Map;

/// Logs one JSON object a line. Thread-safe.
final class LogLines extends EncoderBase<ILoggingEvent> {
  /// What [org.slf4j.MDC] says about the request that a thread works on.
  static final String REQUEST_ID = "request_id";

  static final String BOX = "box";
  static final String TRACE_ID = "trace_id";

  private static final int MAX_TEXT = 16 * 1024;
  private static final DateTimeFormatter TIME =
      DateTimeFormatter.ofPattern("yyyy-MM-dd'T'HH:mm:ss.SSS'Z'").withZone(ZoneOffset.UTC);

  /// {@return what an event says}
  ///
  /// @param maxText where texts are cut, in characters
  static LogBody body(ILoggingEvent event, int maxText) {
    Map<String, String> request = event.getMDCPropertyMap();
    return new LogBody(
        TIME.format(Instant.ofEpochMilli(event.getTimeStamp())),
        event.getLevel().toString(),
        event.getLoggerName(),
        cut(String.valueOf(event.getFormattedMessage()), maxText),
        request.get(REQUEST_ID),
        request.containsKey(BOX) ? cut(request.get(BOX), maxText) : null,
        request.get(TRACE_ID),
        event.getThrowableProxy() == null
            ? null
            : cut(ThrowableProxyUtil.asString(event.getThrowableProxy()), maxText));
  }

  private static String cut(String text, int max) {
    String cut = text.length() <= max ? text : text.substring(0, max) + "…";
    return new String(
        cut.getBytes(StandardCharsets.UTF_8), StandardCharsets.UTF_8); // no half pairs
  }

  @Override
  public byte[] encode(ILoggingEvent event) {
    byte[] json = JsonCodec.write(body(event, MAX_TEXT));
    byte[] line = Arrays.copyOf(json, json.length + 1);
    line[json.length] = '\n';
    return line;
  }

  @Override
  public byte[] headerBytes() {
    return new byte[0];
  }

  @Override
  public byte[] footerBytes() {
    return new byte[0];
  }
}
