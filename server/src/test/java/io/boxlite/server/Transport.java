package io.boxlite.server;

import io.boxlite.api.ImageRegistry;
import io.boxlite.api.RestOptions;
import io.boxlite.client.ListenOptions;
import io.boxlite.client.RemoteBoxlite;
import io.boxlite.client.RemoteServer;
import java.io.Closeable;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/// How a client reaches the server.
enum Transport {
  SOCKET,
  TCP,
  TLS;

  private static final String KEY = "k";

  /// The server as its clients see it, until it is closed.
  interface Served extends Closeable {
    RemoteBoxlite connect(List<ImageRegistry> registries);
  }

  /// How much of a stream the kernel may hold beyond what it does on a Unix socket: the buffers of
  /// a TCP connection grow by themselves.
  int kernelBytes() {
    return this == SOCKET ? 0 : 12 * 1024 * 1024;
  }

  /// Makes the server reachable.
  ///
  /// @param socket at which it is already
  Served serve(Path socket) throws Exception {
    if (this == SOCKET) {
      return new OnSocket(socket);
    }
    Optional<TestCertificate> tls =
        this == TLS ? Optional.of(TestCertificate.shared()) : Optional.empty();
    RemoteBoxlite owner = RemoteBoxlite.connect(socket);
    try {
      RemoteServer.Listening listening = owner.server().listen(order(KEY, tls, true));
      RestOptions options = RestOptions.of(listening.url()).withApiKey(KEY);
      return new ByTcp(
          owner,
          listening,
          tls.map(TestCertificate::certificate).map(options::withCaFile).orElse(options));
    } catch (RuntimeException e) {
      owner.close();
      throw e;
    }
  }

  /// {@return an order to listen at any port of loopback}
  ///
  /// @param hostPaths whether clients may name files of this machine
  static ListenOptions order(String key, Optional<TestCertificate> tls, boolean hostPaths) {
    return new ListenOptions(
        "127.0.0.1",
        0,
        Optional.of(key),
        tls.map(TestCertificate::certificate),
        tls.map(TestCertificate::key),
        false,
        hostPaths);
  }

  private record OnSocket(Path socket) implements Served {
    @Override
    public RemoteBoxlite connect(List<ImageRegistry> registries) {
      return RemoteBoxlite.find(socket, registries).orElseThrow();
    }

    @Override
    public void close() {}
  }

  private record ByTcp(RemoteBoxlite owner, RemoteServer.Listening listening, RestOptions options)
      implements Served {
    @Override
    public RemoteBoxlite connect(List<ImageRegistry> registries) {
      return RemoteBoxlite.connect(options.withRegistries(registries));
    }

    @Override
    public void close() throws IOException {
      listening.close();
      owner.close();
    }
  }
}
