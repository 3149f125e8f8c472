package io.boxlite.network.internal.proxy;

import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelOutboundHandlerAdapter;

/// Stands before the codec of one side and keeps it from reading: the windows of HTTP/2 bound what
/// waits of bodies, but not of heads, and the codec reads on even when the channel is told not to.
/// One thread.
final class Http2Brake extends ChannelOutboundHandlerAdapter {
  private boolean held;

  /// Lets nothing be read of the channel from now on, or all again.
  void hold(Channel channel, boolean hold) {
    held = hold;
    channel.config().setAutoRead(!hold);
  }

  @Override
  public void read(ChannelHandlerContext ctx) {
    if (!held) {
      ctx.read();
    }
  }
}
