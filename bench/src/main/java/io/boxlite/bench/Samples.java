package io.boxlite.bench;

import java.util.Arrays;
import java.util.Locale;

/// Measured values of one thing, in one unit.
record Samples(String name, String unit, double[] values) {
  double median() {
    return quantile(0.5);
  }

  /// {@return the value that this share of the values does not exceed}
  ///
  /// @param q 0 to 1
  double quantile(double q) {
    double[] sorted = values.clone();
    Arrays.sort(sorted);
    return sorted[(int) Math.round(q * (sorted.length - 1))];
  }

  /// One line: median and the range from the lowest to the highest tenth.
  String line() {
    return String.format(
        Locale.ROOT,
        "%-42s %10.1f %-5s [%.1f – %.1f]  n=%d",
        name,
        median(),
        unit,
        quantile(0.1),
        quantile(0.9),
        values.length);
  }

  /// One line: how slow the slow ones are.
  String tailLine() {
    return String.format(
        Locale.ROOT,
        "%-42s p90 %.1f, p99 %.1f, longest %.1f %s",
        "  of these",
        quantile(0.9),
        quantile(0.99),
        quantile(1),
        unit);
  }

  /// One line that sets this beside something else of the same run.
  String ratioTo(Samples other) {
    return String.format(
        Locale.ROOT,
        "%-42s %10.4f ×",
        name + " / " + other.name().strip(),
        median() / other.median());
  }
}
