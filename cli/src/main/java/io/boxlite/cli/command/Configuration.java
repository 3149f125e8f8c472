package io.boxlite.cli.command;

import io.boxlite.api.ImageRegistry;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// What the configuration file says. Immutable.
///
/// @param home the home directory, if it names one
/// @param registries how registries are reached
/// @since 0.1
public record Configuration(Optional<String> home, List<ImageRegistry> registries) {
  static final Configuration EMPTY = new Configuration(Optional.empty(), List.of());

  /// Copies the list.
  public Configuration {
    registries = List.copyOf(registries);
  }

  /// {@return the same, with registries that are searched before all others}
  ///
  /// @param hosts names of the registries; what is configured for one, such as its credentials,
  ///   stays so
  /// @throws io.boxlite.api.ConfigException if one is malformed
  Configuration searchedFirst(List<String> hosts) {
    List<ImageRegistry> all = new ArrayList<>();
    for (String host : hosts) {
      ImageRegistry named = ImageRegistry.searched(host);
      all.add(
          registries.stream()
              .filter(known -> known.isFor(host))
              .findFirst()
              .map(Configuration::searched)
              .orElse(named));
    }
    registries.stream().filter(r -> hosts.stream().noneMatch(r::isFor)).forEach(all::add);
    return new Configuration(home, all);
  }

  private static ImageRegistry searched(ImageRegistry known) {
    return new ImageRegistry(
        known.host(),
        known.plainHttp(),
        known.skipVerify(),
        true,
        known.credentials(),
        known.caFile(),
        known.mirrors());
  }
}
