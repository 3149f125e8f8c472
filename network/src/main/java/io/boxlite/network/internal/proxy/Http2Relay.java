package io.boxlite.network.internal.proxy;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.handler.codec.http2.DefaultHttp2DataFrame;
import io.netty.handler.codec.http2.DefaultHttp2GoAwayFrame;
import io.netty.handler.codec.http2.DefaultHttp2Headers;
import io.netty.handler.codec.http2.DefaultHttp2HeadersFrame;
import io.netty.handler.codec.http2.DefaultHttp2ResetFrame;
import io.netty.handler.codec.http2.DefaultHttp2WindowUpdateFrame;
import io.netty.handler.codec.http2.Http2ChannelDuplexHandler;
import io.netty.handler.codec.http2.Http2DataFrame;
import io.netty.handler.codec.http2.Http2Error;
import io.netty.handler.codec.http2.Http2FrameCodec;
import io.netty.handler.codec.http2.Http2FrameCodecBuilder;
import io.netty.handler.codec.http2.Http2FrameStream;
import io.netty.handler.codec.http2.Http2FrameStreamEvent;
import io.netty.handler.codec.http2.Http2FrameStreamException;
import io.netty.handler.codec.http2.Http2GoAwayFrame;
import io.netty.handler.codec.http2.Http2Headers;
import io.netty.handler.codec.http2.Http2HeadersFrame;
import io.netty.handler.codec.http2.Http2ResetFrame;
import io.netty.handler.codec.http2.Http2Settings;
import io.netty.handler.codec.http2.Http2StreamFrame;
import io.netty.handler.timeout.IdleStateEvent;
import io.netty.util.ReferenceCountUtil;
import io.netty.util.concurrent.Future;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// One connection of HTTP/2: each stream of the box becomes a stream to the server, and its frames
/// are passed on. A side is told that it may send more when the other has taken what it sent, so
/// that no more waits here than the windows allow: 256 KiB a stream, 1 MiB a connection and
/// direction. One thread.
// What fails is told to the handlers of the channel.
@SuppressWarnings("FutureReturnValueIgnored")
final class Http2Relay {
  private static final int BOX_WINDOW = 128 * 1024;
  // Servers are farther away than the box.
  private static final int SERVER_WINDOW = 512 * 1024;
  private static final int DEFAULT_WINDOW = 65_535;
  private static final int MAX_STREAMS = 128;
  private static final int MAX_HEAD = 64 * 1024;

  /// A request and its response.
  private static final class Exchange {
    final Http2FrameStream box;
    final Http2FrameStream server;
    final BodyChange body;
    @Nullable Http2Headers heldHead;
    boolean requestEnded;
    boolean responseBegun;
    boolean responseEnded;

    Exchange(Http2FrameStream box, Http2FrameStream server, BodyChange body) {
      this.box = box;
      this.server = server;
      this.body = body;
    }
  }

  private final Gate gate;
  private final String host;
  private final String problem;
  private final Map<Http2FrameStream, Exchange> byBox = new HashMap<>();
  private final Map<Http2FrameStream, Exchange> byServer = new HashMap<>();
  private final Back back = new Back();
  private final Http2Brake boxBrake = new Http2Brake();
  private final Http2Brake serverBrake = new Http2Brake();
  private @Nullable Channel box;
  private @Nullable Channel server;

  /// Makes one.
  ///
  /// @param gate what it goes by
  /// @param host of the connection
  /// @param problem why there is no server; empty: there is one
  Http2Relay(Gate gate, String host, String problem) {
    this.gate = gate;
    this.host = host;
    this.problem = problem;
  }

  /// Puts itself at the end of both pipelines.
  void install(Channel boxChannel, Optional<Channel> serverChannel) {
    box = boxChannel;
    Http2FrameCodec front =
        Http2FrameCodecBuilder.forServer()
            .initialSettings(settings(BOX_WINDOW).maxConcurrentStreams(MAX_STREAMS))
            .gracefulShutdownTimeoutMillis(2000)
            .build();
    boxChannel.pipeline().addLast(boxBrake, front, new Http2Guard(front), new Front());
    boxChannel.write(new DefaultHttp2WindowUpdateFrame(BOX_WINDOW - DEFAULT_WINDOW));
    serverChannel.ifPresent(channel -> {
      server = channel;
      Http2FrameCodec codec =
          Http2FrameCodecBuilder.forClient()
              .initialSettings(settings(SERVER_WINDOW).pushEnabled(false))
              .encoderEnforceMaxConcurrentStreams(true)
              .gracefulShutdownTimeoutMillis(2000)
              .build();
      channel.pipeline().addLast(serverBrake, codec, new Http2Guard(codec), back);
      channel.writeAndFlush(new DefaultHttp2WindowUpdateFrame(SERVER_WINDOW - DEFAULT_WINDOW));
      channel.config().setAutoRead(true);
      channel.read();
    });
    boxChannel.config().setAutoRead(true);
    boxChannel.read();
  }

  private static Http2Settings settings(int window) {
    return new Http2Settings().initialWindowSize(window).maxHeaderListSize(MAX_HEAD);
  }

  private Channel box() {
    return java.util.Objects.requireNonNull(box);
  }

  private Channel server() {
    return java.util.Objects.requireNonNull(server);
  }

  private void begin(Http2HeadersFrame frame) {
    Http2FrameStream stream = frame.stream();
    Optional<String> bad = Http2Head.problem(frame.headers());
    if (bad.isPresent()) {
      answer(stream, frame.isEndStream(), 400, "bad request: " + bad.get());
      box().writeAndFlush(new DefaultHttp2GoAwayFrame(Http2Error.PROTOCOL_ERROR));
      box().close();
    } else if (!HostPattern.ofAuthority(Http2Head.authority(frame.headers())).equals(host)) {
      answer(
          stream, frame.isEndStream(), 421, "the request is for another host than the connection");
    } else if (!problem.isEmpty()) {
      answer(stream, frame.isEndStream(), 502, problem);
    } else {
      pass(frame);
    }
  }

  private void pass(Http2HeadersFrame frame) {
    Substitution substitution = gate.secrets().forHost(host, true);
    Http2Headers head = Http2Head.substitute(frame.headers(), substitution);
    BodyChange body = Http2Head.body(head, substitution, frame.isEndStream(), gate.held());
    Http2FrameStream stream = back.newStream();
    Exchange exchange = new Exchange(frame.stream(), stream, body);
    exchange.requestEnded = frame.isEndStream();
    byBox.put(exchange.box, exchange);
    byServer.put(exchange.server, exchange);
    if (body.kind() == BodyChange.Kind.HOLD) {
      exchange.heldHead = head;
      if (head.contains("expect")) {
        head.remove("expect");
        box()
            .writeAndFlush(
                new DefaultHttp2HeadersFrame(new DefaultHttp2Headers().status("100"))
                    .stream(exchange.box));
      }
    } else {
      send(exchange, new DefaultHttp2HeadersFrame(head, frame.isEndStream()));
    }
  }

  private void send(Exchange exchange, DefaultHttp2HeadersFrame head) {
    server()
        .write(head.stream(exchange.server))
        .addListener(sent -> {
          if (!sent.isSuccess() && byBox.containsKey(exchange.box)) {
            fail(exchange, "the server takes no request");
          }
        });
  }

  private void passBody(Exchange exchange, Http2DataFrame frame) {
    int credit = frame.initialFlowControlledBytes();
    boolean last = frame.isEndStream();
    exchange.requestEnded = last;
    ByteBuf out = exchange.body.next(frame.content(), last, box().alloc());
    if (exchange.body.kind() == BodyChange.Kind.HOLD && last) {
      sendHeld(exchange, out.readableBytes(), false);
    }
    if (!out.isReadable() && !last) {
      out.release();
      credit(box(), exchange.box, credit);
      return;
    }
    server()
        .write(new DefaultHttp2DataFrame(out, last).stream(exchange.server))
        .addListener(sent -> credited(sent, box(), exchange.box, credit));
  }

  private void sendHeld(Exchange exchange, int length, boolean end) {
    Http2Headers head = exchange.heldHead;
    exchange.heldHead = null;
    if (head != null) {
      head.setInt("content-length", length);
      send(exchange, new DefaultHttp2HeadersFrame(head, end));
    }
  }

  private void passTrailers(Exchange exchange, Http2HeadersFrame frame) {
    if (Http2Head.trailersProblem(frame.headers()).isPresent()) {
      forget(exchange);
      server().writeAndFlush(new DefaultHttp2ResetFrame(Http2Error.CANCEL).stream(exchange.server));
      box()
          .writeAndFlush(
              new DefaultHttp2ResetFrame(Http2Error.PROTOCOL_ERROR).stream(exchange.box));
      return;
    }
    exchange.requestEnded = true;
    if (exchange.body.kind() != BodyChange.Kind.PASS) {
      ByteBuf rest = exchange.body.next(box().alloc().buffer(0), true, box().alloc());
      sendHeld(exchange, rest.readableBytes(), false);
      server().write(new DefaultHttp2DataFrame(rest, false).stream(exchange.server));
    }
    Http2Headers trailers = Http2Head.trailers(frame.headers(), exchange.body);
    server().write(new DefaultHttp2HeadersFrame(trailers, true).stream(exchange.server));
  }

  private static void credited(Future<?> sent, Channel to, Http2FrameStream stream, int credit) {
    if (sent.isSuccess()) {
      credit(to, stream, credit);
    } else {
      // A stream that has ended gives its bytes back by itself.
      to.flush();
    }
  }

  private static void credit(Channel to, Http2FrameStream stream, int credit) {
    if (credit > 0) {
      to.write(new DefaultHttp2WindowUpdateFrame(credit).stream(stream));
      to.flush();
    }
  }

  /// Answers in the server's stead.
  private void answer(Http2FrameStream stream, boolean requestEnded, int status, String text) {
    ByteBuf content = ByteBufUtil.writeUtf8(box().alloc(), "boxlite: " + text + "\n");
    Http2Headers head =
        new DefaultHttp2Headers()
            .status(Integer.toString(status))
            .set("content-type", "text/plain; charset=utf-8")
            .setInt("content-length", content.readableBytes());
    box().write(new DefaultHttp2HeadersFrame(head, false).stream(stream));
    box().write(new DefaultHttp2DataFrame(content, true).stream(stream));
    if (!requestEnded) {
      // RFC 9113 8.1: the rest of the request is not wanted.
      box().write(new DefaultHttp2ResetFrame(Http2Error.NO_ERROR).stream(stream));
    }
    box().flush();
  }

  private void fail(Exchange exchange, String text) {
    forget(exchange);
    if (exchange.responseBegun) {
      box()
          .writeAndFlush(
              new DefaultHttp2ResetFrame(Http2Error.INTERNAL_ERROR).stream(exchange.box));
    } else {
      answer(exchange.box, exchange.requestEnded, 502, text);
    }
  }

  private void forget(Exchange exchange) {
    byBox.remove(exchange.box);
    byServer.remove(exchange.server);
    exchange.body.release();
  }

  /// Heads go as fast as the other side takes them. A box that does not read is not answered.
  private void regulate() {
    boolean boxTakes = box().isWritable();
    boxBrake.hold(box(), !boxTakes || (server != null && !server().isWritable()));
    if (server != null) {
      serverBrake.hold(server(), !boxTakes);
    }
  }

  private void closeBoth() {
    for (Exchange exchange : List.copyOf(byBox.values())) {
      forget(exchange);
    }
    box().close();
    if (server != null) {
      server().close();
    }
  }

  /// The box's side.
  private final class Front extends ChannelInboundHandlerAdapter {
    @Override
    public void channelRead(ChannelHandlerContext ctx, Object message) {
      Exchange exchange =
          message instanceof Http2StreamFrame frame ? byBox.get(frame.stream()) : null;
      switch (message) {
        case Http2HeadersFrame frame when exchange == null -> begin(frame);
        case Http2HeadersFrame frame -> passTrailers(exchange, frame);
        case Http2DataFrame frame when exchange != null -> passBody(exchange, frame);
        case Http2DataFrame frame -> {
          int credit = frame.initialFlowControlledBytes();
          frame.release();
          credit(ctx.channel(), frame.stream(), credit);
        }
        case Http2ResetFrame frame when exchange != null -> {
          forget(exchange);
          server()
              .writeAndFlush(new DefaultHttp2ResetFrame(frame.errorCode()).stream(exchange.server));
        }
        default -> ReferenceCountUtil.release(message);
      }
    }

    @Override
    public void channelReadComplete(ChannelHandlerContext ctx) {
      ctx.flush();
      if (server != null) {
        server().flush();
      }
    }

    @Override
    public void channelWritabilityChanged(ChannelHandlerContext ctx) {
      regulate();
    }

    @Override
    public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
      if (event instanceof IdleStateEvent && byBox.isEmpty()) {
        closeBoth();
      }
    }

    @Override
    public void channelInactive(ChannelHandlerContext ctx) {
      closeBoth();
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
      if (cause instanceof Http2FrameStreamException ofStream) {
        Exchange exchange = byBox.get(ofStream.stream());
        if (exchange != null) {
          forget(exchange);
          server()
              .writeAndFlush(new DefaultHttp2ResetFrame(Http2Error.CANCEL).stream(exchange.server));
        }
        ctx.writeAndFlush(new DefaultHttp2ResetFrame(ofStream.error()).stream(ofStream.stream()));
      } else {
        closeBoth();
      }
    }
  }

  /// The server's side.
  private final class Back extends Http2ChannelDuplexHandler {
    @Override
    public void channelRead(ChannelHandlerContext ctx, Object message) {
      Exchange exchange =
          message instanceof Http2StreamFrame frame ? byServer.get(frame.stream()) : null;
      switch (message) {
        case Http2HeadersFrame frame when exchange != null -> {
          CharSequence status = frame.headers().status();
          exchange.responseBegun |= status == null || status.charAt(0) != '1';
          box()
              .write(
                  new DefaultHttp2HeadersFrame(frame.headers(), frame.isEndStream())
                      .stream(exchange.box));
          ended(exchange, frame.isEndStream());
        }
        case Http2DataFrame frame -> data(ctx, frame, exchange);
        case Http2ResetFrame frame when exchange != null -> {
          forget(exchange);
          box().write(new DefaultHttp2ResetFrame(frame.errorCode()).stream(exchange.box));
        }
        case Http2GoAwayFrame frame -> {
          frame.release();
          box().write(new DefaultHttp2GoAwayFrame(Http2Error.NO_ERROR));
        }
        default -> ReferenceCountUtil.release(message);
      }
    }

    private void data(
        ChannelHandlerContext ctx, Http2DataFrame frame, @Nullable Exchange exchange) {
      int credit = frame.initialFlowControlledBytes();
      Http2FrameStream stream = frame.stream();
      if (exchange == null) {
        frame.release();
        credit(ctx.channel(), stream, credit);
        return;
      }
      box()
          .write(
              new DefaultHttp2DataFrame(frame.content(), frame.isEndStream()).stream(exchange.box))
          .addListener(sent -> credited(sent, ctx.channel(), stream, credit));
      ended(exchange, frame.isEndStream());
    }

    private void ended(Exchange exchange, boolean end) {
      exchange.responseEnded |= end;
      if (end && exchange.requestEnded) {
        forget(exchange);
      }
    }

    @Override
    public void channelReadComplete(ChannelHandlerContext ctx) {
      ctx.flush();
      box().flush();
    }

    @Override
    public void channelWritabilityChanged(ChannelHandlerContext ctx) {
      regulate();
    }

    @Override
    public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
      if (event instanceof Http2FrameStreamEvent change
          && change.type() == Http2FrameStreamEvent.Type.State
          && change.stream().state() == io.netty.handler.codec.http2.Http2Stream.State.CLOSED) {
        closed(ctx, byServer.get(change.stream()));
      }
    }

    private void closed(ChannelHandlerContext ctx, @Nullable Exchange exchange) {
      if (exchange == null) {
        return;
      }
      if (!ctx.channel().isActive()) {
        fail(exchange, "the server closed the connection without a response");
        return;
      }
      // Without a word: the server has gone away before it looked at the request.
      forget(exchange);
      Http2Error error = exchange.responseEnded ? Http2Error.NO_ERROR : Http2Error.REFUSED_STREAM;
      box().writeAndFlush(new DefaultHttp2ResetFrame(error).stream(exchange.box));
    }

    @Override
    public void channelInactive(ChannelHandlerContext ctx) {
      for (Exchange exchange : new ArrayList<>(byBox.values())) {
        fail(exchange, "the server closed the connection without a response");
      }
      box()
          .writeAndFlush(new DefaultHttp2GoAwayFrame(Http2Error.NO_ERROR))
          .addListener(ChannelFutureListener.CLOSE);
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
      if (cause instanceof Http2FrameStreamException ofStream) {
        Exchange exchange = byServer.get(ofStream.stream());
        if (exchange != null) {
          fail(exchange, "the server's response is malformed");
        }
      } else {
        ctx.close();
      }
    }
  }
}
