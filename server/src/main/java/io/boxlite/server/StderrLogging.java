package io.boxlite.server;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.encoder.PatternLayoutEncoder;
import ch.qos.logback.classic.spi.Configurator;
import ch.qos.logback.classic.spi.ConfiguratorRank;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.ConsoleAppender;
import ch.qos.logback.core.encoder.Encoder;
import ch.qos.logback.core.spi.ContextAwareBase;
import java.util.Locale;
import java.util.Map;

/// Logging when nobody has configured any: warnings, and BoxLite's own messages from the level that
/// the environment names, to stderr, as text or, with `BOXLITE_LOG_FORMAT=json`, as JSON. Without
/// it logback would write everything to stdout.
///
/// @since 0.1
@ConfiguratorRank(ConfiguratorRank.NOMINAL) // after logback.xml, before logback's own default
@SuppressWarnings("exports") // for logback only
public final class StderrLogging extends ContextAwareBase implements Configurator {
  /// For [java.util.ServiceLoader].
  public StderrLogging() {}

  @Override
  public ExecutionStatus configure(LoggerContext context) {
    String format = System.getenv().getOrDefault("BOXLITE_LOG_FORMAT", "");
    Encoder<ILoggingEvent> encoder = format.equals("json") ? new LogLines() : text();
    encoder.setContext(context);
    encoder.start();
    ConsoleAppender<ILoggingEvent> stderr = new ConsoleAppender<>();
    stderr.setContext(context);
    stderr.setTarget("System.err");
    stderr.setEncoder(encoder);
    stderr.start();
    Logger root = context.getLogger(Logger.ROOT_LOGGER_NAME);
    root.addAppender(stderr);
    root.setLevel(Level.WARN);
    context.getLogger("io.boxlite").setLevel(Level.toLevel(level(System.getenv()), Level.INFO));
    if (!format.isEmpty() && !format.equals("json") && !format.equals("text")) {
      context
          .getLogger(StderrLogging.class)
          .warn("BOXLITE_LOG_FORMAT '{}' is neither json nor text: text", format);
    }
    return ExecutionStatus.DO_NOT_INVOKE_NEXT_IF_ANY;
  }

  private static Encoder<ILoggingEvent> text() {
    PatternLayoutEncoder encoder = new PatternLayoutEncoder();
    encoder.setPattern("%d{yyyy-MM-dd'T'HH:mm:ss.SSSXXX,UTC} %-5level %logger{0}: %msg%n");
    return encoder;
  }

  /// {@return the level that `BOXLITE_LOG`, or else `RUST_LOG`, names} Both may be a level, or
  /// directives like `warn,boxlite=debug`: the last one that is not about something else counts.
  static String level(Map<String, String> environment) {
    String value = environment.getOrDefault("BOXLITE_LOG", "");
    if (value.isBlank()) {
      value = environment.getOrDefault("RUST_LOG", "");
    }
    String level = "info";
    for (String directive : value.split(",", -1)) {
      int equals = directive.indexOf('=');
      String target = equals < 0 ? "" : directive.substring(0, equals).strip();
      String named = directive.substring(equals + 1).strip().toLowerCase(Locale.ROOT);
      boolean known =
          switch (named) {
            case "trace", "debug", "info", "warn", "error", "off" -> true;
            default -> false;
          };
      if (known && (target.isEmpty() || target.startsWith("boxlite"))) {
        level = named;
      }
    }
    return level;
  }
}
