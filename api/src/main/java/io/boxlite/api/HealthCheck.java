package io.boxlite.api;

import java.time.Duration;
import java.util.List;
import java.util.Optional;

/// How to find out whether a box works: a command that is run in it again and again. What is empty
/// is as the image says, and else the default. Immutable.
///
/// @param test empty: the image's; `NONE`: no check, whatever the image says; `CMD` and a program
///   with its arguments; or `CMD-SHELL` and one line for the box's `/bin/sh`
/// @param interval between the end of a probe, or the start of the box, and the next; at least 1 ms
/// @param timeout after which a probe is killed and has failed; at least 1 ms
/// @param startPeriod after the start, in which failures do not count; zero: none
/// @param retries failures in a row that make the box unhealthy; at least 1
/// @since 0.1
public record HealthCheck(
    List<String> test,
    Optional<Duration> interval,
    Optional<Duration> timeout,
    Optional<Duration> startPeriod,
    Optional<Integer> retries) {
  /// Turns the check of an image off.
  public static final HealthCheck NONE = ofTest(List.of("NONE"));

  /// Between probes of a check that does not say it.
  public static final Duration DEFAULT_INTERVAL = Duration.ofSeconds(30);

  /// For a probe of a check that does not say it.
  public static final Duration DEFAULT_TIMEOUT = Duration.ofSeconds(30);

  /// Failures that make a box unhealthy whose check does not say it.
  public static final int DEFAULT_RETRIES = 3;

  private static final Duration MIN = Duration.ofMillis(1);
  private static final Duration MAX = Duration.ofDays(365);
  private static final int MAX_TEST_BYTES = 64 << 10;

  /// Checks and copies.
  ///
  /// @throws ConfigException if any value is invalid; names every violation
  public HealthCheck {
    test = List.copyOf(test);
    int length = test.stream().mapToInt(word -> word.length() + 1).sum();
    new OptionChecks("health_check")
        .require(
            isTest(test),
            "health_check.test",
            "must be [\"NONE\"], [\"CMD\", program, argument...] or [\"CMD-SHELL\", command]")
        .require(
            length <= MAX_TEST_BYTES,
            "health_check.test",
            "must be at most " + MAX_TEST_BYTES + " characters")
        .noNul("health_check.test", test)
        .require(isTime(interval, MIN), "health_check.interval", "must be 1 ms to 365 days")
        .require(isTime(timeout, MIN), "health_check.timeout", "must be 1 ms to 365 days")
        .require(
            isTime(startPeriod, Duration.ZERO),
            "health_check.start_period",
            "must be 0 to 365 days")
        .require(
            retries.isEmpty() || retries.get() >= 1, "health_check.retries", "must be at least 1")
        .throwIfAny();
  }

  private static boolean isTest(List<String> test) {
    if (test.isEmpty()) {
      return true;
    }
    return switch (test.getFirst()) {
      case "NONE" -> test.size() == 1;
      case "CMD" -> test.size() >= 2 && !test.get(1).isEmpty();
      case "CMD-SHELL" -> test.size() == 2 && !test.get(1).isBlank();
      default -> false;
    };
  }

  private static boolean isTime(Optional<Duration> time, Duration least) {
    return time.isEmpty() || (time.get().compareTo(least) >= 0 && time.get().compareTo(MAX) <= 0);
  }

  /// {@return a check that says nothing but its command}
  ///
  /// @param test as of the record
  public static HealthCheck ofTest(List<String> test) {
    return new HealthCheck(
        test, Optional.empty(), Optional.empty(), Optional.empty(), Optional.empty());
  }

  /// {@return a check by a line for the shell, that says nothing else}
  ///
  /// @param command for `/bin/sh -c`
  public static HealthCheck ofShell(String command) {
    return ofTest(List.of("CMD-SHELL", command));
  }

  /// {@return this, with what is empty taken from another}
  ///
  /// @param image what the image says
  public HealthCheck over(HealthCheck image) {
    return new HealthCheck(
        test.isEmpty() ? image.test : test,
        interval.or(image::interval),
        timeout.or(image::timeout),
        startPeriod.or(image::startPeriod),
        retries.or(image::retries));
  }

  /// {@return what a probe runs: program and arguments; empty when there is no check}
  public List<String> command() {
    if (test.size() < 2) {
      return List.of();
    }
    return test.getFirst().equals("CMD")
        ? test.subList(1, test.size())
        : List.of("/bin/sh", "-c", test.get(1));
  }
}
