package io.boxlite.network.internal.proxy;

import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelOutboundHandlerAdapter;
import org.jspecify.annotations.Nullable;

/// Stands before the codec of one side and keeps it from reading: the windows of HTTP/2 bound what
/// waits of bodies, but not of heads, and the codec reads on even when the channel is told not to.
/// One thread.
final class Http2Brake extends ChannelOutboundHandlerAdapter {
  private @Nullable ChannelHandlerContext waiting;
  private boolean held;

  /// Lets nothing be read from now on, or all again.
  void hold(boolean hold) {
    held = hold;
    ChannelHandlerContext ctx = waiting;
    if (!hold && ctx != null) {
      waiting = null;
      ctx.read();
    }
  }

  @Override
  public void read(ChannelHandlerContext ctx) {
    if (held) {
      waiting = ctx;
    } else {
      ctx.read();
    }
  }
}
