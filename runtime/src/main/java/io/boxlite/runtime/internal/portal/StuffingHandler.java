package io.boxlite.runtime.internal.portal;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelOutboundHandlerAdapter;
import io.netty.channel.ChannelPromise;
import java.net.SocketAddress;

/// Stands next to the socket. Outbound it keeps FLAG out of the data (docs/portal.md): after FLAG's
/// first fifteen bytes one zero byte is inserted. It also answers gRPC's `connect`, because the
/// socket is connected and synchronised before gRPC sees it. Confined to the event loop.
final class StuffingHandler extends ChannelOutboundHandlerAdapter {
  private static final byte FIRST = PortalSync.flag(0);
  private static final int TRIGGER = PortalSync.FLAG_LENGTH - 1;

  /// How many of FLAG's bytes the data sent so far ends with; at most 14 between two writes.
  private int matched;

  @Override
  public void connect(
      ChannelHandlerContext context,
      SocketAddress remote,
      SocketAddress local,
      ChannelPromise promise) {
    promise.setSuccess();
  }

  @Override
  public void write(ChannelHandlerContext context, Object message, ChannelPromise promise) {
    var _ = context.write(message instanceof ByteBuf data ? stuffed(data) : message, promise);
  }

  /// {@return the same buffer when nothing has to be inserted, as nearly always}
  ByteBuf stuffed(ByteBuf data) {
    int from = data.readerIndex();
    int insertion = nextInsertion(data, from);
    if (insertion < 0) {
      return data;
    }
    try {
      ByteBuf stuffed = data.alloc().buffer(data.readableBytes() + 16);
      while (insertion >= 0) {
        stuffed.writeBytes(data, from, insertion - from).writeByte(0);
        from = insertion;
        insertion = nextInsertion(data, from);
      }
      return stuffed.writeBytes(data, from, data.writerIndex() - from);
    } finally {
      data.release();
    }
  }

  /// {@return the index before which a zero belongs, or -1; remembers where the data ended}
  private int nextInsertion(ByteBuf data, int from) {
    int end = data.writerIndex();
    int index = from;
    while (index < end) {
      if (matched == 0) {
        index = data.indexOf(index, end, FIRST);
        if (index < 0) {
          return -1;
        }
        matched = 1;
        index++;
        continue;
      }
      byte next = data.getByte(index);
      // FIRST occurs once in FLAG: a mismatch can only be the start of another FLAG.
      matched = next == PortalSync.flag(matched) ? matched + 1 : next == FIRST ? 1 : 0;
      index++;
      if (matched == TRIGGER) {
        matched = 0;
        return index;
      }
    }
    return -1;
  }
}
