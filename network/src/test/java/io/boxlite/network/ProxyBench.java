package io.boxlite.network;

import io.boxlite.api.Secret;
import io.boxlite.network.internal.proxy.Certificates;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.Channels;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.security.cert.CertificateFactory;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.TrustManagerFactory;

/// A box's side and the world's for tests: an authority for servers, a proxy, and ports that lead
/// through it.
final class ProxyBench implements AutoCloseable {
  static final String HOST = "api.secret.test";
  static final Secret KEY = Secret.of("key", "s3cr3t+/va\"lue", List.of(HOST, "*.wide.test"));
  static final String MARK = KEY.placeholder();

  final Certificates world;
  final Path worldPem;
  final BoxAuthority authority;
  final Path boxPem;
  final SecretProxy proxy;
  final SSLContext boxTls;
  private final List<AutoCloseable> open = new CopyOnWriteArrayList<>();

  ProxyBench(Path directory, List<Secret> secrets, FlowProxy.HostCheck check) throws Exception {
    Certificates.Authority ca = Certificates.authority("world", Instant.now());
    world = new Certificates(ca, InstantSource.system());
    worldPem = directory.resolve("world.pem");
    Files.writeString(worldPem, Certificates.pem("CERTIFICATE", ca.certificate().getEncoded()));
    SecretVault vault = SecretVault.open(directory.resolve("secret.key"), Optional.empty());
    authority = BoxAuthority.open(directory.resolve("ca"), "box", vault);
    boxPem = directory.resolve("box.pem");
    Files.writeString(boxPem, authority.pem());
    proxy =
        SecretProxy.open(
            directory.resolve("proxy.sock"), authority, secrets, check, Optional.of(worldPem));
    KeyStore store = KeyStore.getInstance("PKCS12");
    store.load(null, null);
    store.setCertificateEntry(
        "box",
        CertificateFactory.getInstance("X.509")
            .generateCertificate(
                new ByteArrayInputStream(authority.pem().getBytes(StandardCharsets.US_ASCII))));
    TrustManagerFactory trust = TrustManagerFactory.getInstance("PKIX");
    trust.init(store);
    boxTls = SSLContext.getInstance("TLS");
    boxTls.init(null, trust.getTrustManagers(), null);
  }

  /// A port that leads through the proxy to a port of loopback, as boxlite-net would.
  int through(int port, Optional<String> name) throws IOException {
    ServerSocket server = new ServerSocket(0, 64, InetAddress.getLoopbackAddress());
    open.add(server);
    String header = proxy.header(new FlowProxy.Flow(InetAddress.getLoopbackAddress(), port, name));
    Thread.startVirtualThread(() -> {
      while (!server.isClosed()) {
        try {
          Socket client = server.accept();
          Thread.startVirtualThread(() -> forward(client, header));
        } catch (IOException e) {
          return;
        }
      }
    });
    return server.getLocalPort();
  }

  private void forward(Socket client, String header) {
    try (client;
        SocketChannel box = SocketChannel.open(StandardProtocolFamily.UNIX)) {
      client.setTcpNoDelay(true);
      box.connect(UnixDomainSocketAddress.of(proxy.socket()));
      InputStream in = Channels.newInputStream(box);
      OutputStream out = Channels.newOutputStream(box);
      out.write((header + "\n").getBytes(StandardCharsets.US_ASCII));
      Thread up =
          Thread.startVirtualThread(() -> {
            try {
              copy(client.getInputStream(), out);
              box.shutdownOutput();
            } catch (IOException e) {
              close(box);
            }
          });
      try {
        copy(in, client.getOutputStream());
        client.shutdownOutput();
      } catch (IOException e) {
        close(box);
      }
      up.join();
    } catch (IOException | InterruptedException e) {
      // The test sees it.
    }
  }

  static void copy(InputStream in, OutputStream out) throws IOException {
    byte[] buffer = new byte[65536];
    for (int n = in.read(buffer); n >= 0; n = in.read(buffer)) {
      out.write(buffer, 0, n);
      out.flush();
    }
  }

  private static void close(AutoCloseable closeable) {
    try {
      closeable.close();
    } catch (Exception e) {
      // Closed is closed.
    }
  }

  /// A server that is told what to do with each connection.
  interface Script {
    void serve(Socket socket) throws Exception;
  }

  int server(Optional<String> tlsName, Script script) throws IOException {
    ServerSocket server =
        tlsName.isPresent()
            ? world
                .forHost(tlsName.get())
                .getServerSocketFactory()
                .createServerSocket(0, 64, InetAddress.getLoopbackAddress())
            : new ServerSocket(0, 64, InetAddress.getLoopbackAddress());
    open.add(server);
    Thread.startVirtualThread(() -> {
      while (!server.isClosed()) {
        try {
          Socket socket = server.accept();
          Thread.startVirtualThread(() -> {
            try (socket) {
              script.serve(socket);
            } catch (Exception e) {
              // The client sees it.
            }
          });
        } catch (IOException e) {
          return;
        }
      }
    });
    return server.getLocalPort();
  }

  void closing(AutoCloseable closeable) {
    open.add(closeable);
  }

  /// A TLS connection of the box.
  SSLSocket tls(int port, String name, String... protocols) throws IOException {
    Socket plain = new Socket();
    plain.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), port));
    plain.setSoTimeout(20_000);
    SSLSocket socket = (SSLSocket) boxTls.getSocketFactory().createSocket(plain, name, port, true);
    var parameters = socket.getSSLParameters();
    parameters.setEndpointIdentificationAlgorithm("HTTPS");
    parameters.setApplicationProtocols(protocols);
    socket.setSSLParameters(parameters);
    open.add(socket);
    socket.startHandshake();
    return socket;
  }

  Socket plain(int port) throws IOException {
    Socket socket = new Socket(InetAddress.getLoopbackAddress(), port);
    socket.setSoTimeout(20_000);
    open.add(socket);
    return socket;
  }

  @Override
  public void close() {
    open.forEach(ProxyBench::close);
    proxy.close();
  }
}
