package io.boxlite.cli.output;

import java.time.Instant;
import java.time.ZoneOffset;
import java.time.ZonedDateTime;

/// Points in time as they are shown.
///
/// @since 0.1
public final class Times {
  private Times() {}

  /// {@return the time as `YYYY-MM-DD HH:MM:SS UTC`}
  ///
  /// @param time any
  public static String utc(Instant time) {
    // By hand: DateTimeFormatter loads a lot of locale data into a short process.
    ZonedDateTime at = time.atZone(ZoneOffset.UTC);
    StringBuilder out = new StringBuilder(23).append(at.getYear());
    part(out, '-', at.getMonthValue());
    part(out, '-', at.getDayOfMonth());
    part(out, ' ', at.getHour());
    part(out, ':', at.getMinute());
    part(out, ':', at.getSecond());
    return out.append(" UTC").toString();
  }

  private static void part(StringBuilder out, char separator, int value) {
    out.append(separator).append((char) ('0' + value / 10)).append((char) ('0' + value % 10));
  }
}
