package io.boxlite.rest;

import io.boxlite.api.ConfigException;
import io.boxlite.api.NetworkInfo;
import io.boxlite.api.NetworkOptions;
import io.boxlite.api.PortMapping;
import io.boxlite.api.PublishedPort;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// Turns networks of boxes into bodies and back.
///
/// @since 0.1
public final class NetworkMapping {
  private static final String ENABLED = "enabled";
  private static final String DISABLED = "disabled";

  private NetworkMapping() {}

  /// {@return the body that asks for a network}
  ///
  /// @param network what the box shall have
  public static NetworkBody toBody(NetworkOptions network) {
    return new NetworkBody(
        mode(network.enabled()),
        network.allowNet().isEmpty() ? null : network.allowNet(),
        network.denyNet().isEmpty() ? null : network.denyNet(),
        network.bytesPerSecond() == 0 ? null : (Long) network.bytesPerSecond(),
        network.connections() == 0 ? null : (Integer) network.connections(),
        null,
        null);
  }

  /// {@return the body that asks for ports, or null for none}
  ///
  /// @param ports that shall lead into a box
  public static @Nullable List<PortBody> toBodies(List<PortMapping> ports) {
    return ports.isEmpty() ? null : ports.stream().map(NetworkMapping::toBody).toList();
  }

  /// {@return the body that asks for a port}
  ///
  /// @param port that shall lead into a box
  public static PortBody toBody(PortMapping port) {
    return new PortBody(
        port.hostIp().orElse(null), port.hostPort(), port.guestPort(), port.protocol().wireName());
  }

  /// {@return the body of a port}
  ///
  /// @param port that leads into a box
  public static PortBody toBody(PublishedPort port) {
    return new PortBody(
        port.hostIp(), port.hostPort(), port.guestPort(), port.protocol().wireName());
  }

  /// Reads what network a box shall have.
  ///
  /// @param body of a request; absent: the default
  /// @param ports of the request
  /// @return the network
  /// @throws ConfigException if it is invalid
  public static NetworkOptions toOptions(
      @Nullable NetworkBody body, @Nullable List<PortBody> ports) {
    List<PortMapping> mappings =
        ports == null ? List.of() : ports.stream().map(NetworkMapping::toMapping).toList();
    if (body == null) {
      return NetworkOptions.DEFAULT.withPorts(mappings);
    }
    NetworkBody.Direction inbound = body.inbound();
    NetworkBody.Direction outbound = body.outbound();
    if (outbound != null && (body.mode() != null || body.allowNet() != null)) {
      throw invalid("network", "must not have both mode or allow_net and outbound");
    }
    if (inbound != null) {
      List<String> allowed = inbound.allowNet();
      if (allowed != null && !allowed.isEmpty()) {
        throw invalid("network.inbound.allow_net", "is not available");
      }
      if (!isEnabled("network.inbound.mode", inbound.mode()) && !mappings.isEmpty()) {
        throw invalid("network.inbound.mode", "is 'disabled': no ports can lead into the box");
      }
    }
    String mode = outbound == null ? body.mode() : outbound.mode();
    List<String> allowNet = outbound == null ? body.allowNet() : outbound.allowNet();
    boolean enabled = isEnabled("network.mode", mode);
    if (!enabled && allowNet != null && !allowNet.isEmpty()) {
      throw invalid("network.allow_net", "cannot be used when the mode is 'disabled'");
    }
    Long bytes = body.bytesPerSecond();
    Integer connections = body.connections();
    return new NetworkOptions(
        enabled,
        OptionMapping.items("network.allow_net", allowNet),
        OptionMapping.items("network.deny_net", body.denyNet()),
        mappings,
        bytes == null ? 0 : bytes,
        connections == null ? 0 : connections,
        List.of());
  }

  private static boolean isEnabled(String field, @Nullable String mode) {
    String known = mode == null ? ENABLED : mode.toLowerCase(Locale.ROOT);
    if (!known.equals(ENABLED) && !known.equals(DISABLED)) {
      throw invalid(field, "'" + mode + "' must be 'enabled' or 'disabled'");
    }
    return known.equals(ENABLED);
  }

  /// Reads what port shall lead into a box.
  ///
  /// @param port of a request
  /// @return the port
  /// @throws ConfigException if it is invalid
  public static PortMapping toMapping(@Nullable PortBody port) {
    Integer guest = port == null ? null : port.guestPort();
    if (port == null || guest == null) {
      throw invalid("ports", "must each have a guest_port");
    }
    Integer host = port.hostPort();
    return new PortMapping(
        Optional.ofNullable(port.hostIp()).filter(ip -> !ip.isEmpty()),
        host == null ? 0 : host,
        guest,
        protocol(port));
  }

  private static PortMapping.Protocol protocol(PortBody port) {
    String name = port.protocol();
    return name == null
        ? PortMapping.Protocol.TCP
        : PortMapping.Protocol.ofWireName(name)
            .orElseThrow(() -> invalid("ports", "protocol '" + name + "' must be tcp or udp"));
  }

  /// {@return the body of a network}
  ///
  /// @param network the network
  public static NetworkInfoBody toBody(NetworkInfo network) {
    return new NetworkInfoBody(
        mode(network.enabled()),
        network.allowNet(),
        network.denyNet(),
        network.publishedPorts().stream().map(NetworkMapping::toBody).toList(),
        SecretMapping.toInfoBodies(network.secrets()),
        network.problem().orElse(null));
  }

  /// {@return the network of a body}
  ///
  /// @param body what a server answered; absent when it does not say
  public static NetworkInfo toInfo(@Nullable NetworkInfoBody body) {
    if (body == null) {
      return NetworkInfo.of(NetworkOptions.DEFAULT);
    }
    List<PortBody> ports = body.publishedPorts();
    return new NetworkInfo(
        !body.mode().equals(DISABLED), // one odd box must not make a whole list unreadable
        OptionMapping.items("network.allow_net", body.allowNet()),
        OptionMapping.items("network.deny_net", body.denyNet()),
        ports == null ? List.of() : ports.stream().map(NetworkMapping::toPublished).toList(),
        SecretMapping.toInfos(body.secrets()),
        Optional.ofNullable(body.problem()));
  }

  /// {@return the port of a body}
  ///
  /// @param body what a server answered
  public static PublishedPort toPublished(PortBody body) {
    PortMapping port = toMapping(body);
    return new PublishedPort(
        port.guestPort(), port.hostIp().orElse(""), port.hostPort(), port.protocol());
  }

  private static String mode(boolean enabled) {
    return enabled ? ENABLED : DISABLED;
  }

  private static ConfigException invalid(String field, String problem) {
    return new ConfigException("invalid_" + field.replace('.', '_'), field + " " + problem);
  }
}
