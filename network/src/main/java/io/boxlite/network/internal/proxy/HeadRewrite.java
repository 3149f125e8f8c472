package io.boxlite.network.internal.proxy;

import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaderValues;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpUtil;
import io.netty.handler.codec.http.HttpVersion;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Semaphore;

/// The heads of requests of HTTP/1.
final class HeadRewrite {
  private HeadRewrite() {}

  /// {@return the one host that a request names, without its port; empty when it names none, or
  /// two}
  static Optional<String> host(HttpRequest head) {
    List<String> values = head.headers().getAll(HttpHeaderNames.HOST);
    String host = values.size() == 1 ? HostPattern.ofAuthority(values.getFirst().strip()) : "";
    String target = head.uri();
    if (host.isEmpty() || target.startsWith("/") || target.equals("*")) {
      return Optional.of(host).filter(h -> !h.isEmpty());
    }
    // RFC 9112 3.2.2: in the absolute form the target wins, so it must be the same.
    String lower = target.toLowerCase(Locale.ROOT);
    int scheme = lower.indexOf("://");
    if (scheme < 0 || !(lower.startsWith("http://") || lower.startsWith("https://"))) {
      return Optional.empty();
    }
    int end = scheme + 3;
    while (end < target.length() && "/?#".indexOf(target.charAt(end)) < 0) {
      end++;
    }
    return HostPattern.ofAuthority(target.substring(scheme + 3, end)).equals(host)
        ? Optional.of(host)
        : Optional.empty();
  }

  /// Takes out the wish for HTTP/2 without TLS: its requests would not be looked at.
  static void dropHttp2Upgrade(HttpRequest head) {
    HttpHeaders headers = head.headers();
    boolean other =
        headers.getAll(HttpHeaderNames.UPGRADE).stream()
            .map(v -> v.toLowerCase(Locale.ROOT))
            .anyMatch(v -> v.contains("h2") || v.contains("http/") || v.contains("tls"));
    if (other || headers.contains("HTTP2-Settings")) {
      headers.remove(HttpHeaderNames.UPGRADE);
      headers.remove("HTTP2-Settings");
      headers.set(
          HttpHeaderNames.CONNECTION,
          HttpUtil.isKeepAlive(head) ? HttpHeaderValues.KEEP_ALIVE : HttpHeaderValues.CLOSE);
    }
  }

  static void substitute(HttpRequest head, Substitution substitution) {
    if (substitution.isEmpty()) {
      return;
    }
    head.setUri(substitution.target(head.uri()));
    List<Map.Entry<String, String>> before = head.headers().entries();
    head.headers().clear();
    for (Map.Entry<String, String> header : before) {
      head.headers().add(header.getKey(), substitution.header(header.getKey(), header.getValue()));
    }
  }

  /// {@return what happens to the body; the head is made fit for it}
  static BodyChange body(HttpRequest head, Substitution substitution, Semaphore room) {
    HttpHeaders headers = head.headers();
    boolean chunked = HttpUtil.isTransferEncodingChunked(head);
    long length = chunked ? -1 : HttpUtil.getContentLength(head, 0L);
    BodyChange change =
        BodyChange.of(
            substitution,
            headers.get(HttpHeaderNames.CONTENT_TYPE, ""),
            String.join(",", headers.getAll(HttpHeaderNames.CONTENT_ENCODING)),
            length,
            head.protocolVersion().equals(HttpVersion.HTTP_1_1),
            0, // one a connection, and in what a connection may take
            room);
    if (change.kind() == BodyChange.Kind.STREAM && !chunked) {
      headers.remove(HttpHeaderNames.CONTENT_LENGTH);
      headers.set(HttpHeaderNames.TRANSFER_ENCODING, HttpHeaderValues.CHUNKED);
    }
    return change;
  }
}
