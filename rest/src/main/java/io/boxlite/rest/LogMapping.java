package io.boxlite.rest;

import io.boxlite.api.BoxLog;
import io.boxlite.api.ConfigException;
import io.boxlite.api.LogOptions;
import java.time.DateTimeException;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.function.Function;

/// Turns what is asked of a log into a query and back.
///
/// @since 0.1
public final class LogMapping {
  /// Whether output streams are kept apart, see [LogFrames].
  public static final String FRAMES = "frames";

  private static final String ALL = "all";

  private LogMapping() {}

  /// {@return the query, without question mark}
  ///
  /// @param options what is asked for
  public static String toQuery(LogOptions options) {
    StringBuilder query = new StringBuilder("source=");
    query.append(options.log() == BoxLog.CONSOLE ? "console" : "init");
    if (options.follow()) {
      query.append("&follow=true");
    }
    if (options.timestamps()) {
      query.append("&timestamps=true");
    }
    options.tail().ifPresent(lines -> query.append("&tail=").append(lines));
    options
        .since()
        .ifPresent(time -> query.append("&since=").append(Paths.encode(time.toString())));
    options
        .until()
        .ifPresent(time -> query.append("&until=").append(Paths.encode(time.toString())));
    return query.toString();
  }

  /// Reads a query.
  ///
  /// @param query knows the value of a parameter
  /// @return what is asked for
  /// @throws ConfigException if a value is malformed, or they contradict each other
  public static LogOptions toOptions(Function<String, Optional<String>> query) {
    return new LogOptions(
        log(query.apply("source").orElse("init")),
        flag(query, "follow"),
        tail(query.apply("tail").orElse(ALL)),
        query.apply("since").map(value -> time("since", value)),
        query.apply("until").map(value -> time("until", value)),
        flag(query, "timestamps"));
  }

  private static BoxLog log(String source) {
    return switch (source) {
      case "init" -> BoxLog.INIT;
      case "console" -> BoxLog.CONSOLE;
      default -> throw malformed("source", source, "init or console");
    };
  }

  private static boolean flag(Function<String, Optional<String>> query, String name) {
    return switch (query.apply(name).orElse("false")) {
      case "true", "1" -> true;
      case "false", "0" -> false;
      case String other -> throw malformed(name, other, "true or false");
    };
  }

  private static OptionalLong tail(String value) {
    if (value.equals(ALL)) {
      return OptionalLong.empty();
    }
    try {
      return OptionalLong.of(Long.parseLong(value));
    } catch (NumberFormatException e) {
      throw malformed("tail", value, "a number of lines or 'all'");
    }
  }

  private static Instant time(String name, String value) {
    try {
      return value.matches("[0-9]{1,11}")
          ? Instant.ofEpochSecond(Long.parseLong(value))
          : OffsetDateTime.parse(value).toInstant();
    } catch (DateTimeException e) {
      throw malformed(name, value, "a time such as 2026-03-04T05:06:07Z, or seconds since 1970");
    }
  }

  private static ConfigException malformed(String name, String value, String expected) {
    return new ConfigException("invalid_" + name, name + " '" + value + "' must be " + expected);
  }
}
