package io.boxlite.cli.oidc;

import io.boxlite.api.NetworkException;
import java.time.Duration;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;

/// Logging in with a code that is typed in on some other device. Source: RFC 8628.
///
/// @since 0.1
public final class DeviceLogin {
  private static final Duration DEFAULT_INTERVAL = Duration.ofSeconds(5);
  private static final Duration MAX_INTERVAL = Duration.ofMinutes(1);
  private static final Duration MAX_LIFETIME = Duration.ofMinutes(30);

  private DeviceLogin() {}

  /// What the user is told.
  ///
  /// @param url where to go
  /// @param code to be typed in there
  /// @param whole the same with the code in it, if the issuer has such
  /// @since 0.1
  public record Invitation(String url, String code, Optional<String> whole) {}

  /// Waits until the user has logged in.
  ///
  /// @param show tells the user
  /// @throws LoginRefusedException if the user or the issuer says no, or nobody comes in time
  /// @throws NetworkException if the issuer does not answer as one
  public static Tokens login(Issuer issuer, Consumer<Invitation> show)
      throws LoginRefusedException, InterruptedException {
    Map<String, String> form = new LinkedHashMap<>();
    form.put("scope", String.join(" ", Issuer.scopes()));
    issuer.settings().audience().ifPresent(audience -> form.put("audience", audience));
    Map<?, ?> answer = issuer.granted(issuer.endpoints().device(), form);
    String deviceCode = required(issuer, answer, "device_code");
    show.accept(
        new Invitation(
            Endpoints.checked("verification_uri", required(issuer, answer, "verification_uri"))
                .toString(),
            Issuer.shown(required(issuer, answer, "user_code")),
            Endpoints.text(answer, "verification_uri_complete")
                .map(url -> Endpoints.checked("verification_uri_complete", url).toString())));
    Duration interval = Tokens.duration(answer, "interval").orElse(DEFAULT_INTERVAL);
    Instant end =
        Instant.now()
            .plus(least(Tokens.duration(answer, "expires_in").orElse(MAX_LIFETIME), MAX_LIFETIME));
    while (true) {
      Thread.sleep(least(interval, MAX_INTERVAL)); // as the issuer wants it
      if (Instant.now().isAfter(end)) {
        throw new LoginRefusedException("expired_token", "nobody logged in in time");
      }
      try {
        Tokens tokens =
            issuer.token(
                Map.of(
                    "grant_type",
                    "urn:ietf:params:oauth:grant-type:device_code",
                    "device_code",
                    deviceCode));
        IdToken.check(issuer, tokens, Optional.empty());
        return tokens;
      } catch (LoginRefusedException e) {
        switch (e.error()) {
          case "authorization_pending" -> {}
          case "slow_down" -> interval = interval.plus(DEFAULT_INTERVAL);
          default -> throw e;
        }
      }
    }
  }

  private static Duration least(Duration one, Duration other) {
    return one.compareTo(other) < 0 ? one : other;
  }

  private static String required(Issuer issuer, Map<?, ?> answer, String name) {
    return Endpoints.text(answer, name)
        .orElseThrow(
            () -> Issuer.unusable(issuer.settings().issuer(), "its answer has no " + name));
  }
}
