package io.boxlite.cli.command;

import java.math.BigDecimal;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.OffsetDateTime;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// Points in time as users write them.
final class Moments {
  private static final String NUMBER = "[0-9]{1,11}(?:\\.[0-9]{1,9})?";
  private static final Pattern SECONDS = Pattern.compile(NUMBER);
  private static final Pattern PART = Pattern.compile("(" + NUMBER + ")(h|ms|m|s)");
  private static final Pattern AGO = Pattern.compile("(?:" + PART + ")+");
  private static final Pattern MINUTES = Pattern.compile("\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d.*");
  private static final Map<String, Duration> UNITS =
      Map.of(
          "h", Duration.ofHours(1),
          "m", Duration.ofMinutes(1),
          "s", Duration.ofSeconds(1),
          "ms", Duration.ofMillis(1));

  private Moments() {}

  /// Reads one: how long ago (`90s`, `1h30m`), seconds since 1970, a date, or a date and time with
  /// `T` between them, each with `Z`, an offset, or neither.
  ///
  /// @param text what the user wrote
  /// @param now the present time
  /// @param zone of what names none
  /// @return empty if it is none of these
  static Optional<Instant> parse(String text, Instant now, ZoneId zone) {
    try {
      if (AGO.matcher(text).matches()) {
        return Optional.of(now.minus(duration(text)));
      }
      if (SECONDS.matcher(text).matches()) {
        return Optional.of(Instant.EPOCH.plus(times(Duration.ofSeconds(1), text)));
      }
      return Optional.of(dated(text, zone));
    } catch (DateTimeException | ArithmeticException e) {
      return Optional.empty();
    }
  }

  private static Instant dated(String text, ZoneId zone) {
    if (!MINUTES.matcher(text).matches()) {
      boolean utc = text.endsWith("Z");
      LocalDate day = LocalDate.parse(utc ? text.substring(0, text.length() - 1) : text);
      return day.atStartOfDay(utc ? ZoneOffset.UTC : zone).toInstant();
    }
    try {
      return OffsetDateTime.parse(text).toInstant();
    } catch (DateTimeException e) {
      return LocalDateTime.parse(text).atZone(zone).toInstant();
    }
  }

  private static Duration duration(String text) {
    Duration sum = Duration.ZERO;
    Matcher part = PART.matcher(text);
    while (part.find()) {
      sum = sum.plus(times(UNITS.getOrDefault(part.group(2), Duration.ZERO), part.group(1)));
    }
    return sum;
  }

  private static Duration times(Duration unit, String number) {
    BigDecimal nanos = new BigDecimal(number).multiply(BigDecimal.valueOf(unit.toNanos()));
    BigDecimal[] parts = nanos.divideAndRemainder(BigDecimal.valueOf(1_000_000_000));
    return Duration.ofSeconds(parts[0].longValueExact(), parts[1].longValue());
  }
}
