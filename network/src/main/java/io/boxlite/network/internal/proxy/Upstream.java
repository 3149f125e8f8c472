package io.boxlite.network.internal.proxy;

import io.netty.bootstrap.Bootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoop;
import io.netty.channel.socket.nio.NioSocketChannel;
import io.netty.handler.ssl.SslHandler;
import io.netty.util.concurrent.Future;
import io.netty.util.concurrent.Promise;
import java.net.ConnectException;
import java.net.InetSocketAddress;
import java.nio.channels.ClosedChannelException;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLException;
import org.jspecify.annotations.Nullable;

/// Connects to servers. Whoever gets a channel closes it.
// What fails is told to the handlers of the channel.
@SuppressWarnings("FutureReturnValueIgnored")
final class Upstream {
  private static final int TIMEOUT_SECONDS = 30;

  private Upstream() {}

  private static final class Quiet extends ChannelInboundHandlerAdapter {
    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
      if (ctx.pipeline().last() == this) {
        ctx.close();
      } else {
        ctx.fireExceptionCaught(cause);
      }
    }
  }

  /// {@return a connection, on that thread, that reads only when told to}
  ///
  /// @param loop its thread
  /// @param address where it goes
  /// @param engine for TLS; the connection is there when the server has shown who it is
  static Future<Channel> connect(
      EventLoop loop, InetSocketAddress address, Optional<SSLEngine> engine) {
    Promise<Channel> result = loop.newPromise();
    Optional<SslHandler> tls = engine.map(SslHandler::new);
    tls.ifPresent(handler -> handler.setHandshakeTimeout(TIMEOUT_SECONDS, TimeUnit.SECONDS));
    new Bootstrap()
        .group(loop)
        .channel(NioSocketChannel.class)
        .option(ChannelOption.AUTO_READ, false)
        .option(ChannelOption.TCP_NODELAY, true)
        .option(ChannelOption.SO_KEEPALIVE, true)
        .option(ChannelOption.CONNECT_TIMEOUT_MILLIS, TIMEOUT_SECONDS * 1000)
        .handler(
            new ChannelInitializer<Channel>() {
              @Override
              protected void initChannel(Channel channel) {
                tls.ifPresent(handler -> channel.pipeline().addLast(handler));
                // Failures reach who waits for the connection; nothing is to be said of them in a
                // log.
                channel.pipeline().addLast(new Quiet());
              }
            })
        .connect(address)
        .addListener((io.netty.channel.ChannelFuture connected) -> {
          if (!connected.isSuccess()) {
            result.setFailure(connected.cause());
          } else if (tls.isEmpty()) {
            result.setSuccess(connected.channel());
          } else {
            connected.channel().read();
            tls.get()
                .handshakeFuture()
                .addListener(shaken -> finish(shaken, connected.channel(), result));
          }
        });
    return result;
  }

  private static void finish(Future<?> shaken, Channel channel, Promise<Channel> result) {
    if (shaken.isSuccess()) {
      result.setSuccess(channel);
    } else {
      channel.close();
      result.setFailure(shaken.cause());
    }
  }

  /// {@return why a server is not reached, for the box to read}
  static String reason(@Nullable Throwable cause) {
    return switch (cause) {
      case io.netty.channel.ConnectTimeoutException _ -> "the connection timed out";
      case ConnectException _ -> "the connection was refused or has no route";
      case SSLException _ -> "its TLS certificate or handshake was not accepted";
      case ClosedChannelException _ -> "it closed the connection";
      case null, default -> "the connection failed";
    };
  }
}
