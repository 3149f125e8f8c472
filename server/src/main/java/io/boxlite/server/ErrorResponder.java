package io.boxlite.server;

import io.boxlite.api.BoxliteException;
import io.boxlite.api.ErrorCode;
import io.boxlite.rest.ErrorBody;
import io.boxlite.rest.ErrorEnvelope;
import io.boxlite.rest.JsonCodec;
import java.nio.ByteBuffer;
import java.util.Locale;
import java.util.Set;
import org.eclipse.jetty.http.HttpHeader;
import org.eclipse.jetty.io.EofException;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.server.handler.ErrorHandler;
import org.eclipse.jetty.util.BufferUtil;
import org.eclipse.jetty.util.Callback;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The one place where failures become answers, those that the HTTP library itself finds included.
final class ErrorResponder implements Request.Handler {
  private static final Logger LOG = LoggerFactory.getLogger(ErrorResponder.class);
  private static final int BAD_REQUEST = 400;
  private static final int NOT_FOUND = 404;
  private static final int METHOD_NOT_ALLOWED = 405;
  private static final int TOO_LARGE = 413;
  private static final int INTERNAL = 500;

  void respond(Exchange exchange, String requestId, Throwable e) {
    if (exchange.response().isCommitted()) {
      LOG.debug("request {} failed after its answer began", requestId, e);
      exchange.callback().failed(e);
      return;
    }
    switch (e) {
      case BodyTooLargeException tooLarge ->
          write(
              exchange,
              TOO_LARGE,
              ErrorEnvelope.of(ErrorCode.CONFIG, "body_too_large", text(tooLarge), requestId));
      case RefusedException refused -> refuse(exchange, refused.refusal, refused.detail);
      case EofException gone -> {
        LOG.debug("client of request {} is gone", requestId, gone);
        exchange.callback().failed(gone);
      }
      case BoxliteException known ->
          write(exchange, known.code().httpStatus(), describe(known, requestId));
      default -> write(exchange, INTERNAL, describe(e, requestId));
    }
  }

  /// Logs a failure that the library did not expect.
  ///
  /// @return the envelope of a failure
  static ErrorBody describe(Throwable e, String requestId) {
    if (e instanceof BoxliteException known) {
      if (known.code() == ErrorCode.INTERNAL) {
        LOG.error("request {} failed", requestId, known);
      }
      return ErrorEnvelope.of(known, requestId);
    }
    LOG.error("request {} failed", requestId, e);
    return ErrorEnvelope.of(
        ErrorCode.INTERNAL,
        "unexpected",
        "internal error: unexpected failure; the log has more under " + requestId,
        requestId);
  }

  private static String text(Throwable e) {
    return e.getMessage() == null ? e.getClass().getSimpleName() : e.getMessage();
  }

  /// @param details for the message
  void refuse(Exchange exchange, Refusal refusal, Object... details) {
    String message = refusal.message.formatted(details);
    String reason = refusal.name().toLowerCase(Locale.ROOT);
    write(
        exchange,
        refusal.status,
        new ErrorBody(
            new ErrorBody.Failure(
                message,
                refusal.type,
                refusal.code,
                RestHandler.requestId(exchange.request()),
                reason,
                null)));
  }

  void unknownPath(Exchange exchange) {
    String path = exchange.request().getHttpURI().getPath();
    write(
        exchange,
        NOT_FOUND,
        ErrorEnvelope.of(
            ErrorCode.NOT_FOUND,
            "unknown_path",
            "no such resource: " + path,
            RestHandler.requestId(exchange.request())));
  }

  void wrongMethod(Exchange exchange, Set<String> allowed) {
    exchange.header("Allow", String.join(", ", allowed));
    write(
        exchange,
        METHOD_NOT_ALLOWED,
        ErrorEnvelope.of(
            ErrorCode.CONFIG,
            "method_not_allowed",
            exchange.request().getMethod() + " is not available here",
            RestHandler.requestId(exchange.request())));
  }

  private static void write(Exchange exchange, int status, ErrorBody body) {
    exchange.handOver();
    write(exchange.request(), exchange.response(), exchange.callback(), status, body);
  }

  private static void write(
      Request request, Response response, Callback callback, int status, ErrorBody body) {
    response.setStatus(status);
    if (request.getMethod().equals("HEAD")) {
      response.write(true, BufferUtil.EMPTY_BUFFER, callback);
      return;
    }
    byte[] json = JsonCodec.write(body);
    response.getHeaders().put(HttpHeader.CONTENT_TYPE, "application/json");
    response.getHeaders().put(HttpHeader.CONTENT_LENGTH, json.length);
    response.write(true, ByteBuffer.wrap(json), callback);
  }

  /// Answers what the HTTP library refused before any route saw it.
  @Override
  public boolean handle(Request request, Response response, Callback callback) {
    int status = Math.max(response.getStatus(), BAD_REQUEST);
    Object message = request.getAttribute(ErrorHandler.ERROR_MESSAGE);
    ErrorCode code =
        status == NOT_FOUND
            ? ErrorCode.NOT_FOUND
            : status >= INTERNAL ? ErrorCode.INTERNAL : ErrorCode.CONFIG;
    String detail = message == null || status >= INTERNAL ? "HTTP " + status : message.toString();
    String requestId = RestHandler.requestId(request);
    write(
        request,
        response,
        callback,
        status,
        ErrorEnvelope.of(code, "http_" + status, "bad request: " + detail, requestId));
    return true;
  }
}
