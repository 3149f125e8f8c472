package io.boxlite.network.internal.proxy;

import io.netty.handler.codec.http2.DefaultHttp2Headers;
import io.netty.handler.codec.http2.Http2Headers;
import io.netty.util.AsciiString;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Semaphore;

/// The heads of requests of HTTP/2.
final class Http2Head {
  private static final Set<String> PSEUDO = Set.of(":method", ":scheme", ":authority", ":path");
  private static final Set<String> OF_CONNECTIONS =
      Set.of("connection", "keep-alive", "proxy-connection", "transfer-encoding", "upgrade");

  /// What says where a message goes or ends.
  private static final Set<String> OF_MESSAGES =
      Set.of("host", "content-length", "te", "trailer", "content-type", "content-encoding");

  /// What RFC 7541 4.1 adds to each header for what it takes beside its text.
  private static final int ENTRY = 32;

  private Http2Head() {}

  /// {@return what is wrong with a head: RFC 9113 8.3 and 8.2, read strictly}
  static Optional<String> problem(Http2Headers head) {
    for (Map.Entry<CharSequence, CharSequence> header : head) {
      String name = header.getKey().toString();
      boolean pseudo = PSEUDO.contains(name) && head.getAll(name).size() == 1;
      Optional<String> problem = problem(name, header.getValue(), pseudo);
      if (problem.isPresent()) {
        return problem;
      }
    }
    CharSequence path = head.path();
    if (head.method() == null
        || !isToken(head.method())
        || head.scheme() == null
        || !head.scheme().toString().equals("https")
        || path == null
        || !(path.toString().startsWith("/") || path.toString().equals("*"))
        || path.chars().anyMatch(c -> c <= ' ' || c == 0x7f)
        || head.method().toString().equals("CONNECT")) {
      return Optional.of("it does not say what it wants");
    }
    List<CharSequence> lengths = head.getAll("content-length");
    if (lengths.size() > 1
        || (lengths.size() == 1 && !lengths.getFirst().toString().matches("[0-9]{1,18}"))) {
      return Optional.of("content-length is no number");
    }
    List<CharSequence> hosts = head.getAll("host");
    boolean same =
        hosts.isEmpty()
            || (hosts.size() == 1
                && (head.authority() == null
                    || HostPattern.ofAuthority(hosts.getFirst().toString())
                        .equals(HostPattern.ofAuthority(head.authority().toString()))));
    return same ? Optional.empty() : Optional.of("it names two hosts");
  }

  /// {@return what is wrong with the head behind a body: RFC 9113 8.1, read strictly}
  static Optional<String> trailersProblem(Http2Headers head) {
    for (Map.Entry<CharSequence, CharSequence> header : head) {
      String name = header.getKey().toString();
      Optional<String> problem =
          OF_MESSAGES.contains(name)
              ? Optional.of("no trailer may be " + name)
              : problem(name, header.getValue(), false);
      if (problem.isPresent()) {
        return problem;
      }
    }
    return Optional.empty();
  }

  private static Optional<String> problem(String name, CharSequence value, boolean pseudo) {
    if (!pseudo && !(isToken(name) && name.chars().noneMatch(c -> c >= 'A' && c <= 'Z'))) {
      return Optional.of("a header has no proper name");
    }
    if (OF_CONNECTIONS.contains(name) || (name.equals("te") && !"trailers".contentEquals(value))) {
      return Optional.of("HTTP/2 has no header " + name);
    }
    return value.chars().anyMatch(c -> c == '\r' || c == '\n' || c == 0)
        ? Optional.of("a header has line ends")
        : Optional.empty();
  }

  private static boolean isToken(CharSequence text) {
    return !text.isEmpty() && text.chars().allMatch(HeadCheck::isToken);
  }

  static String authority(Http2Headers head) {
    CharSequence authority = head.authority() != null ? head.authority() : head.get("host", "");
    return authority.toString();
  }

  static Http2Headers substitute(Http2Headers head, Substitution substitution) {
    if (substitution.isEmpty()) {
      return head;
    }
    Http2Headers changed = new DefaultHttp2Headers(true);
    for (Map.Entry<CharSequence, CharSequence> header : head) {
      String name = header.getKey().toString();
      String before = header.getValue().toString();
      String after =
          name.equals(":path") ? substitution.target(before) : substitution.header(name, before);
      changed.add(header.getKey(), after.equals(before) ? header.getValue() : bytes(after));
    }
    return changed;
  }

  static Http2Headers trailers(Http2Headers head, BodyChange body) {
    Http2Headers changed = new DefaultHttp2Headers(true);
    for (Map.Entry<CharSequence, CharSequence> header : head) {
      changed.add(
          header.getKey(),
          bytes(body.header(header.getKey().toString(), header.getValue().toString())));
    }
    return changed;
  }

  /// {@return what happens to the body; the head is made fit for it}
  static BodyChange body(
      Http2Headers head, Substitution substitution, boolean none, Semaphore room) {
    CharSequence length = head.get("content-length");
    int size = 0;
    for (Map.Entry<CharSequence, CharSequence> header : head) {
      size += header.getKey().length() + header.getValue().length() + ENTRY;
    }
    BodyChange change =
        BodyChange.of(
            substitution,
            head.get("content-type", "").toString(),
            String.join(",", head.getAll("content-encoding")),
            none ? 0 : length == null ? -1 : Long.parseLong(length.toString()),
            true,
            size,
            room);
    if (change.kind() == BodyChange.Kind.STREAM) {
      head.remove("content-length");
    }
    return change;
  }

  private static AsciiString bytes(String text) {
    return new AsciiString(text.getBytes(StandardCharsets.ISO_8859_1), false);
  }
}
