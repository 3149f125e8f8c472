package io.boxlite.it;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;

/// Stands before a registry, notes what is asked, and does what it is told to some answers.
/// Thread-safe.
final class FaultyProxy implements AutoCloseable {
  /// What is done to an answer. A share is one of the whole blob, also when only a part was asked
  /// for.
  sealed interface Fault {
    /// The connection is closed there, as when a network fails.
    record Cut(double share) implements Fault {}

    /// Nothing more is sent from there on, until it is told to go on; then the rest.
    record Hold(double share, CountDownLatch until) implements Fault {}

    /// The byte there is another one.
    record Corrupt(double share) implements Fault {}

    /// The answer says that it ends there, and does.
    record Truncate(double share) implements Fault {}

    /// The registry is not asked.
    record Answer(int status, Map<String, String> headers) implements Fault {}
  }

  /// What was asked.
  ///
  /// @param range header of that name
  record Request(String method, String path, Optional<String> range) {}

  private record Rule(String pathPart, Fault fault, AtomicInteger times) {
    boolean takes(String path) {
      return path.contains(pathPart) && times.getAndUpdate(left -> Math.max(0, left - 1)) > 0;
    }
  }

  private final RegistryServer registry;
  private final HttpServer server;
  private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
  private final HttpClient client = HttpClient.newHttpClient();
  private final List<Rule> rules = new CopyOnWriteArrayList<>();
  private final List<Request> requests = new CopyOnWriteArrayList<>();

  FaultyProxy(RegistryServer registry) throws IOException {
    this.registry = registry;
    server = HttpServer.create(new InetSocketAddress(InetAddress.ofLiteral("127.0.0.1"), 0), 0);
    server.setExecutor(threads);
    server.createContext("/", this::answer);
    server.start();
  }

  /// {@return host and port}
  String host() {
    return "127.0.0.1:" + server.getAddress().getPort();
  }

  /// Lets the next GETs of some paths fail.
  ///
  /// @param pathPart part of the paths, such as a digest or a repository
  void fail(String pathPart, Fault fault, int times) {
    rules.add(new Rule(pathPart, fault, new AtomicInteger(times)));
  }

  /// Lets nothing fail any more.
  void mend() {
    rules.clear();
  }

  /// {@return the GETs of a blob, in their order}
  List<Request> gets(TestLayer layer) {
    return requests.stream()
        .filter(request -> request.method.equals("GET") && request.path.endsWith(layer.digest()))
        .toList();
  }

  /// Forgets what was asked.
  void forget() {
    requests.clear();
  }

  private void answer(HttpExchange exchange) throws IOException {
    try (exchange) {
      String path = exchange.getRequestURI().getRawPath();
      String method = exchange.getRequestMethod();
      Optional<String> range = Optional.ofNullable(exchange.getRequestHeaders().getFirst("Range"));
      requests.add(new Request(method, path, range));
      Optional<Fault> fault =
          rules.stream()
              .filter(rule -> method.equals("GET") && rule.takes(path))
              .map(Rule::fault)
              .findFirst();
      if (fault.orElse(null) instanceof Fault.Answer refusal) {
        refusal.headers.forEach(exchange.getResponseHeaders()::set);
        exchange.sendResponseHeaders(refusal.status, -1);
        return;
      }
      pass(exchange, upstream(method, path, range, exchange), fault);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt(); // the test is over
    }
  }

  private HttpResponse<byte[]> upstream(
      String method, String path, Optional<String> range, HttpExchange exchange)
      throws IOException, InterruptedException {
    HttpRequest.Builder request =
        HttpRequest.newBuilder(URI.create("http://" + registry.host() + path))
            .method(method, HttpRequest.BodyPublishers.noBody());
    range.ifPresent(value -> request.header("Range", value));
    exchange
        .getRequestHeaders()
        .getOrDefault("Accept", List.of())
        .forEach(value -> request.header("Accept", value));
    return client.send(request.build(), BodyHandlers.ofByteArray());
  }

  private static void pass(
      HttpExchange exchange, HttpResponse<byte[]> answer, Optional<Fault> fault)
      throws IOException, InterruptedException {
    for (String name :
        List.of("Content-Type", "Docker-Content-Digest", "Content-Range", "Accept-Ranges")) {
      answer
          .headers()
          .firstValue(name)
          .ifPresent(value -> exchange.getResponseHeaders().set(name, value));
    }
    if (exchange.getRequestMethod().equals("HEAD")) {
      answer
          .headers()
          .firstValue("Content-Length")
          .ifPresent(value -> exchange.getResponseHeaders().set("Content-Length", value));
      exchange.sendResponseHeaders(answer.statusCode(), -1);
      return;
    }
    byte[] body = answer.body();
    // The registry answers a range with all to its end: what lacks before it is where it begins.
    long whole =
        answer
            .headers()
            .firstValue("Content-Range")
            .map(value -> Long.parseLong(value.substring(value.indexOf('/') + 1)))
            .orElse((long) body.length);
    send(exchange, answer.statusCode(), body, fault, whole);
  }

  private static void send(
      HttpExchange exchange, int status, byte[] body, Optional<Fault> fault, long whole)
      throws IOException, InterruptedException {
    long begin = whole - body.length;
    switch (fault.orElse(null)) {
      case Fault.Cut(double share) -> {
        int length = position(share, whole, begin, body.length);
        // Closed before all was written: the server closes the connection.
        write(exchange, status, body.length).write(body, 0, length);
      }
      case Fault.Hold(double share, CountDownLatch until) -> {
        int length = position(share, whole, begin, body.length);
        OutputStream out = write(exchange, status, body.length);
        out.write(body, 0, length);
        out.flush();
        until.await();
        out.write(body, length, body.length - length);
      }
      case Fault.Corrupt(double share) -> {
        byte[] other = body.clone();
        other[position(share, whole, begin, body.length - 1)] ^= 0x55;
        write(exchange, status, other.length).write(other);
      }
      case Fault.Truncate(double share) -> {
        int length = position(share, whole, begin, body.length);
        write(exchange, status, length).write(body, 0, length);
      }
      case null, default -> write(exchange, status, body.length).write(body);
    }
  }

  private static int position(double share, long whole, long begin, int limit) {
    return (int) Math.clamp((long) (share * whole) - begin, 0, limit);
  }

  private static OutputStream write(HttpExchange exchange, int status, int length)
      throws IOException {
    exchange.sendResponseHeaders(status, length == 0 ? -1 : length);
    return exchange.getResponseBody();
  }

  @Override
  public void close() {
    server.stop(0);
    threads.shutdownNow();
    threads.close();
    client.shutdownNow();
    client.close();
  }
}
