package io.boxlite.cli.oidc;

import io.boxlite.api.NetworkException;
import java.math.BigDecimal;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.Optional;

/// What an issuer gave. Source: RFC 6749, section 5.1. Immutable; its text shows none of it.
///
/// @param access shown to the server with every request
/// @param refresh gets the next ones
/// @param id says who logged in
/// @param expiresAt end of the access token, if it has one
/// @since 0.1
public record Tokens(
    String access, Optional<String> refresh, Optional<String> id, Optional<Instant> expiresAt) {
  private static final int MAX_TOKEN = 64 * 1024;
  private static final Duration LONGEST = Duration.ofDays(3650);

  /// {@return the tokens of an answer}
  ///
  /// @param issuer for messages
  /// @throws NetworkException if there is none that can be used
  static Tokens of(String issuer, Map<?, ?> answer) {
    String type = Endpoints.text(answer, "token_type").orElse("");
    String access = token(answer, "access_token").orElse("");
    if (!type.equalsIgnoreCase("Bearer") || access.isEmpty()) {
      throw Issuer.unusable(issuer, "its answer has no bearer token");
    }
    return new Tokens(
        access,
        token(answer, "refresh_token"),
        token(answer, "id_token"),
        duration(answer, "expires_in").map(Instant.now()::plus));
  }

  private static Optional<String> token(Map<?, ?> answer, String name) {
    return Endpoints.text(answer, name)
        .filter(token ->
            token.length() <= MAX_TOKEN && token.chars().allMatch(c -> c > ' ' && c < 0x7f));
  }

  /// {@return a time in seconds, at most ten years; empty if there is none that makes sense}
  static Optional<Duration> duration(Map<?, ?> answer, String name) {
    if (!(answer.get(name) instanceof Number number)) {
      return Optional.empty();
    }
    BigDecimal seconds;
    try {
      seconds = new BigDecimal(number.toString());
    } catch (NumberFormatException e) {
      return Optional.empty(); // infinite
    }
    BigDecimal millis = seconds.min(BigDecimal.valueOf(LONGEST.toSeconds())).movePointRight(3);
    return seconds.signum() > 0
        ? Optional.of(Duration.ofMillis(millis.longValue()))
        : Optional.empty();
  }

  /// Shows nothing that could be used.
  @Override
  public String toString() {
    return "tokens until " + expiresAt.map(Instant::toString).orElse("revoked");
  }
}
