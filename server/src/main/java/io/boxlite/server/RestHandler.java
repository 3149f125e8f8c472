package io.boxlite.server;

import java.util.Set;
import java.util.UUID;
import org.eclipse.jetty.server.Handler;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.util.Callback;

/// Takes every request to its route; whatever a route throws goes to [ErrorResponder].
final class RestHandler extends Handler.Abstract {
  static final String REQUEST_ID = "X-Request-Id";
  private static final int MAX_REQUEST_ID = 128;

  private final Router router;
  private final ErrorResponder errors;

  RestHandler(Router router, ErrorResponder errors) {
    this.router = router;
    this.errors = errors;
  }

  @Override
  public boolean handle(Request request, Response response, Callback callback) {
    String requestId = requestId(request);
    request.setAttribute(REQUEST_ID, requestId);
    response.getHeaders().put(REQUEST_ID, requestId);
    Router.Match match = router.find(request.getMethod(), request.getHttpURI().getPath());
    Exchange exchange = new Exchange(request, response, callback, match.parameters());
    try {
      if (match.handler().isPresent()) {
        match.handler().get().handle(exchange);
      } else {
        refuse(exchange, match.allowed());
      }
      if (!exchange.isHandedOver()) {
        callback.succeeded();
      }
    } catch (Throwable e) {
      errors.respond(exchange, requestId, e);
    }
    return true;
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
