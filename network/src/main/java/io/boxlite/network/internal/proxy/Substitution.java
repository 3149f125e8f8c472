package io.boxlite.network.internal.proxy;

import io.boxlite.api.Secret;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Base64;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Set;

/// The secrets that may go to one host, put in the place of their placeholders. Immutable.
final class Substitution {
  /// These say where a message ends or where it goes; they never carry a secret.
  private static final Set<String> FRAMING =
      Set.of(
          "host",
          "content-length",
          "transfer-encoding",
          "connection",
          "keep-alive",
          "proxy-connection",
          "te",
          "trailer",
          "upgrade",
          "expect",
          "content-encoding");

  record Entry(byte[] placeholder, byte[] value) {
    static Entry of(Secret secret) {
      return new Entry(
          secret.placeholder().getBytes(StandardCharsets.US_ASCII),
          secret.value().getBytes(StandardCharsets.UTF_8));
    }

    @Override
    public String toString() {
      return "Entry";
    }
  }

  private final List<Entry> entries;

  Substitution(List<Secret> secrets) {
    // Of two placeholders that begin alike the longer one is meant.
    this.entries =
        secrets.stream()
            .map(Entry::of)
            .sorted(Comparator.comparingInt((Entry e) -> e.placeholder.length).reversed())
            .toList();
  }

  boolean isEmpty() {
    return entries.isEmpty();
  }

  /// {@return the value of a header}
  ///
  /// @param name its name
  /// @param value what the box sent, a byte a character
  String header(String name, String value) {
    String lower = name.toLowerCase(Locale.ROOT);
    if (entries.isEmpty() || FRAMING.contains(lower) || lower.startsWith(":")) {
      return value;
    }
    if (lower.endsWith("authorization") && value.regionMatches(true, 0, "Basic ", 0, 6)) {
      return basic(value);
    }
    return replace(value, Writing.RAW);
  }

  /// {@return the target of a request: the query is changed, the path is not}
  ///
  /// @param target what the box sent
  String target(String target) {
    int query = target.indexOf('?');
    return entries.isEmpty() || query < 0
        ? target
        : target.substring(0, query + 1) + replace(target.substring(query + 1), Writing.QUERY);
  }

  /// {@return what changes a body}
  ///
  /// @param writing how texts are written in it
  BodyFilter body(Writing writing) {
    return new BodyFilter(entries, writing);
  }

  private String basic(String value) {
    try {
      byte[] decoded = Base64.getDecoder().decode(value.substring(6).strip());
      String before = new String(decoded, StandardCharsets.ISO_8859_1);
      String after = replace(before, Writing.RAW);
      return before.equals(after)
          ? value
          : value.substring(0, 6)
              + Base64.getEncoder().encodeToString(after.getBytes(StandardCharsets.ISO_8859_1));
    } catch (IllegalArgumentException e) {
      return replace(value, Writing.RAW);
    }
  }

  private String replace(String text, Writing writing) {
    byte[] bytes = text.getBytes(StandardCharsets.ISO_8859_1);
    byte[] changed = new BodyFilter(entries, writing).all(bytes);
    return Arrays.equals(changed, bytes) ? text : new String(changed, StandardCharsets.ISO_8859_1);
  }

  @Override
  public String toString() {
    return "Substitution of " + entries.size();
  }
}
