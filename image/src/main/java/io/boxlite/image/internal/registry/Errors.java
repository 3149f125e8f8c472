package io.boxlite.image.internal.registry;

import io.boxlite.api.BoxliteException;
import io.boxlite.api.ImageException;
import io.boxlite.api.NetworkException;
import io.boxlite.image.internal.oci.OciJson;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.net.ConnectException;
import java.net.UnknownHostException;
import java.net.http.HttpTimeoutException;
import java.nio.channels.UnresolvedAddressException;
import java.nio.charset.StandardCharsets;
import java.security.cert.CertificateException;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.StringJoiner;
import org.jspecify.annotations.Nullable;

/// Turns what went wrong with a registry into the exceptions of the API.
final class Errors {
  private static final int MAX_BODY = 64 << 10;
  private static final int MAX_TEXT = 300;
  private static final int MAX_MESSAGES = 3;

  private Errors() {}

  /// Turns an answer that is no success into an exception. Reads its body and closes it.
  ///
  /// @param registry that was asked
  /// @param what it was asked for
  /// @param loggedIn whether credentials were sent
  static BoxliteException of(Answer answer, String registry, String what, boolean loggedIn) {
    int status = answer.status();
    String said = said(answer);
    Map<String, String> details = Map.of("registry", registry, "status", Integer.toString(status));
    return switch (status) {
      case 401 ->
          new ImageException(
              "unauthorized",
              what
                  + (loggedIn
                      ? ": " + registry + " does not accept the credentials" + said + "; renew them"
                      : ": " + registry + " wants a login, or has no such image" + said + "; give")
                  + " (docker login "
                  + registry
                  + ", or image_registries of the configuration) and check the spelling",
              null,
              details);
      case 403 ->
          new ImageException(
              "forbidden",
              what
                  + ": "
                  + registry
                  + " denies access"
                  + said
                  + "; log in with an account that may use it, and check the spelling",
              null,
              details);
      case 404 ->
          new ImageException(
              "not_found",
              what + ": " + registry + " does not have it" + said + "; check name and tag",
              null,
              details);
      case 407 ->
          new NetworkException(
              "proxy_unauthorized",
              what + ": the proxy wants a login; put user:password@ into HTTPS_PROXY or HTTP_PROXY",
              null,
              details);
      case 429 -> rateLimited(answer, registry, what, said, loggedIn, details);
      default -> other(status, what + ": " + registry, said, details);
    };
  }

  private static BoxliteException other(
      int status, String what, String said, Map<String, String> details) {
    return status >= 400 && status < 500 && status != 408
        ? new ImageException(
            "refused", what + " refuses it with status " + status + said, null, details)
        : new NetworkException(
            "bad_answer",
            what + " answered with status " + status + said + "; try again later",
            null,
            details);
  }

  private static BoxliteException rateLimited(
      Answer answer,
      String registry,
      String what,
      String said,
      boolean loggedIn,
      Map<String, String> details) {
    StringJoiner facts = new StringJoiner(", ", " (", ")").setEmptyValue("");
    for (String name : List.of("Retry-After", "RateLimit-Limit", "RateLimit-Remaining")) {
      answer.header(name).ifPresent(value -> facts.add(name + ": " + clean(value)));
    }
    return new NetworkException(
        "rate_limited",
        what
            + ": "
            + registry
            + " takes no more requests for now"
            + facts
            + said
            + "; wait, "
            + (loggedIn ? "" : "log in for a higher limit (docker login " + registry + "), ")
            + "or use a mirror",
        null,
        details);
  }

  /// An answer that makes no sense.
  static NetworkException badAnswer(String registry, String what, String why) {
    return new NetworkException(
        "bad_answer",
        what + ": " + registry + " does not answer as a registry should: " + why,
        null,
        Map.of("registry", registry));
  }

  /// No answer.
  static NetworkException unreachable(String registry, String what, IOException cause) {
    if (isUntrusted(cause)) {
      return new NetworkException(
          "untrusted_certificate",
          what
              + ": the certificate of "
              + registry
              + " is not trusted: "
              + why(cause)
              + "; give its authority as ca_file of its entry in image_registries, or set"
              + " skip_verify",
          cause,
          Map.of("registry", registry));
    }
    return new NetworkException(
        "registry_unreachable",
        what
            + ": cannot reach "
            + registry
            + ": "
            + why(cause)
            + "; check its name, the network and HTTPS_PROXY",
        cause,
        Map.of("registry", registry));
  }

  static NetworkException interrupted(Throwable cause) {
    return new NetworkException(
        "interrupted", "transfer of an image was interrupted", cause, Map.of());
  }

  /// Turns a failed exchange into what is thrown: that of an interrupted thread or one that no
  /// further try would mend at once, any other for the next try.
  static TransientException lost(String registry, String what, IOException cause)
      throws TransientException {
    if (cause instanceof InterruptedIOException && Thread.currentThread().isInterrupted()) {
      throw interrupted(cause);
    }
    if (cause instanceof java.net.ProtocolException) {
      throw badAnswer(registry, what, clean(text(cause)));
    }
    NetworkException told = unreachable(registry, what, cause);
    if (isUntrusted(cause)) {
      throw told;
    }
    return new TransientException(told, Optional.empty());
  }

  static boolean isUntrusted(Throwable failure) {
    return find(failure, CertificateException.class) != null
        || find(failure, java.security.cert.CertPathValidatorException.class) != null;
  }

  private static String why(IOException cause) {
    if (find(cause, UnresolvedAddressException.class) != null
        || find(cause, UnknownHostException.class) != null) {
      return "no such host";
    }
    if (cause instanceof HttpTimeoutException) {
      return text(cause);
    }
    if (cause instanceof ConnectException) {
      return cause.getMessage() == null ? "connection refused" : clean(cause.getMessage());
    }
    return clean(text(cause));
  }

  private static <T extends Throwable> @Nullable T find(Throwable failure, Class<T> type) {
    int depth = 0;
    for (Throwable at = failure; at != null && depth < 16; at = at.getCause(), depth++) {
      if (type.isInstance(at)) {
        return type.cast(at);
      }
    }
    return null;
  }

  /// {@return the message of an exception, or its name}
  static String text(Throwable failure) {
    String message = failure.getMessage();
    return message == null || message.isEmpty() ? failure.getClass().getSimpleName() : message;
  }

  /// {@return how long a server wishes to be left alone}
  static Optional<Duration> retryAfter(Answer answer) {
    String value = answer.header("Retry-After").orElse("").strip();
    if (value.isEmpty()) {
      return Optional.empty();
    }
    try {
      if (value.chars().allMatch(c -> c >= '0' && c <= '9')) {
        return Optional.of(
            Duration.ofSeconds(value.length() > 9 ? 999_999_999 : Long.parseLong(value)));
      }
      ZonedDateTime date = ZonedDateTime.parse(value, DateTimeFormatter.RFC_1123_DATE_TIME);
      Duration left = Duration.between(java.time.Instant.now(), date.toInstant());
      return left.isNegative() ? Optional.empty() : Optional.of(left);
    } catch (DateTimeException e) {
      return Optional.empty();
    }
  }

  // What the distribution spec wants: {"errors":[{"code","message","detail"}]}.
  private static String said(Answer answer) {
    byte[] body;
    try (answer) {
      body = answer.read(MAX_BODY);
    } catch (IOException e) {
      return "";
    }
    String text;
    try {
      text = messages(OciJson.object(body, "answer"));
    } catch (ImageException e) {
      text =
          answer.mediaType().equals("text/plain")
              ? clean(new String(body, StandardCharsets.UTF_8))
              : "";
    }
    return text.isEmpty() ? "" : " (it says: " + text + ")";
  }

  private static String messages(Map<String, Object> document) {
    StringJoiner found = new StringJoiner(", ");
    if (document.get("errors") instanceof List<?> errors) {
      for (Object error : errors.subList(0, Math.min(errors.size(), MAX_MESSAGES))) {
        if (error instanceof Map<?, ?> fields) {
          Object message = fields.get("message");
          found.add(clean(String.valueOf(message == null ? fields.get("code") : message)));
        }
      }
    }
    for (String name : List.of("message", "error_description", "details", "error")) {
      if (found.length() == 0 && document.get(name) instanceof String message) {
        found.add(clean(message));
      }
    }
    return clean(found.toString());
  }

  /// {@return a text of a stranger on one line, bounded, without control characters}
  static String clean(String text) {
    String start = text.length() > MAX_TEXT ? text.substring(0, MAX_TEXT) + "…" : text;
    StringBuilder clean = new StringBuilder(start.length());
    start
        .codePoints()
        .map(c ->
            Character.isISOControl(c)
                    || Character.getType(c) == Character.FORMAT
                    || Character.getType(c) == Character.SURROGATE
                ? ' '
                : c)
        .forEach(clean::appendCodePoint);
    return clean.toString().strip();
  }
}
