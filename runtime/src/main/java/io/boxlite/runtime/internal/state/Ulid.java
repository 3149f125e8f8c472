package io.boxlite.runtime.internal.state;

import java.security.SecureRandom;
import java.time.Instant;
import java.util.regex.Pattern;

/// Makes ULIDs: 48 bits of milliseconds and 80 random bits as 26 characters of Crockford's Base32.
/// Source of the format: <https://github.com/ulid/spec>.
public final class Ulid {
  private static final char[] ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ".toCharArray();
  private static final Pattern FORM = Pattern.compile("[0-7][0-9A-HJKMNP-TV-Z]{25}");
  private static final int TIME_CHARS = 10;
  private static final int RANDOM_CHARS = 16;
  private static final SecureRandom RANDOM = new SecureRandom();

  private Ulid() {}

  /// {@return a new one}
  ///
  /// @param epochMillis the time
  public static String next(long epochMillis) {
    StringBuilder text = new StringBuilder(TIME_CHARS + RANDOM_CHARS);
    for (int i = TIME_CHARS - 1; i >= 0; i--) {
      text.append(ALPHABET[(int) (epochMillis >>> (5 * i)) & 31]);
    }
    for (int i = 0; i < RANDOM_CHARS; i++) {
      text.append(ALPHABET[RANDOM.nextInt(32)]);
    }
    return text.toString();
  }

  /// {@return whether a text is one}
  ///
  /// @param text any
  public static boolean isOne(String text) {
    return FORM.matcher(text).matches();
  }

  /// {@return when one was made}
  ///
  /// @param ulid one
  public static Instant time(String ulid) {
    long millis = 0;
    for (int i = 0; i < TIME_CHARS; i++) {
      millis = millis << 5 | new String(ALPHABET).indexOf(ulid.charAt(i));
    }
    return Instant.ofEpochMilli(millis);
  }
}
