package io.boxlite.network.internal.proxy;

import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import io.netty.channel.socket.DuplexChannel;
import io.netty.handler.codec.http.HttpClientCodec;
import java.util.List;

/// Passes bytes to another channel of the same thread, no faster than that takes them.
// What fails is told to the handlers of the channel.
@SuppressWarnings("FutureReturnValueIgnored")
final class RawRelay extends ChannelInboundHandlerAdapter {
  private final Channel peer;

  RawRelay(Channel peer) {
    this.peer = peer;
  }

  /// Makes of two connections of HTTP/1 raw ones; the server's has its relay already.
  ///
  /// @param box the box's connection
  /// @param server the server's
  /// @param old handlers of the box's that go; the last gives on what it has read ahead
  static void join(Channel box, Channel server, List<ChannelHandler> old) {
    if (server.pipeline().get(HttpClientCodec.class) != null) {
      server.pipeline().remove(HttpClientCodec.class);
    }
    if (!box.isActive() || !server.isActive()) {
      box.close();
      server.close();
      return;
    }
    box.pipeline().addLast(new RawRelay(server));
    old.forEach(box.pipeline()::remove);
    box.flush();
    server.flush();
    box.read();
    server.read();
  }

  @Override
  public void channelRead(ChannelHandlerContext ctx, Object message) {
    peer.write(message);
  }

  @Override
  public void channelReadComplete(ChannelHandlerContext ctx) {
    peer.flush();
    if (peer.isWritable()) {
      ctx.read();
    }
  }

  @Override
  public void channelWritabilityChanged(ChannelHandlerContext ctx) {
    if (ctx.channel().isWritable()) {
      peer.read();
    }
  }

  @Override
  public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
    if (event instanceof ChannelInputShutdownEvent) {
      // What is written would be lost by a shutdown at once.
      peer.writeAndFlush(Unpooled.EMPTY_BUFFER)
          .addListener((ChannelFuture written) -> {
            if (!(peer instanceof DuplexChannel duplex)
                || ((DuplexChannel) ctx.channel()).isOutputShutdown()) {
              peer.close();
              ctx.close();
            } else {
              duplex.shutdownOutput();
            }
          });
    }
  }

  @Override
  public void channelInactive(ChannelHandlerContext ctx) {
    peer.writeAndFlush(Unpooled.EMPTY_BUFFER).addListener(ChannelFutureListener.CLOSE);
  }

  @Override
  public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
    ctx.close();
    peer.close();
  }
}
