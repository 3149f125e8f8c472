package io.boxlite.cli.output;

/// Numbers of bytes as they are shown: three digits and a decimal unit, such as `1.23GB`.
///
/// @since 0.1
public final class ByteSize {
  private static final String[] UNITS = {"B", "kB", "MB", "GB", "TB", "PB", "EB"};
  private static final long STEP = 1000;

  private static final String[] BINARY_UNITS = {"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
  private static final long BINARY_STEP = 1024;

  private ByteSize() {}

  /// {@return the text with a binary unit and one decimal, such as `1.0 MiB`; bytes without}
  ///
  /// @param bytes not negative
  public static String binary(long bytes) {
    int unit = 0;
    long divisor = 1;
    while (unit < BINARY_UNITS.length - 1 && bytes / divisor >= BINARY_STEP) {
      divisor *= BINARY_STEP;
      unit++;
    }
    return (unit == 0 ? Long.toString(bytes) : Tenths.of((double) bytes / divisor))
        + " "
        + BINARY_UNITS[unit];
  }

  /// {@return the text}
  ///
  /// @param bytes not negative
  public static String of(long bytes) {
    int unit = 0;
    long divisor = 1;
    while (unit < UNITS.length - 1 && bytes / divisor >= STEP) {
      divisor *= STEP;
      unit++;
    }
    // By hand: String.format loads a lot of locale data into a short process.
    long whole = bytes / divisor;
    int decimals = unit == 0 || whole >= 100 ? 0 : whole >= 10 ? 1 : 2;
    StringBuilder out = new StringBuilder(8).append(whole);
    long rest = bytes % divisor;
    for (int i = 0; i < decimals; i++) {
      out.append(i == 0 ? "." : "");
      divisor /= 10;
      out.append((char) ('0' + rest / divisor));
      rest %= divisor;
    }
    return out.append(UNITS[unit]).toString();
  }
}
