package io.boxlite.server;

import io.boxlite.api.BoxliteException;
import io.boxlite.api.ConfigException;
import java.time.Duration;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// When the command of a remote client is taken to be abandoned, and how long it has to end then:
/// it is hung up, terminated, and killed at last. Nobody else would ever end it. Immutable.
///
/// @param reconnect how long nobody is attached or asks about it
/// @param shutdown how long it may take after each signal
record Abandonment(Duration reconnect, Duration shutdown) {
  private static final Logger LOG = LoggerFactory.getLogger(Abandonment.class);
  private static final Duration DEFAULT_RECONNECT = Duration.ofMinutes(5);
  private static final Duration DEFAULT_SHUTDOWN = Duration.ofSeconds(30);
  private static final Pattern DURATION = Pattern.compile("([0-9]{1,9})([smh]?)");
  private static final int HANG_UP = 1;
  private static final int TERMINATE = 15;

  /// {@return what `BOXLITE_RECONNECT_GRACE` and `BOXLITE_SHUTDOWN_GRACE` say: a number of seconds,
  /// or one with `s`, `m` or `h`}
  ///
  /// @throws ConfigException if they cannot be read
  static Abandonment ofEnvironment(Map<String, String> environment) {
    return new Abandonment(
        duration(environment, "BOXLITE_RECONNECT_GRACE", DEFAULT_RECONNECT),
        duration(environment, "BOXLITE_SHUTDOWN_GRACE", DEFAULT_SHUTDOWN));
  }

  private static Duration duration(Map<String, String> environment, String name, Duration absent) {
    String text = environment.getOrDefault(name, "");
    if (text.isEmpty()) {
      return absent;
    }
    Matcher matcher = DURATION.matcher(text);
    if (!matcher.matches()) {
      throw new ConfigException(
          "invalid_duration",
          name + " '" + text + "' must be a number of seconds, or one with s, m or h");
    }
    long number = Long.parseLong(matcher.group(1));
    return switch (matcher.group(2)) {
      case "m" -> Duration.ofMinutes(number);
      case "h" -> Duration.ofHours(number);
      default -> Duration.ofSeconds(number);
    };
  }

  /// Ends a command when it is abandoned; watches it until its end.
  void watch(StreamHub hub) {
    Thread.ofVirtual().name("watch-" + hub.execution().id()).start(() -> endWhenAbandoned(hub));
  }

  private void endWhenAbandoned(StreamHub hub) {
    try {
      int signals = 0;
      long signalled = System.nanoTime();
      while (hub.awaitUnattended(signals == 0 ? reconnect : shutdown)) {
        if (signals > 0 && hub.wasAttendedSince(signalled)) {
          signals = 0; // somebody came back and has gone again
        } else {
          signalled = System.nanoTime();
          signals++;
          end(hub, signals);
        }
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private static void end(StreamHub hub, int signals) {
    LOG.info("execution {} is abandoned; signal {} of 3", hub.execution().id(), signals);
    try {
      switch (signals) {
        case 1 -> hub.execution().signal(HANG_UP);
        case 2 -> hub.execution().signal(TERMINATE);
        default -> hub.kill();
      }
    } catch (BoxliteException e) {
      LOG.debug("execution {} was not told", hub.execution().id(), e);
    }
  }
}
