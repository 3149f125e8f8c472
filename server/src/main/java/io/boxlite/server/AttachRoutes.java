package io.boxlite.server;

import io.boxlite.api.Box;
import io.boxlite.api.Boxlite;
import io.boxlite.api.BoxliteException;
import io.boxlite.api.ConfigException;
import io.boxlite.rest.Frames;
import org.eclipse.jetty.util.Callback;
import org.eclipse.jetty.websocket.api.Session;
import org.eclipse.jetty.websocket.server.ServerWebSocketContainer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The WebSockets of executions and main commands. A request is refused before the upgrade, as
/// plain HTTP, when the place of the one client is taken.
final class AttachRoutes {
  private static final Logger LOG = LoggerFactory.getLogger(AttachRoutes.class);

  private static final int SWITCHING_PROTOCOLS = 101;

  private final Boxlite boxlite;
  private final ExecutionRegistry executions;
  private final ServerWebSocketContainer webSockets;

  AttachRoutes(Boxlite boxlite, ExecutionRegistry executions, ServerWebSocketContainer webSockets) {
    this.boxlite = boxlite;
    this.executions = executions;
    this.webSockets = webSockets;
  }

  void addTo(Router router) {
    router.add("GET", "boxes/{box}/attach", this::main);
    router.add("GET", "boxes/{box}/executions/{execution}/attach", this::execution);
  }

  private void main(Exchange exchange) throws Exception {
    requireUpgrade(exchange);
    boolean stopOnDetach = exchange.flag("stop_on_detach");
    Box box = BoxRoutes.find(boxlite, exchange);
    StreamHub hub = executions.main(box);
    StreamHub.Attachment attachment =
        hub.claim("box " + box.id() + " main session", exchange.flag("raw"));
    exchange.header(Frames.EXECUTION_ID_HEADER, hub.execution().id());
    upgrade(exchange, hub, attachment, stopOnDetach ? () -> stopLater(box) : () -> {});
  }

  private void execution(Exchange exchange) throws Exception {
    requireUpgrade(exchange);
    StreamHub hub =
        executions.find(BoxRoutes.find(boxlite, exchange), exchange.parameter("execution"));
    StreamHub.Attachment attachment =
        hub.claim("execution " + hub.execution().id(), exchange.flag("raw"));
    upgrade(exchange, hub, attachment, () -> {});
  }

  static void requireUpgrade(Exchange exchange) {
    if (!"websocket".equalsIgnoreCase(exchange.request().getHeaders().get("Upgrade"))) {
      throw new ConfigException("upgrade_required", "this takes a WebSocket upgrade only");
    }
  }

  private void upgrade(
      Exchange exchange, StreamHub hub, StreamHub.Attachment attachment, Runnable whenCutOff)
      throws Exception {
    AttachSession session = new AttachSession(hub, attachment, whenCutOff, exchange.drain());
    upgrade(webSockets, exchange, session, session::abandonUnlessOpen);
  }

  /// Makes a WebSocket of a request.
  ///
  /// @param abandonUnlessOpen lets go of what the session has, if it was not opened
  static void upgrade(
      ServerWebSocketContainer webSockets,
      Exchange exchange,
      Session.Listener session,
      Runnable abandonUnlessOpen)
      throws Exception {
    boolean upgraded = false;
    try {
      upgraded =
          webSockets.upgrade(
              (request, response, callback) -> session,
              exchange.request(),
              exchange.response(),
              onFailure(exchange.callback(), abandonUnlessOpen));
    } finally {
      if (upgraded) {
        exchange.handOver();
      } else {
        abandonUnlessOpen.run();
      }
    }
    if (upgraded && exchange.response().getStatus() != SWITCHING_PROTOCOLS) {
      abandonUnlessOpen.run(); // answered, but with a refusal of the handshake
    }
    if (!upgraded) {
      throw new ConfigException("bad_upgrade", "this is not a valid WebSocket upgrade");
    }
  }

  // The success of the request only means that its answer was written; the session opens after it.
  private static Callback onFailure(Callback callback, Runnable abandon) {
    return Callback.from(
        callback::succeeded,
        failure -> {
          abandon.run();
          callback.failed(failure);
        });
  }

  private static void stopLater(Box box) {
    Thread.ofVirtual()
        .name("stop-" + box.id())
        .start(() -> {
          try {
            box.stop();
          } catch (BoxliteException e) {
            LOG.warn("box {} lost its client and could not be stopped", box.id(), e);
          }
        });
  }
}
