package io.boxlite.client;

import io.boxlite.api.Boxlite;
import io.boxlite.api.ImageRegistry;
import io.boxlite.api.RestOptions;
import io.boxlite.api.spi.BoxliteProvider;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/// Opens a home as a client of the supervisor that owns it.
///
/// @since 0.1
public final class AttachedProvider implements BoxliteProvider {
  private static final Duration PATIENCE = Duration.ofSeconds(10);
  private static final Duration PAUSE = Duration.ofMillis(20);

  /// For [java.util.ServiceLoader].
  public AttachedProvider() {}

  @Override
  public int order() {
    return 10;
  }

  @Override
  public Optional<Boxlite> connect(RestOptions options) {
    return Optional.of(RemoteBoxlite.connect(options));
  }

  /// Connects; when the home has a lock file, waits up to 10 s for its owner to listen.
  @Override
  public Optional<Boxlite> open(Path home, List<ImageRegistry> registries) {
    long deadline = System.nanoTime() + PATIENCE.toNanos();
    Path socket = home.resolve("boxlite.sock");
    while (true) {
      Optional<RemoteBoxlite> found = RemoteBoxlite.find(socket, registries);
      if (found.isPresent()) {
        return Optional.of(found.get());
      }
      if (System.nanoTime() > deadline || !Files.exists(home.resolve("lock"))) {
        return Optional.empty();
      }
      try {
        Thread.sleep(PAUSE); // a socket that does not exist yet cannot be waited for
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        return Optional.empty();
      }
    }
  }
}
