package io.boxlite.rest;

import io.boxlite.api.BoxliteException;
import io.boxlite.api.ConfigException;
import io.boxlite.api.ErrorCode;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// The one place where exceptions become error envelopes and envelopes become exceptions.
///
/// @since 0.1
public final class ErrorEnvelope {
  private static final int MAX_QUOTED = 300;
  private static final String AUTH = "auth: ";

  private ErrorEnvelope() {}

  /// {@return the envelope of an exception}
  ///
  /// @param e what happened
  /// @param requestId id of the request
  public static ErrorBody of(BoxliteException e, String requestId) {
    return new ErrorBody(
        new ErrorBody.Failure(
            message(e),
            e.code().wireType(),
            e.code().wireCode(),
            requestId,
            e.reason().isEmpty() ? null : e.reason(),
            e.details().isEmpty() ? null : e.details()));
  }

  /// {@return the envelope of a failure that no exception of the library describes}
  ///
  /// @param code the nearest kind
  /// @param reason stable lower_snake detail
  /// @param message for people
  /// @param requestId id of the request
  public static ErrorBody of(ErrorCode code, String reason, String message, String requestId) {
    return new ErrorBody(
        new ErrorBody.Failure(message, code.wireType(), code.wireCode(), requestId, reason, null));
  }

  private static String message(BoxliteException e) {
    return e.getMessage() == null ? e.code().wireCode() : e.getMessage();
  }

  /// Makes the exception that a failed answer stands for.
  ///
  /// @param status HTTP status, 400 or above
  /// @param body what came with it, may be empty or anything
  /// @return the exception, not thrown
  public static BoxliteException toException(int status, byte[] body) {
    ErrorBody.Failure failure = failure(body);
    String code = failure == null ? null : failure.code();
    String message = failure == null ? null : failure.message();
    if (failure == null || code == null || message == null) {
      return byStatus(status, quoted(body));
    }
    if (code.equals("unauthenticated") || code.equals("permission_denied")) {
      String said = message.startsWith(AUTH) ? message : AUTH + message;
      return BoxliteException.of(ErrorCode.CONFIG, code, said, Map.of());
    }
    for (ErrorCode known : ErrorCode.values()) {
      if (known.wireCode().equals(code)) {
        return exception(known, failure, message);
      }
    }
    return BoxliteException.of(
        codeOf(status), text(failure.reason()), message, Map.of("wire_code", code));
  }

  /// Makes the exception that a failure stands for which was told without a status, because the
  /// answer had begun.
  ///
  /// @param failure what happened
  /// @return the exception, not thrown
  public static BoxliteException toException(ErrorBody.Failure failure) {
    return toException(500, JsonCodec.write(new ErrorBody(failure)));
  }

  private static BoxliteException exception(
      ErrorCode code, ErrorBody.Failure failure, String message) {
    Map<String, String> details = failure.details();
    return BoxliteException.of(
        code, text(failure.reason()), message, details == null ? Map.of() : details);
  }

  private static BoxliteException byStatus(int status, String body) {
    String said = "HTTP " + status + (body.isEmpty() ? "" : ": " + body);
    String message = status == 401 || status == 403 ? AUTH + said : said;
    return BoxliteException.of(codeOf(status), "http_" + status, message, Map.of());
  }

  private static ErrorCode codeOf(int status) {
    return switch (status) {
      case 401, 403 -> ErrorCode.CONFIG;
      case 404 -> ErrorCode.NOT_FOUND;
      case 502, 503, 504 -> ErrorCode.NETWORK;
      default -> ErrorCode.INTERNAL;
    };
  }

  private static ErrorBody.@Nullable Failure failure(byte[] body) {
    try {
      return JsonCodec.read(ErrorBody.class, body).error();
    } catch (ConfigException notAnEnvelope) {
      return null;
    }
  }

  private static String text(@Nullable String value) {
    return value == null ? "" : value;
  }

  private static String quoted(byte[] body) {
    return new String(body, 0, Math.min(body.length, MAX_QUOTED), StandardCharsets.UTF_8).strip();
  }
}
