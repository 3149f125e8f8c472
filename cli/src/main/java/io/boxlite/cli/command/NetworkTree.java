package io.boxlite.cli.command;

import io.boxlite.api.NetworkInfo;
import io.boxlite.api.PublishedPort;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/// A network as `inspect` and `network show` print it.
final class NetworkTree {
  private NetworkTree() {}

  static Map<String, Object> of(NetworkInfo network) {
    Map<String, List<Map<String, Object>>> ports = new TreeMap<>();
    for (PublishedPort port : network.publishedPorts()) {
      Map<String, Object> binding = new LinkedHashMap<>();
      binding.put("HostIp", port.hostIp());
      binding.put("HostPort", String.valueOf(port.hostPort()));
      ports
          .computeIfAbsent(
              port.guestPort() + "/" + port.protocol().wireName(), _ -> new ArrayList<>())
          .add(binding);
    }
    Map<String, Object> tree = new LinkedHashMap<>();
    tree.put("Mode", network.enabled() ? "enabled" : "disabled");
    tree.put("AllowNet", network.allowNet());
    tree.put("DenyNet", network.denyNet());
    tree.put("Ports", ports);
    tree.put(
        "Secrets",
        network.secrets().stream()
            .map(secret -> {
              Map<String, Object> entry = new LinkedHashMap<>();
              entry.put("Name", secret.name());
              entry.put("Hosts", secret.hosts());
              return entry;
            })
            .toList());
    network.problem().ifPresent(problem -> tree.put("Error", problem));
    return tree;
  }
}
