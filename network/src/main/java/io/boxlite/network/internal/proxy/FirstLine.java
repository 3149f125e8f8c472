package io.boxlite.network.internal.proxy;

import io.boxlite.network.FlowProxy.Flow;
import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import io.netty.handler.codec.ByteToMessageDecoder;
import io.netty.handler.timeout.IdleStateEvent;
import io.netty.handler.timeout.IdleStateHandler;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/// Reads what a connection says of itself, and makes its pipeline.
// What fails is told to the handlers of the channel.
@SuppressWarnings("FutureReturnValueIgnored")
public final class FirstLine extends ByteToMessageDecoder {
  private static final int MAX = 1024;
  private static final int FIRST_SECONDS = 10;
  private static final int QUIET_SECONDS = 600;

  private final Gate gate;

  /// Makes one.
  ///
  /// @param gate what it goes by
  public FirstLine(Gate gate) {
    this.gate = gate;
  }

  @Override
  public void handlerAdded(ChannelHandlerContext ctx) {
    ctx.pipeline().addFirst("idle", new IdleStateHandler(0, 0, FIRST_SECONDS));
  }

  @Override
  public void channelActive(ChannelHandlerContext ctx) {
    ctx.read();
  }

  @Override
  protected void decode(ChannelHandlerContext ctx, ByteBuf in, List<Object> out) {
    int end = in.bytesBefore((byte) '\n');
    if (end < 0 || end > MAX) {
      if (in.readableBytes() > MAX) {
        in.skipBytes(in.readableBytes());
        ctx.close();
      }
      return;
    }
    Optional<Flow> flow = gate.flow(in.readCharSequence(end, StandardCharsets.UTF_8).toString());
    in.skipBytes(1);
    if (flow.isEmpty()) {
      in.skipBytes(in.readableBytes());
      ctx.close();
      return;
    }
    ctx.pipeline()
        .replace("idle", "idle", new IdleStateHandler(0, 0, QUIET_SECONDS, TimeUnit.SECONDS));
    if (flow.get().serverName().isPresent()) {
      ctx.pipeline().addLast(new TlsFront(gate, flow.get(), flow.get().serverName().get()));
      ctx.read();
    } else {
      new Http1Relay(gate, flow.get(), Optional.empty(), "")
          .install(ctx.channel(), in.isReadable());
    }
    ctx.pipeline().remove(this);
  }

  @Override
  public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
    if (event instanceof IdleStateEvent) {
      ctx.close();
    }
  }

  @Override
  public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
    ctx.close();
  }
}
