package io.boxlite.server;

import io.boxlite.api.Box;
import io.boxlite.api.BoxNetwork;
import io.boxlite.api.Boxlite;
import io.boxlite.api.ConfigException;
import io.boxlite.api.PortMapping;
import io.boxlite.api.Tunnel;
import io.boxlite.rest.NetworkMapping;
import io.boxlite.rest.PortBody;
import io.boxlite.rest.RulesBody;
import io.boxlite.rest.TunnelBody;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.websocket.server.ServerWebSocketContainer;

/// Networks of boxes: rules, ports, tunnels, the log of what was tried.
final class NetworkRoutes {
  private static final int CREATED = 201;

  private final Boxlite boxlite;
  private final ServerWebSocketContainer webSockets;
  private final TunnelGates gates;

  NetworkRoutes(Boxlite boxlite, ServerWebSocketContainer webSockets, TunnelGates gates) {
    this.boxlite = boxlite;
    this.webSockets = webSockets;
    this.gates = gates;
  }

  void addTo(Router router) {
    router.add("POST", "boxes/{box}/network/allow", this::allow);
    router.add("POST", "boxes/{box}/network/deny", this::deny);
    router.add("POST", "boxes/{box}/network/ports", this::publish);
    router.add("DELETE", "boxes/{box}/network/ports", this::unpublish);
    router.add("GET", "boxes/{box}/network/log", this::log);
    router.add("GET", "boxes/{box}/network/tunnel", this::tunnel);
    router.add("POST", "boxes/{box}/network/tunnel", this::gate);
  }

  private BoxNetwork network(Exchange exchange) {
    return BoxRoutes.find(boxlite, exchange).network();
  }

  private void allow(Exchange exchange) throws IOException {
    RulesBody body = exchange.strictJson(RulesBody.class);
    boolean only = Boolean.TRUE.equals(body.only());
    exchange.answer(NetworkMapping.toBody(network(exchange).allow(body.someRules(), only)));
  }

  private void deny(Exchange exchange) throws IOException {
    RulesBody body = exchange.strictJson(RulesBody.class);
    exchange.answer(NetworkMapping.toBody(network(exchange).deny(body.someRules())));
  }

  private void publish(Exchange exchange) throws IOException {
    PortMapping port = NetworkMapping.toMapping(exchange.strictJson(PortBody.class));
    exchange.answer(CREATED, NetworkMapping.toBody(network(exchange).publish(port)));
  }

  private void unpublish(Exchange exchange) {
    String name = exchange.query("protocol").orElse("tcp");
    PortMapping.Protocol protocol =
        PortMapping.Protocol.ofWireName(name)
            .orElseThrow(() ->
                new ConfigException(
                    "invalid_protocol", "protocol '" + name + "' must be tcp or udp"));
    network(exchange).unpublish(port(exchange, "host_port"), protocol);
    exchange.noContent();
  }

  private static int port(Exchange exchange, String name) {
    String text = exchange.required(name);
    if (!text.matches("[0-9]{1,5}")) {
      throw new ConfigException("invalid_" + name, name + " '" + text + "' must be 1 to 65535");
    }
    return Integer.parseInt(text);
  }

  private void log(Exchange exchange) throws IOException {
    boolean follow = exchange.flag("follow");
    exchange.stream("application/x-ndjson", network(exchange).log(follow), follow);
  }

  private void tunnel(Exchange exchange) throws Exception {
    AttachRoutes.requireUpgrade(exchange);
    Tunnel tunnel = network(exchange).tunnel(port(exchange, "port"));
    TunnelSession session = new TunnelSession(tunnel, exchange.drain());
    AttachRoutes.upgrade(webSockets, exchange, session, session::abandonUnlessOpen);
  }

  /// What the published clients ask for: where `CONNECT` leads to the port. Says first whether it
  /// does.
  private void gate(Exchange exchange) throws IOException {
    int port = port(exchange, "port");
    Box box = BoxRoutes.find(boxlite, exchange);
    box.network().tunnel(port).close();
    Request request = exchange.request();
    SocketAddress local = request.getConnectionMetaData().getLocalSocketAddress();
    InetAddress address =
        local instanceof InetSocketAddress tcp
            ? tcp.getAddress()
            : InetAddress.getLoopbackAddress();
    String host =
        local instanceof InetSocketAddress
            ? Request.getServerName(request)
            : address.getHostAddress();
    exchange.answer(new TunnelBody(gates.get(box, port, address).uri(host)));
  }
}
