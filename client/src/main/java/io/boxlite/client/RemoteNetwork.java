package io.boxlite.client;

import io.boxlite.api.BoxNetwork;
import io.boxlite.api.NetworkInfo;
import io.boxlite.api.PortMapping;
import io.boxlite.api.PublishedPort;
import io.boxlite.api.Tunnel;
import io.boxlite.rest.NetworkInfoBody;
import io.boxlite.rest.NetworkMapping;
import io.boxlite.rest.Paths;
import io.boxlite.rest.PortBody;
import io.boxlite.rest.RulesBody;
import java.io.IOException;
import java.io.InputStream;
import java.util.List;

/// The network of a box of another process.
record RemoteNetwork(RestCaller caller, String id) implements BoxNetwork {
  @Override
  public NetworkInfo allow(List<String> rules, boolean only) {
    return change("allow", new RulesBody(rules, only));
  }

  @Override
  public NetworkInfo deny(List<String> rules) {
    return change("deny", new RulesBody(rules, null));
  }

  private NetworkInfo change(String what, RulesBody body) {
    return NetworkMapping.toInfo(
        caller.call(NetworkInfoBody.class, "POST", Paths.network(id, what), body));
  }

  @Override
  public PublishedPort publish(PortMapping port) {
    String path = Paths.network(id, "ports");
    return NetworkMapping.toPublished(
        caller.call(PortBody.class, "POST", path, NetworkMapping.toBody(port)));
  }

  @Override
  public void unpublish(int hostPort, PortMapping.Protocol protocol) {
    String query = "?host_port=" + hostPort + "&protocol=" + protocol.wireName();
    caller.send("DELETE", Paths.network(id, "ports") + query, null);
  }

  @Override
  public Tunnel tunnel(int port) {
    try {
      String path = Paths.network(id, "tunnel") + "?port=" + port;
      return new RemoteTunnel(WebSocket.open(caller.connections(), path));
    } catch (IOException e) {
      throw caller.unreachable(e);
    }
  }

  @Override
  public InputStream log(boolean follow) {
    return caller.stream("GET", Paths.network(id, "log") + "?follow=" + follow, null);
  }
}
