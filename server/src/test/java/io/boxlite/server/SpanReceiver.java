package io.boxlite.server;

import com.google.protobuf.ByteString;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.UnknownFieldSet;
import java.io.UncheckedIOException;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import org.eclipse.jetty.io.Content;
import org.eclipse.jetty.server.Handler;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;
import org.eclipse.jetty.util.Callback;

/// A receiver of OTLP over HTTP. Field numbers are those of `opentelemetry/proto/trace/v1`.
final class SpanReceiver implements AutoCloseable {
  /// A span as it came.
  record Span(
      String trace,
      String id,
      String parent,
      String name,
      long kind,
      long begin,
      long end,
      long status,
      Map<String, String> attributes,
      Map<String, String> resource) {}

  final List<String> keys = new CopyOnWriteArrayList<>();
  private final List<Span> seen = new CopyOnWriteArrayList<>();
  private final BlockingQueue<Span> spans = new LinkedBlockingQueue<>();
  private final Server server = new Server();
  private final ServerConnector connector = new ServerConnector(server);

  SpanReceiver() throws Exception {
    connector.setHost("127.0.0.1");
    server.addConnector(connector);
    server.setHandler(
        new Handler.Abstract() {
          @Override
          public boolean handle(Request request, Response response, Callback callback)
              throws Exception {
            keys.add(String.valueOf(request.getHeaders().get("api-key")));
            boolean right = request.getHttpURI().getPath().equals("/v1/traces");
            response.setStatus(right ? 200 : 404);
            take(UnknownFieldSet.parseFrom(Content.Source.asInputStream(request)));
            callback.succeeded();
            return true;
          }
        });
    server.start();
  }

  String url() {
    return "http://127.0.0.1:" + connector.getLocalPort();
  }

  /// {@return the first span like that, as soon as it comes}
  Span await(Predicate<Span> wanted) throws InterruptedException {
    for (Span known : seen) {
      if (wanted.test(known)) {
        return known;
      }
    }
    while (true) {
      Span next = spans.poll(20, TimeUnit.SECONDS);
      if (next == null) {
        throw new AssertionError("no such span; there are " + seen);
      }
      if (wanted.test(next)) {
        return next;
      }
    }
  }

  Span named(String name) throws InterruptedException {
    return await(span -> span.name().equals(name));
  }

  private void take(UnknownFieldSet request) {
    for (UnknownFieldSet resourceSpans : messages(request, 1)) {
      Map<String, String> resource = new HashMap<>();
      messages(resourceSpans, 1).forEach(r -> resource.putAll(attributes(r, 1)));
      for (UnknownFieldSet scopeSpans : messages(resourceSpans, 2)) {
        for (UnknownFieldSet span : messages(scopeSpans, 2)) {
          Span taken = span(span, resource);
          seen.add(taken);
          spans.add(taken);
        }
      }
    }
  }

  private static Span span(UnknownFieldSet span, Map<String, String> resource) {
    List<UnknownFieldSet> status = messages(span, 15);
    return new Span(
        hex(span, 1),
        hex(span, 2),
        hex(span, 4),
        text(span, 5),
        number(span, 6),
        span.getField(7).getFixed64List().getFirst(),
        span.getField(8).getFixed64List().getFirst(),
        status.isEmpty() ? 0 : number(status.getFirst(), 3),
        attributes(span, 9),
        resource);
  }

  private static Map<String, String> attributes(UnknownFieldSet of, int field) {
    Map<String, String> attributes = new HashMap<>();
    for (UnknownFieldSet attribute : messages(of, field)) {
      UnknownFieldSet value = messages(attribute, 2).getFirst();
      attributes.put(
          text(attribute, 1), value.hasField(1) ? text(value, 1) : Long.toString(number(value, 3)));
    }
    return attributes;
  }

  private static List<UnknownFieldSet> messages(UnknownFieldSet of, int field) {
    return of.getField(field).getLengthDelimitedList().stream().map(SpanReceiver::message).toList();
  }

  private static UnknownFieldSet message(ByteString bytes) {
    try {
      return UnknownFieldSet.parseFrom(bytes);
    } catch (InvalidProtocolBufferException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static String hex(UnknownFieldSet of, int field) {
    List<ByteString> values = of.getField(field).getLengthDelimitedList();
    return values.isEmpty() ? "" : HexFormat.of().formatHex(values.getFirst().toByteArray());
  }

  private static String text(UnknownFieldSet of, int field) {
    List<ByteString> values = of.getField(field).getLengthDelimitedList();
    return values.isEmpty() ? "" : values.getFirst().toStringUtf8();
  }

  private static long number(UnknownFieldSet of, int field) {
    List<Long> values = of.getField(field).getVarintList();
    return values.isEmpty() ? 0 : values.getFirst();
  }

  @Override
  public void close() throws Exception {
    server.stop();
  }
}
