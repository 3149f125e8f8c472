package io.boxlite.bench;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// What `wrk` found: requests over connections that each send the next one when they have the
/// answer.
///
/// @param perSecond answers
/// @param median of the time to an answer, in milliseconds
/// @param p99 of the same
record Wrk(double perSecond, double median, double p99) {
  private static final int CONNECTIONS = 8;
  private static final Pattern PER_SECOND = Pattern.compile("Requests/sec: +([0-9.]+)()");
  private static final Pattern MEDIAN = Pattern.compile(" 50% +([0-9.]+)(us|ms|s)");
  private static final Pattern P99 = Pattern.compile(" 99% +([0-9.]+)(us|ms|s)");

  /// Asks for some seconds.
  ///
  /// @param url what is asked for
  /// @param key sent as a bearer token
  static Wrk run(String url, String key) throws IOException, InterruptedException {
    Process process =
        new ProcessBuilder(
                List.of(
                    "wrk",
                    "-t",
                    "1",
                    "-c",
                    String.valueOf(CONNECTIONS),
                    "-d",
                    "4s",
                    "--timeout",
                    "30s",
                    "--latency",
                    "-H",
                    "Authorization: Bearer " + key,
                    url))
            .redirectErrorStream(true)
            .start();
    String out = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    if (process.waitFor() != 0 || out.contains("Non-2xx") || out.contains("Socket errors")) {
      throw new IOException("wrk " + url + ": " + out);
    }
    return new Wrk(value(PER_SECOND, out), value(MEDIAN, out), value(P99, out));
  }

  private static double value(Pattern pattern, String out) throws IOException {
    Matcher matcher = pattern.matcher(out);
    if (!matcher.find()) {
      throw new IOException("wrk printed " + out);
    }
    double value = Double.parseDouble(matcher.group(1));
    return switch (matcher.group(2)) {
      case "us" -> value / 1e3;
      case "s" -> value * 1e3;
      default -> value;
    };
  }
}
