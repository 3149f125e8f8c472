package io.boxlite.network.internal.proxy;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandlerContext;
import io.netty.handler.codec.http.HttpDecoderConfig;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpRequestDecoder;
import io.netty.handler.codec.http.LastHttpContent;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// Reads requests of HTTP/1, one step at a time: it stops behind each head and behind each request
/// until it is told to go on, so that what follows stays bytes (another protocol, after an
/// upgrade). What has been sent ahead is bounded by whoever reads from the channel.
final class RequestDecoder extends HttpRequestDecoder {
  /// Largest head, in bytes.
  static final int MAX_HEAD = 64 * 1024;

  /// A request that is not to be passed on.
  ///
  /// @param status of the answer
  /// @param reason what is wrong with it
  record Bad(int status, String reason) {}

  private boolean inHead = true;
  private boolean held;
  private boolean bad;
  private boolean running;
  private @Nullable ChannelHandlerContext context;

  RequestDecoder() {
    super(
        new HttpDecoderConfig()
            .setMaxInitialLineLength(MAX_HEAD)
            .setMaxHeaderSize(MAX_HEAD)
            .setMaxChunkSize(MAX_HEAD)
            .setStrictLineParsing(true));
  }

  @Override
  public void handlerAdded(ChannelHandlerContext ctx) {
    context = ctx;
  }

  /// Goes on behind what was read last.
  void proceed() throws Exception {
    held = false;
    if (!running) {
      channelRead(Objects.requireNonNull(context), Unpooled.EMPTY_BUFFER);
    }
  }

  @Override
  public void channelRead(ChannelHandlerContext ctx, Object message) throws Exception {
    boolean outer = !running;
    running = true;
    try {
      super.channelRead(ctx, message);
    } finally {
      if (outer) {
        running = false;
      }
    }
  }

  @Override
  public void channelReadComplete(ChannelHandlerContext ctx) throws Exception {
    if (held) {
      // No more is read while nothing is decoded.
      ctx.fireChannelReadComplete();
    } else {
      super.channelReadComplete(ctx);
    }
  }

  @Override
  protected void decode(ChannelHandlerContext ctx, ByteBuf in, List<Object> out) throws Exception {
    if (bad) {
      in.skipBytes(in.readableBytes());
      return;
    }
    if (held) {
      return;
    }
    if (inHead && !headIsThere(in, out)) {
      return;
    }
    int before = out.size();
    super.decode(ctx, in, out);
    for (int i = before; i < out.size(); i++) {
      if (out.get(i) instanceof HttpRequest) {
        inHead = false;
        held = true;
      }
      if (out.get(i) instanceof LastHttpContent) {
        inHead = true;
        held = true;
      }
    }
  }

  private boolean headIsThere(ByteBuf in, List<Object> out) {
    // RFC 9112 2.2: an empty line before a request is passed over.
    while (in.readableBytes() >= 2
        && in.getByte(in.readerIndex()) == '\r'
        && in.getByte(in.readerIndex() + 1) == '\n') {
      in.skipBytes(2);
    }
    int end = HeadCheck.end(in);
    if (end < 0 && in.readableBytes() <= MAX_HEAD) {
      return false;
    }
    if (end < 0 || end - in.readerIndex() > MAX_HEAD) {
      refuse(in, out, new Bad(431, "the head has more than 64 KiB"));
      return false;
    }
    Optional<String> problem = HeadCheck.problem(HeadCheck.text(in, end));
    problem.ifPresent(reason -> refuse(in, out, new Bad(400, reason)));
    return problem.isEmpty();
  }

  private void refuse(ByteBuf in, List<Object> out, Bad answer) {
    bad = true;
    in.skipBytes(in.readableBytes());
    out.add(answer);
  }
}
