package io.boxlite.runtime.internal.portal;

import io.boxlite.api.PortalException;
import io.grpc.ConnectivityState;
import io.grpc.ManagedChannel;
import io.grpc.netty.NettyChannelBuilder;
import io.netty.channel.Channel;
import io.netty.channel.ChannelException;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioDomainSocketChannel;
import io.netty.util.concurrent.DefaultThreadFactory;
import java.io.IOException;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.SocketChannel;
import java.util.Map;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// gRPC over exactly one socket that is already connected and synchronised: no second connection is
/// ever made, and the end of this one is reported once or more.
final class PortalChannel {
  /// Bytes of HTTP/2 that may be under way, of one call and of all together. Flow control of
  /// process output is not HTTP/2's business (docs/portal.md): this only has to cover the latency.
  private static final int HTTP2_WINDOW = 1024 * 1024;

  /// A chunk has 64 KiB; the longest message is the list of executions.
  private static final int MAX_MESSAGE = 1024 * 1024;

  private static final System.Logger LOG = System.getLogger("io.boxlite.runtime");

  private static final long CLOSE_SECONDS = 5;

  /// One thread moves the bytes of all portals; it never blocks. Lives as long as the JVM.
  private static final EventLoopGroup LOOP =
      new MultiThreadIoEventLoopGroup(
          1, new DefaultThreadFactory("boxlite-portal", true), NioIoHandler.newFactory());

  private static final Executor CALLBACKS =
      task -> Thread.ofVirtual().name("boxlite-portal-call").start(task);

  private final SocketChannel connected;
  private final NioDomainSocketChannel socket;
  private final ManagedChannel grpc;
  private final Consumer<PortalException> onLost;

  /// Takes over a synchronised connection.
  ///
  /// @param connected belongs to this object from now on
  /// @param onLost called on any thread, the event loop's included; must not block
  PortalChannel(SocketChannel connected, Consumer<PortalException> onLost) {
    this.connected = connected;
    this.onLost = onLost;
    socket = new NioDomainSocketChannel(connected);
    socket.pipeline().addLast(new StuffingHandler());
    AtomicBoolean given = new AtomicBoolean();
    // The address is never connected to; StuffingHandler answers the attempt.
    grpc =
        NettyChannelBuilder.forAddress(UnixDomainSocketAddress.of("portal"))
            .channelFactory(() -> once(given), UnixDomainSocketAddress.class)
            // gRPC sets it, and Netty would warn at each portal that a Unix socket has no such
            // option.
            .withOption(ChannelOption.SO_KEEPALIVE, keepAliveUnset())
            .eventLoopGroup(LOOP)
            .executor(CALLBACKS)
            .offloadExecutor(CALLBACKS)
            .usePlaintext()
            .overrideAuthority("boxlite")
            .disableRetry()
            .disableServiceConfigLookUp()
            // By default gRPC closes a connection that was idle for half an hour.
            .idleTimeout(Long.MAX_VALUE, TimeUnit.DAYS)
            .flowControlWindow(HTTP2_WINDOW)
            .maxInboundMessageSize(MAX_MESSAGE)
            .build();
  }

  private Channel once(AtomicBoolean given) {
    if (given.compareAndSet(false, true)) {
      return socket;
    }
    throw new ChannelException("the portal is lost");
  }

  @SuppressWarnings("NullAway") // Netty: null removes the option
  private static Boolean keepAliveUnset() {
    return null;
  }

  ManagedChannel grpc() {
    return grpc;
  }

  /// Begins HTTP/2 and to watch for its end.
  void start() {
    var _ = socket.closeFuture().addListener(future -> report(null));
    watch(grpc.getState(true), false);
  }

  /// A GOAWAY ends the session although the socket stays open: gRPC would connect again.
  private void watch(ConnectivityState state, boolean wasReady) {
    boolean ready = state == ConnectivityState.READY;
    if ((wasReady && !ready)
        || state == ConnectivityState.TRANSIENT_FAILURE
        || state == ConnectivityState.SHUTDOWN) {
      report(null);
      return;
    }
    grpc.notifyWhenStateChanged(state, () -> watch(grpc.getState(false), wasReady || ready));
  }

  private void report(@Nullable Throwable cause) {
    onLost.accept(
        new PortalException(
            "unreachable", "the connection to the guest agent was lost", cause, Map.of()));
  }

  /// Ends all calls and closes the socket. Does not block.
  void shutdown() {
    grpc.shutdownNow();
    if (socket.isRegistered()) {
      var _ = socket.close();
      return;
    }
    try {
      // No call was made yet: Netty has not taken the connection over.
      connected.close();
    } catch (IOException e) {
      LOG.log(System.Logger.Level.DEBUG, "closing a portal that was not used", e);
    }
  }

  /// Waits until QEMU sees the socket closed and serves the next client.
  void awaitClosed() {
    if (socket.isRegistered()) {
      socket.closeFuture().awaitUninterruptibly(CLOSE_SECONDS, TimeUnit.SECONDS);
    }
  }
}
