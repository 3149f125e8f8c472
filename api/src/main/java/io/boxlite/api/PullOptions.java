package io.boxlite.api;

import java.util.List;
import java.util.Optional;

/// What to fetch from a registry. Immutable.
///
/// @param reference as a user writes it
/// @param platform `os/architecture` or `os/architecture/variant`; that of the host when empty
/// @param registries how registries are reached, before what the runtime was told
/// @since 0.1
public record PullOptions(
    String reference, Optional<String> platform, List<ImageRegistry> registries) {
  /// Copies the list.
  public PullOptions {
    registries = List.copyOf(registries);
  }

  /// An image for this host.
  ///
  /// @param reference as a user writes it
  /// @return the options
  public static PullOptions of(String reference) {
    return new PullOptions(reference, Optional.empty(), List.of());
  }
}
