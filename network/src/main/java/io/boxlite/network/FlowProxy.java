package io.boxlite.network;

import java.net.InetAddress;
import java.nio.file.Path;
import java.util.Optional;

/// Where connections of a box go that are looked into. From any thread.
///
/// @since 0.1
public interface FlowProxy {
  /// A connection of the box.
  ///
  /// @param address where it leads
  /// @param port its port there
  /// @param serverName what the box's TLS asked for; empty: the connection speaks plain HTTP
  record Flow(InetAddress address, int port, Optional<String> serverName) {}

  /// Whether a request may go to a host by a connection; asked for each request. From any thread.
  interface HostCheck {
    /// {@return whether the rules allow the host, and the address was told to the box for it}
    ///
    /// @param host what the request is for, without a port
    /// @param address where the connection leads
    /// @param port its port there
    boolean allows(String host, InetAddress address, int port);
  }

  /// {@return whether TLS to that host is opened, since a secret may go there}
  ///
  /// @param host in lower case
  boolean opens(String host);

  /// {@return whether there are secrets; without, it only checks hosts of plain HTTP}
  default boolean hasSecrets() {
    return true;
  }

  /// {@return whether plain HTTP is looked into for the sake of secrets}
  boolean opensPlainHttp();

  /// {@return the Unix socket where it takes connections}
  Path socket();

  /// {@return what to say there first about a connection, without line ends}
  ///
  /// @param flow the connection
  String header(Flow flow);
}
