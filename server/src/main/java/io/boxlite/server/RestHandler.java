package io.boxlite.server;

import io.boxlite.rest.AuditBody;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import org.eclipse.jetty.server.Handler;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.util.Callback;
import org.slf4j.MDC;

/// Takes every request to its route, if its sender may use that; whatever a route throws goes to
/// [ErrorResponder].
final class RestHandler extends Handler.Abstract {
  static final String REQUEST_ID = "X-Request-Id";
  private static final int MAX_REQUEST_ID = 128;
  private static final String PLACE = Access.class.getName();
  private static final Map<String, String> SECURITY_HEADERS =
      Map.of(
          "X-Content-Type-Options", "nosniff",
          "Cache-Control", "no-store",
          "Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'",
          "Referrer-Policy", "no-referrer");

  private final Router router;
  private final ErrorResponder errors;
  private final AuditLog audit;
  private final Idempotency idempotency;
  private final Tracing tracing;

  RestHandler(
      Router router,
      ErrorResponder errors,
      AuditLog audit,
      Idempotency idempotency,
      Tracing tracing) {
    this.router = router;
    this.errors = errors;
    this.audit = audit;
    this.idempotency = idempotency;
    this.tracing = tracing;
  }

  @Override
  public boolean handle(Request request, Response response, Callback callback) {
    String requestId = requestId(request);
    request.setAttribute(REQUEST_ID, requestId);
    response.getHeaders().put(REQUEST_ID, requestId);
    Router.Match match = router.find(request.getMethod(), request.getHttpURI().getPath());
    Tracing.RequestSpan span = tracing.begin(request, match.route().map(Router.Route::path));
    Exchange exchange = new Exchange(request, response, callback, match.parameters(), span);
    Drain drain = Drain.of(request.getConnectionMetaData().getConnector());
    boolean taken = drain.enter();
    Request.addCompletionListener(
        request,
        failure -> {
          span.end(response.getStatus(), failure);
          drain.leave();
        });
    MDC.put(LogLines.REQUEST_ID, requestId);
    Optional.ofNullable(match.parameters().get("box")).ifPresent(box -> MDC.put(LogLines.BOX, box));
    span.traceId().ifPresent(trace -> MDC.put(LogLines.TRACE_ID, trace));
    try {
      handle(exchange, match, taken);
    } finally {
      MDC.clear();
    }
    return true;
  }

  private void handle(Exchange exchange, Router.Match match, boolean taken) {
    Optional<Access> access = exchange.access();
    try {
      if (access.isPresent() && !admit(access.get(), match, exchange)) {
        return;
      }
      if (!taken) {
        exchange.header("Connection", "close");
        errors.refuse(exchange, Refusal.CLOSING);
        return;
      }
      if (match.route().isPresent()) {
        handle(exchange, match.route().get());
      } else {
        refuse(exchange, match.allowed());
      }
      if (!exchange.isHandedOver()) {
        exchange.callback().succeeded();
      }
    } catch (Throwable e) {
      errors.respond(exchange, exchange.requestId(), e);
    }
  }

  private void handle(Exchange exchange, Router.Route route) throws Exception {
    if (route.keyed()) {
      idempotency.handle(exchange, route.handler());
    } else {
      route.handler().handle(exchange);
    }
  }

  /// Decides about a request that came by TCP; refuses it when it may not go on.
  private boolean admit(Access access, Router.Match match, Exchange exchange) {
    Request request = exchange.request();
    SECURITY_HEADERS.forEach(exchange::header);
    Optional<Principal> principal = access.principal(request);
    Optional<Router.Route> route = match.route();
    Optional<String> scope = route.flatMap(Router.Route::scope);
    boolean local = route.isPresent() && route.get().local();
    record(exchange, principal, access.enter() ? Optional.of(access) : Optional.empty());
    if (access.isForeign(request)) {
      errors.refuse(exchange, Refusal.FOREIGN);
    } else if (request.getAttribute(PLACE) == null) {
      errors.refuse(exchange, Refusal.BUSY);
    } else if (local || (route.isEmpty() && principal.isPresent())) {
      refuse(exchange, match.allowed());
    } else if (route.isEmpty() || (principal.isEmpty() && scope.isPresent())) {
      exchange.header("WWW-Authenticate", "Bearer");
      errors.refuse(exchange, Refusal.NO_KEY);
    } else if (principal.isPresent()
        && !principal.get().scopes().containsAll(scope.stream().toList())) {
      errors.refuse(exchange, Refusal.NO_SCOPE, scope.orElseThrow());
    } else {
      principal.ifPresent(known -> request.setAttribute(Principal.ATTRIBUTE, known));
      // Asked only when nothing is read nor written: a route may think for long.
      request.addIdleTimeoutListener(_ -> false);
      return true;
    }
    return false;
  }

  /// When the request is over, it is written down and gives its place back.
  ///
  /// @param place where it has one
  private void record(Exchange exchange, Optional<Principal> principal, Optional<Access> place) {
    Request request = exchange.request();
    place.ifPresent(access -> request.setAttribute(PLACE, access));
    Instant begin = Instant.now();
    audit.expect();
    Request.addCompletionListener(
        request,
        _ -> {
          place.ifPresent(Access::leave);
          audit.write(
              new AuditBody(
                  begin.truncatedTo(ChronoUnit.MILLIS).toString(),
                  principal.map(Principal::name).orElse("-"),
                  Request.getRemoteAddr(request),
                  request.getMethod(),
                  request.getHttpURI().getPath(),
                  exchange.response().getStatus(),
                  exchange.requestId(),
                  Duration.between(begin, Instant.now()).toMillis()));
        });
  }

  private void refuse(Exchange exchange, Set<String> allowed) {
    if (allowed.isEmpty()) {
      errors.unknownPath(exchange);
    } else {
      errors.wrongMethod(exchange, allowed);
    }
  }

  static String requestId(Request request) {
    Object known = request.getAttribute(REQUEST_ID);
    if (known instanceof String id) {
      return id;
    }
    String sent = request.getHeaders().get(REQUEST_ID);
    return sent == null || !isSane(sent) ? UUID.randomUUID().toString() : sent;
  }

  private static boolean isSane(String id) {
    return !id.isEmpty()
        && id.length() <= MAX_REQUEST_ID
        && id.chars().allMatch(c -> c > ' ' && c < 0x7f);
  }
}
