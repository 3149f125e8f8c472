package io.boxlite.bench;

import java.util.Arrays;
import java.util.Locale;

/// Measured values of one thing, in one unit.
record Samples(String name, String unit, double[] values) {
  double median() {
    return quantile(0.5);
  }

  private double quantile(double q) {
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

  /// One line that sets this beside its floor.
  String ratioTo(Samples floor) {
    return String.format(
        Locale.ROOT, "%-42s %10.4f ×", name + " / floor", median() / floor.median());
  }
}
