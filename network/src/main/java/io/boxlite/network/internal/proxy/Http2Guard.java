package io.boxlite.network.internal.proxy;

import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.handler.codec.http2.Http2Exception;
import io.netty.handler.codec.http2.Http2FrameCodec;
import io.netty.handler.codec.http2.Http2SettingsFrame;

/// Stands behind the codec of one side and holds what the settings of that side may cost: the codec
/// itself would keep as large a table of headers as it is told, up to 4 GiB, and a note of each
/// change of its size until a head is sent.
final class Http2Guard extends ChannelInboundHandlerAdapter {
  /// What RFC 9113 begins with; a larger one would save few bytes.
  private static final long MAX_TABLE = 4096;

  /// Programs send one at the beginning, and hardly another.
  private static final int MAX_SETTINGS = 100;

  private final Http2FrameCodec codec;
  private int settings;

  Http2Guard(Http2FrameCodec codec) {
    this.codec = codec;
  }

  @Override
  public void channelRead(ChannelHandlerContext ctx, Object message) throws Http2Exception {
    if (message instanceof Http2SettingsFrame) {
      var table = codec.encoder().configuration().headersConfiguration();
      if (table.maxHeaderTableSize() > MAX_TABLE) {
        table.maxHeaderTableSize(MAX_TABLE);
      }
      if (++settings > MAX_SETTINGS) {
        var _ = ctx.close();
        return;
      }
    }
    ctx.fireChannelRead(message);
  }
}
