package io.boxlite.api;

import java.util.List;
import java.util.Optional;

/// The network of a box at one moment. Immutable.
///
/// @param enabled whether it has an interface
/// @param allowNet what it may reach; empty: everything
/// @param denyNet what it may not reach
/// @param publishedPorts ports of the host that lead into it; empty while it does not run
/// @param secrets values that go to hosts in place of what it has
/// @param problem why a running box has no network although it should
/// @since 0.1
public record NetworkInfo(
    boolean enabled,
    List<String> allowNet,
    List<String> denyNet,
    List<PublishedPort> publishedPorts,
    List<SecretInfo> secrets,
    Optional<String> problem) {
  /// {@return that of a box that does not run}
  ///
  /// @param options of the box
  public static NetworkInfo of(NetworkOptions options) {
    return new NetworkInfo(
        options.enabled(),
        options.allowNet(),
        options.denyNet(),
        List.of(),
        options.secrets().stream().map(SecretInfo::of).toList(),
        Optional.empty());
  }

  /// Copies.
  public NetworkInfo {
    allowNet = List.copyOf(allowNet);
    denyNet = List.copyOf(denyNet);
    publishedPorts = List.copyOf(publishedPorts);
    secrets = List.copyOf(secrets);
  }
}
