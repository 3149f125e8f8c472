package io.boxlite.cli.command;

import io.boxlite.api.BoxliteException;
import io.boxlite.cli.oidc.Issuer;
import io.boxlite.cli.oidc.LoginRefusedException;
import io.boxlite.cli.oidc.OidcSettings;
import io.boxlite.cli.oidc.Tokens;
import io.boxlite.client.Trust;
import java.nio.file.Path;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.temporal.ChronoUnit;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/// The tokens of a profile: renewed when they are about to end, by whatever command needs them, and
/// given back in the end.
final class OidcSession {
  static final String METHOD = "oidc";
  static final String ISSUER = "oidc_issuer";
  static final String CLIENT_ID = "client_id";
  static final String AUDIENCE = "audience";
  static final String REFRESH_TOKEN = "refresh_token";
  static final String ID_TOKEN = "id_token";
  static final String EXPIRES_AT = "expires_at";

  private static final Duration MARGIN = Duration.ofMinutes(5);

  private OidcSession() {}

  /// Adds tokens to a profile, in place of those that it has.
  static void add(Tokens tokens, Map<String, String> entries) {
    entries.put(Profiles.ACCESS_TOKEN, tokens.access());
    tokens.refresh().ifPresent(token -> entries.put(REFRESH_TOKEN, token));
    tokens.id().ifPresent(token -> entries.put(ID_TOKEN, token));
    tokens
        .expiresAt()
        .ifPresentOrElse(
            end -> entries.put(EXPIRES_AT, end.truncatedTo(ChronoUnit.SECONDS).toString()),
            () -> entries.remove(EXPIRES_AT));
  }

  /// {@return the entries of a profile, whose access token does not end within the next minutes}
  ///
  /// @param file of the profiles
  /// @param name of the profile
  /// @param entries as they were read
  /// @param authorities PEM file of those that the issuer's certificate may have besides
  /// @throws CliException if the token has ended and there is no other
  static Map<String, String> fresh(
      Path file, String name, Map<String, String> entries, Optional<Path> authorities) {
    if (!isEnding(entries, MARGIN)) {
      return entries;
    }
    // The lock is held until the next tokens are written: a refresh token may be good for once.
    return Profiles.change(
        file,
        profiles -> {
          Map<String, String> now = profiles.get(name).orElse(entries);
          if (!isEnding(now, MARGIN)) {
            return now; // somebody else was first
          }
          Map<String, String> next = new LinkedHashMap<>(now);
          try (Issuer issuer = Issuer.discover(settings(now), Trust.context(authorities))) {
            add(issuer.refreshed(now.getOrDefault(REFRESH_TOKEN, "")), next);
          } catch (LoginRefusedException | BoxliteException e) {
            if (!isEnding(now, Duration.ZERO)) {
              return now;
            }
            throw CliException.failure(
                "the login to "
                    + now.get(Profiles.URL)
                    + " has ended and cannot be renewed: "
                    + e.getMessage()
                    + "; use boxlite auth login");
          }
          profiles.put(name, next);
          return next;
        });
  }

  private static boolean isEnding(Map<String, String> entries, Duration margin) {
    if (!METHOD.equals(entries.get(Profiles.AUTH_METHOD))
        || !entries.containsKey(REFRESH_TOKEN)
        || !entries.containsKey(EXPIRES_AT)) {
      return false;
    }
    try {
      Instant end = OffsetDateTime.parse(entries.get(EXPIRES_AT)).toInstant();
      return Instant.now().plus(margin).isAfter(end);
    } catch (DateTimeException e) {
      return true; // somebody else wrote that; the next one is ours
    }
  }

  private static OidcSettings settings(Map<String, String> entries) {
    return new OidcSettings(
        entries.getOrDefault(ISSUER, ""),
        entries.getOrDefault(CLIENT_ID, ""),
        Optional.ofNullable(entries.get(AUDIENCE)));
  }

  /// Gives the tokens of a profile back, if its issuer takes them.
  ///
  /// @return why they could not be given back
  static Optional<String> revoke(Map<String, String> entries, Optional<Path> authorities) {
    if (!METHOD.equals(entries.get(Profiles.AUTH_METHOD))) {
      return Optional.empty();
    }
    String token =
        entries.getOrDefault(REFRESH_TOKEN, entries.getOrDefault(Profiles.ACCESS_TOKEN, ""));
    try (Issuer issuer = Issuer.discover(settings(entries), Trust.context(authorities))) {
      return issuer.revoke(token)
          ? Optional.empty()
          : Optional.of(entries.get(ISSUER) + " does not take them back");
    } catch (BoxliteException e) {
      return Optional.of(String.valueOf(e.getMessage()));
    }
  }
}
