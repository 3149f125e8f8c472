package io.boxlite.server;

import io.boxlite.rest.ApiKeyBody;
import io.boxlite.rest.ApiKeyListBody;
import io.boxlite.rest.ListenBody;
import io.boxlite.rest.ListeningBody;
import java.io.IOException;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.function.Function;

/// The server itself: where it listens, and API keys. On the Unix socket only.
final class ServerRoutes {
  private static final int CREATED = 201;

  private final ApiKeys keys;
  private final Function<ListenBody, TcpListener> listen;

  /// @param listen opens a listener
  ServerRoutes(ApiKeys keys, Function<ListenBody, TcpListener> listen) {
    this.keys = keys;
    this.listen = listen;
  }

  void addTo(Router router) {
    router.addLocal("POST", "server/listeners", this::listen);
    router.addLocal("GET", "server/keys", e -> e.answer(new ApiKeyListBody(keys.list())));
    router.addLocal("POST", "server/keys", this::create);
    router.addLocal("DELETE", "server/keys/{key}", this::revoke);
  }

  /// Listens for as long as the client stays: so nothing listens that nobody can end.
  private void listen(Exchange exchange) throws IOException {
    ListenBody order = exchange.confidentialJson(ListenBody.class);
    exchange.whileConnected(() -> {
      try (TcpListener listener = listen.apply(order)) {
        exchange.lines(lines -> {
          lines.accept(new ListeningBody(listener.url(), null));
          awaitInterruption();
        });
      }
    });
  }

  private static void awaitInterruption() {
    try {
      new CountDownLatch(1).await();
    } catch (InterruptedException _) {
      // The client has gone.
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
