package io.boxlite.runtime.internal.lifecycle;

import io.boxlite.api.ImageException;
import java.util.Locale;
import java.util.Map;

/// The numbers of Linux signals by name, as images write them in StopSignal.
final class Signals {
  private static final int DEFAULT = 15;
  private static final int MAX = 64;
  private static final int RTMIN = 34;

  private static final Map<String, Integer> NUMBERS =
      Map.ofEntries(
          Map.entry("HUP", 1),
          Map.entry("INT", 2),
          Map.entry("QUIT", 3),
          Map.entry("ILL", 4),
          Map.entry("TRAP", 5),
          Map.entry("ABRT", 6),
          Map.entry("BUS", 7),
          Map.entry("FPE", 8),
          Map.entry("KILL", 9),
          Map.entry("USR1", 10),
          Map.entry("SEGV", 11),
          Map.entry("USR2", 12),
          Map.entry("PIPE", 13),
          Map.entry("ALRM", 14),
          Map.entry("TERM", 15),
          Map.entry("STKFLT", 16),
          Map.entry("CHLD", 17),
          Map.entry("CONT", 18),
          Map.entry("STOP", 19),
          Map.entry("TSTP", 20),
          Map.entry("TTIN", 21),
          Map.entry("TTOU", 22),
          Map.entry("URG", 23),
          Map.entry("XCPU", 24),
          Map.entry("XFSZ", 25),
          Map.entry("VTALRM", 26),
          Map.entry("PROF", 27),
          Map.entry("WINCH", 28),
          Map.entry("IO", 29),
          Map.entry("PWR", 30),
          Map.entry("SYS", 31));

  private Signals() {}

  /// Reads a StopSignal: `SIGTERM`, `term`, `15`, `SIGRTMIN+3`.
  ///
  /// @param text as the image has it; empty: SIGTERM
  /// @return the number
  /// @throws ImageException if there is no such signal
  static int parse(String text) {
    String name = text.strip().toUpperCase(Locale.ROOT);
    if (name.startsWith("SIG")) {
      name = name.substring(3);
    }
    if (name.isEmpty()) {
      return DEFAULT;
    }
    Integer known = NUMBERS.get(name);
    int number = known != null ? known : numeric(name);
    if (number < 1 || number > MAX) {
      throw new ImageException(
          "invalid_stop_signal", "the image's StopSignal '" + text + "' is no Linux signal");
    }
    return number;
  }

  private static int numeric(String name) {
    int base = name.startsWith("RTMIN") ? RTMIN : 0;
    String digits = base == 0 ? name : name.substring("RTMIN".length()).replaceFirst("^\\+", "");
    if (digits.isEmpty()) {
      return base;
    }
    boolean decimal = digits.length() <= 2 && digits.chars().allMatch(c -> c >= '0' && c <= '9');
    return decimal ? base + Integer.parseInt(digits) : -1;
  }
}
