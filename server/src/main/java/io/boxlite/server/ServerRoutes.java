package io.boxlite.server;

import io.boxlite.rest.ApiKeyBody;
import io.boxlite.rest.ApiKeyListBody;
import io.boxlite.rest.ListenBody;
import io.boxlite.rest.ListeningBody;
import java.io.IOException;
import java.util.List;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import java.util.function.Function;

/// The server itself: where it listens, and API keys. On the Unix socket only.
final class ServerRoutes {
  private static final int CREATED = 201;

  private final ApiKeys keys;
  private final Function<ListenBody, TcpListener> listen;
  private final boolean traced;

  /// @param listen opens a listener
  /// @param traced whether requests are traced
  ServerRoutes(ApiKeys keys, Function<ListenBody, TcpListener> listen, boolean traced) {
    this.keys = keys;
    this.listen = listen;
    this.traced = traced;
  }

  void addTo(Router router) {
    router.addLocal("POST", "server/listeners", this::listen);
    router.addLocal("GET", "server/keys", e -> e.answer(new ApiKeyListBody(keys.list())));
    router.addLocal("POST", "server/keys", this::create);
    router.addLocal("DELETE", "server/keys/{key}", this::revoke);
  }

  /// Listens for as long as the client stays: so nothing listens that nobody can end. The answer
  /// ends when the listener has.
  private void listen(Exchange exchange) throws IOException {
    ListenBody order = exchange.confidentialJson(ListenBody.class);
    exchange.untilLeft(left -> {
      TcpListener listener = listen.apply(order);
      exchange.lines(lines -> {
        try (listener) {
          lines.accept(new ListeningBody(listener.url(), traced, null, null));
          sendLog(lines, left);
          Thread.interrupted(); // the end of the listener is waited for
        }
      });
    });
  }

  private static void sendLog(Consumer<Object> lines, BooleanSupplier left) {
    try (LogFeed log = LogFeed.open()) {
      while (!left.getAsBoolean()) {
        lines.accept(new ListeningBody(null, null, null, log.next()));
      }
    } catch (InterruptedException _) {
      // That is how it ends.
    }
  }

  private void create(Exchange exchange) throws IOException {
    ApiKeyBody wanted = exchange.strictJson(ApiKeyBody.class);
    List<String> scopes = wanted.scopes();
    exchange.answer(CREATED, keys.create(wanted.name(), scopes == null ? List.of() : scopes));
  }

  private void revoke(Exchange exchange) {
    keys.revoke(exchange.parameter("key"));
    exchange.noContent();
  }
}
