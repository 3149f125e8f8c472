package io.boxlite.server;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/// The routes of the server. Filled before the server starts, immutable then.
final class Router {
  private static final Set<String> ROOTS =
      Set.of("boxes", "metrics", "info", "images", "templates", "volumes", "system");
  private static final Set<String> NEVER_PREFIXED =
      Set.of("config", "me", "server", "openapi.json", "docs");
  private static final Set<String> EXECUTING =
      Set.of("exec", "attach", "executions", "files", "tunnel", "commit", "export");

  /// Handles one request.
  @FunctionalInterface
  interface Handler {
    void handle(Exchange exchange) throws Exception;
  }

  /// What a request goes to, or the methods that the path would take.
  ///
  /// @param route nothing if there is none
  /// @param parameters of the path by their names
  /// @param allowed methods, when there is no route
  record Match(Optional<Route> route, Map<String, String> parameters, Set<String> allowed) {}

  /// What requests of a method and a path go to.
  ///
  /// @param pattern segments of the path below `/v1`, or all of a path that begins with `/`
  /// @param scope what a client must be allowed to; empty: nothing
  /// @param local whether it is for clients of the Unix socket only
  /// @param keyed whether it heeds idempotency keys
  record Route(
      String method,
      List<String> pattern,
      Handler handler,
      Optional<String> scope,
      boolean local,
      boolean keyed) {
    /// {@return the path with the names of its parameters}
    String path() {
      String path = String.join("/", pattern);
      return path.startsWith("/") ? path : "/v1/" + path;
    }
  }

  private final List<Route> routes = new ArrayList<>();

  /// Adds a route that a client must be allowed to use.
  ///
  /// @param pattern below `/v1`, or a path of its own that begins with `/`
  void add(String method, String pattern, Handler handler) {
    add(method, pattern, handler, false);
  }

  /// Adds such a route that changes something and answers with a whole answer: one that comes again
  /// with the same idempotency key is not done again.
  void addKeyed(String method, String pattern, Handler handler) {
    add(method, pattern, handler, true);
  }

  private void add(String method, String pattern, Handler handler, boolean keyed) {
    List<String> segments = List.of(pattern.split("/"));
    Optional<String> scope = Optional.of(scope(method, segments));
    routes.add(new Route(method, segments, handler, scope, false, keyed));
  }

  /// Adds a route that everybody may use.
  void addOpen(String method, String pattern, Handler handler) {
    routes.add(
        new Route(method, List.of(pattern.split("/")), handler, Optional.empty(), false, false));
  }

  /// Adds a route for clients of the Unix socket.
  void addLocal(String method, String pattern, Handler handler) {
    routes.add(
        new Route(method, List.of(pattern.split("/")), handler, Optional.empty(), true, false));
  }

  /// The one place that says which scope a route needs.
  private static String scope(String method, List<String> pattern) {
    String access = method.equals("GET") || method.equals("HEAD") ? "read" : "write";
    boolean removes = method.equals("DELETE");
    return switch (pattern.getFirst()) {
      case "me" -> "me:read";
      case "images" -> "image:" + access;
      case "volumes" -> "volume:" + access;
      case "boxes" -> {
        if (pattern.contains("snapshots")) {
          yield "snapshot:" + (removes ? "delete" : access);
        }
        if (pattern.stream().anyMatch(EXECUTING::contains)) {
          yield "box:exec";
        }
        yield "box:" + (removes && pattern.size() == 2 ? "delete" : access);
      }
      default -> "runtime:" + access;
    };
  }

  /// {@return method and path of each route that is not for clients of the Unix socket only}
  List<String> described() {
    return described(route -> !route.local());
  }

  /// {@return method and path of each route that heeds idempotency keys}
  List<String> keyed() {
    return described(Route::keyed);
  }

  private List<String> described(Predicate<Route> wanted) {
    return routes.stream()
        .filter(wanted)
        .map(route -> route.method() + " " + route.path())
        .toList();
  }

  Match find(String method, String rawPath) {
    List<String> path = resource(rawPath);
    Set<String> allowed = new LinkedHashSet<>();
    for (Route route : routes) {
      Map<String, String> parameters = parameters(route.pattern(), path);
      if (parameters != null) {
        if (route.method().equals(method)) {
          return new Match(Optional.of(route), parameters, Set.of());
        }
        allowed.add(route.method());
      }
    }
    return new Match(Optional.empty(), Map.of(), allowed);
  }

  /// The segments from the resource on: after `/v1`, or after `/v1/{prefix}`, which may have
  /// slashes. All of a path that has only one.
  private static List<String> resource(String rawPath) {
    String[] segments = rawPath.split("/", -1);
    if (segments.length == 2) {
      return List.of(segments);
    }
    if (segments.length < 3 || !segments[0].isEmpty() || !segments[1].equals("v1")) {
      return List.of();
    }
    List<String> all = List.of(segments).subList(2, segments.length);
    if (NEVER_PREFIXED.contains(all.getFirst())) {
      return all;
    }
    for (int i = 0; i < all.size(); i++) {
      if (ROOTS.contains(all.get(i))) {
        return all.subList(i, all.size());
      }
    }
    return List.of();
  }

  private static @Nullable Map<String, String> parameters(List<String> pattern, List<String> path) {
    if (pattern.size() != path.size()) {
      return null;
    }
    Map<String, String> parameters = new HashMap<>();
    for (int i = 0; i < pattern.size(); i++) {
      String wanted = pattern.get(i);
      if (wanted.startsWith("{")) {
        String value = decode(path.get(i));
        if (value.isEmpty()) {
          return null;
        }
        parameters.put(wanted.substring(1, wanted.length() - 1), value);
      } else if (!wanted.equals(path.get(i))) {
        return null;
      }
    }
    return parameters;
  }

  private static String decode(String segment) {
    try {
      return java.net.URLDecoder.decode(segment.replace("+", "%2B"), StandardCharsets.UTF_8);
    } catch (IllegalArgumentException malformed) {
      return "";
    }
  }
}
