package io.boxlite.runtime.internal.state;

import io.avaje.jsonb.Json;
import io.boxlite.api.NetworkOptions;
import io.boxlite.api.PortMapping;
import io.boxlite.api.Secret;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// The network of a box in its documents.
@Json(naming = Json.Naming.LowerUnderscore)
record NetworkDocument(
    boolean enabled,
    @Nullable List<String> allowNet,
    @Nullable List<String> denyNet,
    @Nullable List<Port> ports,
    long bytesPerSecond,
    int connections,
    @Nullable List<SecretDocument> secrets) {

  /// A port of the host that leads into the box.
  @Json(naming = Json.Naming.LowerUnderscore)
  record Port(@Nullable String hostIp, int hostPort, int guestPort, String protocol) {}

  /// A secret: its value is sealed in a file of its own.
  @Json(naming = Json.Naming.LowerUnderscore)
  record SecretDocument(String name, List<String> hosts, String placeholder, boolean plainHttp) {
    static SecretDocument of(Secret secret) {
      return new SecretDocument(
          secret.name(), secret.hosts(), secret.placeholder(), secret.plainHttp());
    }

    Secret toSecret() {
      return new Secret(name, "", hosts, placeholder, plainHttp);
    }
  }

  static NetworkDocument of(NetworkOptions network) {
    return new NetworkDocument(
        network.enabled(),
        network.allowNet(),
        network.denyNet(),
        network.ports().stream()
            .map(port ->
                new Port(
                    port.hostIp().orElse(null),
                    port.hostPort(),
                    port.guestPort(),
                    port.protocol().wireName()))
            .toList(),
        network.bytesPerSecond(),
        network.connections(),
        network.secrets().isEmpty()
            ? null
            : network.secrets().stream().map(SecretDocument::of).toList());
  }

  NetworkOptions toOptions() {
    return new NetworkOptions(
        enabled,
        allowNet == null ? List.of() : allowNet,
        denyNet == null ? List.of() : denyNet,
        ports == null
            ? List.of()
            : ports.stream()
                .map(port ->
                    new PortMapping(
                        Optional.ofNullable(port.hostIp),
                        port.hostPort,
                        port.guestPort,
                        PortMapping.Protocol.ofWireName(port.protocol).orElseThrow()))
                .toList(),
        bytesPerSecond,
        connections,
        secrets == null ? List.of() : secrets.stream().map(SecretDocument::toSecret).toList());
  }
}
