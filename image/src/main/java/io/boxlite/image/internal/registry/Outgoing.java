package io.boxlite.image.internal.registry;

import java.net.URI;
import java.net.http.HttpRequest;
import java.util.Map;

/// A request of ours, without login. Immutable.
///
/// @param method HTTP method
/// @param uri of it
/// @param headers of it
/// @param body of it; can be sent several times
/// @param sending how much of the body has gone
record Outgoing(
    String method,
    URI uri,
    Map<String, String> headers,
    HttpRequest.BodyPublisher body,
    Transport.Sending sending) {
  static Outgoing of(String method, URI uri, Map<String, String> headers) {
    return new Outgoing(
        method, uri, headers, HttpRequest.BodyPublishers.noBody(), Transport.Sending.NOTHING);
  }

  Outgoing to(URI other) {
    return new Outgoing(method, other, headers, body, sending);
  }

  /// {@return whether following a redirection with it does nothing but ask}
  boolean isSafe() {
    return method.equals("GET") || method.equals("HEAD");
  }
}
