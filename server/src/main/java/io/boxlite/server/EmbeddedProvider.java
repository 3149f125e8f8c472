package io.boxlite.server;

import io.boxlite.api.Box;
import io.boxlite.api.BoxInfo;
import io.boxlite.api.BoxOptions;
import io.boxlite.api.Boxlite;
import io.boxlite.api.DiskUsage;
import io.boxlite.api.ImageRegistry;
import io.boxlite.api.Images;
import io.boxlite.api.RuntimeInfo;
import io.boxlite.api.RuntimeMetrics;
import io.boxlite.api.Templates;
import io.boxlite.api.Volumes;
import io.boxlite.api.spi.BoxliteProvider;
import io.boxlite.runtime.LocalBoxlite;
import io.boxlite.runtime.RuntimeOptions;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/// Opens a home as its supervisor inside this program, and serves it to others.
///
/// @since 0.1
public final class EmbeddedProvider implements BoxliteProvider {
  /// For [java.util.ServiceLoader].
  public EmbeddedProvider() {}

  @Override
  public int order() {
    return 0;
  }

  @Override
  public Optional<Boxlite> open(Path home, List<ImageRegistry> registries) {
    Optional<LocalBoxlite> local =
        LocalBoxlite.tryOpen(
            home, RuntimeOptions.ofEnvironment(System.getenv()).withRegistries(registries));
    return local.map(boxlite -> serve(boxlite, home));
  }

  private static Boxlite serve(LocalBoxlite local, Path home) {
    Tracing tracing = Tracing.ofEnvironment(System.getenv());
    try {
      RestServer server = RestServer.open(local, home.resolve("boxlite.sock"), tracing);
      return new Served(local, server, tracing);
    } catch (RuntimeException e) {
      tracing.close();
      local.close();
      throw e;
    }
  }

  private record Served(Boxlite local, RestServer server, Tracing tracing) implements Boxlite {
    @Override
    public Box create(BoxOptions options) {
      return local.create(options);
    }

    @Override
    public Box importBox(java.io.InputStream archive, Optional<String> name) {
      return local.importBox(archive, name);
    }

    @Override
    public Optional<Box> get(String idOrName) {
      return local.get(idOrName);
    }

    @Override
    public List<BoxInfo> list() {
      return local.list();
    }

    @Override
    public Images images() {
      return local.images();
    }

    @Override
    public Volumes volumes() {
      return local.volumes();
    }

    @Override
    public Templates templates() {
      return local.templates();
    }

    @Override
    public DiskUsage diskUsage() {
      return local.diskUsage();
    }

    @Override
    public RuntimeInfo info() {
      return local.info();
    }

    @Override
    public RuntimeMetrics metrics() {
      return local.metrics();
    }

    @Override
    public void close() {
      try (tracing) {
        try {
          server.close();
        } finally {
          local.close();
        }
      }
    }
  }
}
