package io.boxlite.cli.output;

/// Numbers as they are shown with one decimal.
///
/// @since 0.1
public final class Tenths {
  private Tenths() {}

  /// {@return the text, rounded}
  ///
  /// @param value not negative
  public static String of(double value) {
    // By hand: String.format loads a lot of locale data into a short process.
    long tenths = Math.round(value * 10);
    return tenths / 10 + "." + tenths % 10;
  }
}
