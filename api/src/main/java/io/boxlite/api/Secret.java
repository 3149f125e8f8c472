package io.boxlite.api;

import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.regex.Pattern;

/// A value that programs of a box use without having it: they send the placeholder, and on its way
/// to one of the hosts the value takes its place (docs/secrets.md). Immutable.
///
/// @param name what the user calls it
/// @param value the value; empty where the runtime tells of a secret
/// @param hosts where it may go: host names or `*.suffix`
/// @param placeholder what the box has instead: 8 to 256 visible ASCII characters
/// @param plainHttp whether it may be sent without TLS
/// @since 0.1
public record Secret(
    String name, String value, List<String> hosts, String placeholder, boolean plainHttp) {
  /// Longest value, in characters.
  public static final int MAX_VALUE = 64 * 1024;

  /// Most secrets of a box, and most hosts of a secret.
  public static final int MAX = 64;

  private static final int MAX_NAME = 128;
  private static final Pattern PLACEHOLDER = Pattern.compile("[\\x21-\\x7e]{8,256}");
  private static final Pattern HOST =
      Pattern.compile("(?=.{1,255}$)(\\*\\.)?[A-Za-z0-9_-]+(\\.[A-Za-z0-9_-]+)*\\.?");

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
    return new Secret(name, value, hosts, placeholderOf(name), false);
  }

  /// {@return the placeholder of a secret that names none}
  ///
  /// @param name of the secret
  public static String placeholderOf(String name) {
    return "<BOXLITE_SECRET:" + name + ">";
  }

  /// {@return the variable of the box that holds the placeholder}
  public String variable() {
    return "BOXLITE_SECRET_" + name.toUpperCase(Locale.ROOT).replaceAll("[^A-Z0-9]", "_");
  }

  /// {@return the same without its value}
  public Secret withoutValue() {
    return new Secret(name, "", hosts, placeholder, plainHttp);
  }

  static void check(List<Secret> secrets, OptionChecks checks) {
    checks.require(secrets.size() <= MAX, "secrets", "must be at most " + MAX);
    Set<String> variables = new HashSet<>();
    Set<String> placeholders = new HashSet<>();
    for (Secret secret : secrets) {
      String subject = "secret '" + secret.name + "'";
      check(secret, subject, checks);
      checks
          .require(variables.add(secret.variable()), subject, "has the same variable as another")
          .require(
              placeholders.add(secret.placeholder), subject, "has the same placeholder as another");
    }
  }

  private static void check(Secret secret, String subject, OptionChecks checks) {
    checks
        .require(
            !secret.name.isEmpty()
                && secret.name.length() <= MAX_NAME
                && secret.name.chars().allMatch(c -> c > 0x20 && c < 0x7f),
            "secret name",
            "must be 1 to " + MAX_NAME + " visible ASCII characters")
        .require(
            secret.value.length() <= MAX_VALUE
                && secret.value.chars().noneMatch(c -> c == '\r' || c == '\n' || c == 0),
            subject,
            "has a value that is longer than " + MAX_VALUE + " characters or has line ends")
        .require(
            !secret.hosts.isEmpty() && secret.hosts.size() <= MAX,
            subject,
            "must say to which hosts it may go, at most " + MAX)
        .require(
            PLACEHOLDER.matcher(secret.placeholder).matches(),
            subject,
            "must have a placeholder of 8 to 256 visible ASCII characters");
    for (String host : secret.hosts) {
      checks.require(
          HOST.matcher(host).matches(),
          subject,
          "names '" + host + "', which is neither a host name nor *.suffix");
    }
  }

  /// Without the value.
  @Override
  public String toString() {
    return "Secret[name=" + name + ", hosts=" + hosts + ", placeholder=" + placeholder + "]";
  }
}
