package io.boxlite.api;

import java.util.List;
import java.util.Locale;
import java.util.regex.Pattern;

/// A value that programs of a box send to some hosts without knowing it: they send the placeholder,
/// and on its way to one of the hosts the value takes its place. Immutable.
///
/// @param name what the user calls it
/// @param value the value; empty where the runtime tells of a secret
/// @param hosts where it may go: host names or `*.suffix`
/// @param placeholder what the box has instead, at least 8 visible characters
/// @param plainHttp whether it may be sent without TLS
/// @since 0.1
public record Secret(
    String name, String value, List<String> hosts, String placeholder, boolean plainHttp) {
  /// Longest value, in characters.
  public static final int MAX_VALUE = 64 * 1024;

  private static final Pattern PLACEHOLDER = Pattern.compile("[\\x21-\\x7e]{8,256}");

  /// Copies.
  public Secret {
    hosts = List.copyOf(hosts);
  }

  /// {@return a secret with the usual placeholder, for TLS only}
  ///
  /// @param name what the user calls it
  /// @param value the value
  /// @param hosts where it may go
  public static Secret of(String name, String value, List<String> hosts) {
    return new Secret(name, value, hosts, "<BOXLITE_SECRET:" + name + ">", false);
  }

  /// {@return the variable of the box that holds the placeholder}
  public String variable() {
    String plain = name.isEmpty() ? "_UNNAMED" : name.toUpperCase(Locale.ROOT);
    return "BOXLITE_SECRET_" + plain.replaceAll("[^A-Z0-9]", "_");
  }

  /// {@return the same without its value}
  public Secret withoutValue() {
    return new Secret(name, "", hosts, placeholder, plainHttp);
  }

  static void check(Secret secret, OptionChecks checks) {
    String subject = "secret '" + secret.name + "'";
    checks
        .require(
            secret.name.length() <= 128 && secret.name.chars().allMatch(c -> c >= 0x20 && c < 0x7f),
            "secret name",
            "must be at most 128 visible characters")
        .require(
            secret.value.length() <= MAX_VALUE
                && secret.value.chars().noneMatch(c -> c == '\r' || c == '\n' || c == 0),
            subject,
            "has a value that is too long or has line ends")
        .require(!secret.hosts.isEmpty(), subject, "must say to which hosts it may go")
        .require(
            PLACEHOLDER.matcher(secret.placeholder).matches(),
            subject,
            "must have a placeholder of 8 to 256 visible ASCII characters");
  }

  /// Without the value.
  @Override
  public String toString() {
    return "Secret[name=" + name + ", hosts=" + hosts + ", placeholder=" + placeholder + "]";
  }
}
