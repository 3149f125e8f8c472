package io.boxlite.network;

import io.boxlite.api.NetworkException;
import io.boxlite.api.Secret;
import io.boxlite.network.internal.proxy.FirstLine;
import io.boxlite.network.internal.proxy.Gate;
import io.boxlite.network.internal.proxy.SecretSet;
import io.boxlite.network.internal.proxy.UpstreamTls;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioServerDomainSocketChannel;
import io.netty.util.concurrent.DefaultThreadFactory;
import java.io.IOException;
import java.net.UnixDomainSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.SecureRandom;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/// Puts secrets into what a box sends (docs/secrets.md): opens its TLS to the hosts of secrets with
/// certificates of the box's authority, checks the servers by what the host trusts, and replaces
/// placeholders. Listens at a Unix socket of mode 0600, and takes only connections that begin with
/// [#header]. Thread-safe; whoever opens it closes it.
///
/// @since 0.1
public final class SecretProxy implements FlowProxy, AutoCloseable {
  /// Most connections at a time; more are closed.
  static final int MAX_CONNECTIONS = 128;

  /// Most of all proxies together.
  private static final int MAX_ALL = 320;

  private static final AtomicInteger ALL = new AtomicInteger();

  private static final int THREADS = 2;

  private final Path socket;
  private final Gate gate;
  private final MultiThreadIoEventLoopGroup threads;
  private final AtomicInteger connections = new AtomicInteger();

  private SecretProxy(Path socket, Gate gate) {
    this.socket = socket;
    this.gate = gate;
    this.threads =
        new MultiThreadIoEventLoopGroup(
            THREADS, new DefaultThreadFactory("secret-proxy", true), NioIoHandler.newFactory());
  }

  /// Opens the proxy of a box. Blocks until it listens.
  ///
  /// @param socket where it listens; an older file is replaced
  /// @param authority what the box trusts
  /// @param secrets what it puts in
  /// @param hosts where plain HTTP may go
  /// @param bundle authorities that servers may have beside those that the JDK trusts, in PEM
  /// @return the proxy
  /// @throws NetworkException when it cannot listen there
  /// @throws io.boxlite.api.ConfigException when the bundle cannot be read, or a secret has line
  ///   ends
  public static SecretProxy open(
      Path socket,
      BoxAuthority authority,
      List<Secret> secrets,
      HostCheck hosts,
      Optional<Path> bundle) {
    Gate.Tls tls = new Gate.Tls(authority.certificates(), UpstreamTls.trusting(bundle));
    return open(socket, new Gate(token(), Optional.of(tls), hosts, new SecretSet(secrets)));
  }

  /// Opens the proxy of a box that has no secrets: it checks the host of each request of plain
  /// HTTP, and opens no TLS. Blocks until it listens.
  ///
  /// @param socket where it listens; an older file is replaced
  /// @param hosts where plain HTTP may go
  /// @return the proxy
  /// @throws NetworkException when it cannot listen there
  public static SecretProxy checking(Path socket, HostCheck hosts) {
    return open(socket, new Gate(token(), Optional.empty(), hosts, new SecretSet(List.of())));
  }

  private static String token() {
    byte[] token = new byte[32];
    new SecureRandom().nextBytes(token);
    return HexFormat.of().formatHex(token);
  }

  private static SecretProxy open(Path socket, Gate gate) {
    SecretProxy proxy = new SecretProxy(socket, gate);
    try {
      proxy.listen();
      return proxy;
    } catch (IOException | RuntimeException e) {
      proxy.close();
      throw new NetworkException(
          "secret_proxy",
          "the proxy for secrets cannot listen at " + socket + ": " + e.getMessage(),
          e,
          Map.of());
    }
  }

  private void listen() throws IOException {
    Files.deleteIfExists(socket);
    new ServerBootstrap()
        .group(threads)
        .channel(NioServerDomainSocketChannel.class)
        .option(ChannelOption.SO_BACKLOG, 1024)
        .childOption(ChannelOption.AUTO_READ, false)
        .childHandler(
            new ChannelInitializer<Channel>() {
              @Override
              protected void initChannel(Channel channel) {
                take(channel);
              }
            })
        .bind(UnixDomainSocketAddress.of(socket))
        .syncUninterruptibly();
    // Who came before this has no token.
    Files.setPosixFilePermissions(socket, PosixFilePermissions.fromString("rw-------"));
  }

  @SuppressWarnings("FutureReturnValueIgnored")
  private void take(Channel channel) {
    channel
        .closeFuture()
        .addListener(_ -> {
          connections.decrementAndGet();
          ALL.decrementAndGet();
        });
    int all = ALL.incrementAndGet();
    if (connections.incrementAndGet() > MAX_CONNECTIONS || all > MAX_ALL) {
      channel.close();
    } else {
      channel.pipeline().addLast(new FirstLine(gate));
    }
  }

  /// Takes other secrets in the place of those it has; requests under way keep theirs.
  ///
  /// @param secrets all of them
  /// @throws io.boxlite.api.ConfigException when a value has line ends
  void secrets(List<Secret> secrets) {
    gate.secrets(new SecretSet(secrets));
  }

  @Override
  public boolean opens(String host) {
    return gate.secrets().opens(host);
  }

  @Override
  public boolean hasSecrets() {
    return !gate.secrets().isEmpty();
  }

  @Override
  public boolean opensPlainHttp() {
    return gate.secrets().opensPlainHttp();
  }

  @Override
  public Path socket() {
    return socket;
  }

  @Override
  public String header(Flow flow) {
    return gate.header(flow);
  }

  /// {@return how many connections are open}
  int connections() {
    return connections.get();
  }

  /// Ends all connections and removes the socket. A second call does nothing.
  @Override
  public void close() {
    threads.shutdownGracefully(0, 2, TimeUnit.SECONDS).awaitUninterruptibly(5, TimeUnit.SECONDS);
    try {
      Files.deleteIfExists(socket);
    } catch (IOException e) {
      // The directory of the box goes with it.
    }
  }

  @Override
  public String toString() {
    return "SecretProxy[" + socket + "]";
  }
}
