package io.boxlite.network.internal.proxy;

import io.boxlite.network.FlowProxy.Flow;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelOption;
import io.netty.handler.codec.http.DefaultFullHttpResponse;
import io.netty.handler.codec.http.DefaultHttpContent;
import io.netty.handler.codec.http.DefaultLastHttpContent;
import io.netty.handler.codec.http.FullHttpResponse;
import io.netty.handler.codec.http.HttpClientCodec;
import io.netty.handler.codec.http.HttpContent;
import io.netty.handler.codec.http.HttpDecoderConfig;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpResponse;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpUtil;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.handler.codec.http.LastHttpContent;
import io.netty.handler.timeout.IdleStateEvent;
import io.netty.util.ReferenceCountUtil;
import io.netty.util.concurrent.Future;
import java.net.InetSocketAddress;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// One connection of HTTP/1: takes a request of the box, passes it to the server, passes the
/// response back, and only then looks at the next. Neither side is read faster than the other
/// takes. One thread.
// What fails is told to the handlers of the channel.
@SuppressWarnings("FutureReturnValueIgnored")
final class Http1Relay extends ChannelInboundHandlerAdapter {
  private static final int MAX_QUIET_CHECKS = 6;

  private enum State {
    /// No request.
    IDLE,
    /// It is found out whether the request may go.
    CHECKING,
    /// The request goes, and the response.
    PASSING,
    /// Over.
    ENDED
  }

  private final Gate gate;
  private final Flow flow;
  private final String problem;
  private final RequestDecoder decoder = new RequestDecoder();
  private final ResponseEncoder encoder = new ResponseEncoder();
  private final Back back = new Back();
  private final Deque<HttpContent> early = new ArrayDeque<>();
  private @Nullable Channel upstream;
  private @Nullable ChannelHandlerContext front;
  private State state = State.IDLE;
  private @Nullable HttpRequest request;
  private @Nullable BodyChange body;
  private boolean requestEnded;
  private boolean responseBegun;
  private boolean lastOnConnection;
  private int quietChecks;

  /// @param gate what it goes by
  /// @param flow the connection
  /// @param upstream the connection to the server; without, it is made when the first request may
  ///   go
  /// @param problem why there is no server; empty: nothing is known
  Http1Relay(Gate gate, Flow flow, Optional<Channel> upstream, String problem) {
    this.problem = problem;
    this.gate = gate;
    this.flow = flow;
    this.upstream = upstream.orElse(null);
  }

  /// Puts itself at the end of the pipeline of the box's connection.
  ///
  /// @param channel the box's connection
  /// @param ahead bytes of it have been read and follow
  void install(Channel channel, boolean ahead) {
    channel.pipeline().addLast(decoder, encoder, this);
    if (upstream != null) {
      use(upstream);
    }
    if (!ahead) {
      channel.read();
    }
  }

  private void use(Channel server) {
    upstream = server;
    HttpDecoderConfig config =
        new HttpDecoderConfig()
            .setMaxInitialLineLength(RequestDecoder.MAX_HEAD)
            .setMaxHeaderSize(4 * RequestDecoder.MAX_HEAD)
            .setMaxChunkSize(RequestDecoder.MAX_HEAD)
            .setValidateHeaders(false);
    server.pipeline().addLast(new HttpClientCodec(config, false, false), back);
    server.read();
  }

  @Override
  public void handlerAdded(ChannelHandlerContext ctx) {
    front = ctx;
  }

  @Override
  public void channelRead(ChannelHandlerContext ctx, Object message) throws Exception {
    quietChecks = 0;
    if (state == State.ENDED) {
      ReferenceCountUtil.release(message);
      return;
    }
    switch (message) {
      case RequestDecoder.Bad bad -> refuse(bad.status(), "bad request: " + bad.reason());
      case HttpRequest head when head.decoderResult().isFailure() ->
          refuse(400, "bad request: the head is malformed");
      case HttpRequest head -> check(head);
      case HttpContent part when state == State.CHECKING -> early.add(part);
      case HttpContent part -> passPart(part);
      default -> ReferenceCountUtil.release(message);
    }
  }

  private void check(HttpRequest head) throws Exception {
    request = head;
    state = State.CHECKING;
    encoder.answersHead(head.method().equals(HttpMethod.HEAD));
    Optional<String> host = HeadRewrite.host(head);
    if (host.isEmpty() || head.method().equals(HttpMethod.CONNECT)) {
      refuse(400, "bad request: it does not say for which host it is");
    } else if (flow.serverName().isEmpty()) {
      checkHost(host.get());
    } else if (!flow.serverName().get().equals(host.get())) {
      refuse(421, "the request is for another host than the connection");
    } else if (!problem.isEmpty()) {
      refuse(502, problem);
    } else {
      pass(host.get());
    }
  }

  /// May block, so it is done elsewhere.
  private void checkHost(String host) {
    Channel channel = context().channel();
    Thread.startVirtualThread(() -> {
      boolean allowed;
      try {
        allowed = gate.hosts().allows(host, flow.address(), flow.port());
      } catch (RuntimeException e) {
        allowed = false;
      }
      boolean may = allowed;
      channel.eventLoop().execute(() -> checked(host, may));
    });
  }

  private void checked(String host, boolean allowed) {
    if (state != State.CHECKING) {
      return;
    }
    if (!allowed) {
      refuse(403, "the network rules of this box do not allow " + host);
      return;
    }
    if (upstream != null) {
      passOrEnd(host);
      return;
    }
    Channel channel = context().channel();
    Upstream.connect(
            channel.eventLoop(),
            new InetSocketAddress(flow.address(), flow.port()),
            Optional.empty())
        .addListener((Future<Channel> connected) -> connected(connected, host));
  }

  private void connected(Future<Channel> connected, String host) {
    if (!connected.isSuccess()) {
      refuse(502, host + " cannot be reached: " + Upstream.reason(connected.cause()));
    } else if (state != State.CHECKING) {
      connected.getNow().close();
    } else {
      use(connected.getNow());
      passOrEnd(host);
    }
  }

  private void passOrEnd(String host) {
    try {
      pass(host);
    } catch (Exception e) {
      end();
    }
  }

  private void pass(String host) throws Exception {
    HttpRequest head = head();
    Substitution substitution = gate.secrets().forHost(host, flow.serverName().isPresent());
    HeadRewrite.dropHttp2Upgrade(head);
    HeadRewrite.substitute(head, substitution);
    BodyChange change = HeadRewrite.body(head, substitution, gate.held());
    body = change;
    state = State.PASSING;
    lastOnConnection = !HttpUtil.isKeepAlive(head);
    if (change.kind() != BodyChange.Kind.HOLD) {
      server().write(head);
    } else if (HttpUtil.is100ContinueExpected(head)) {
      head.headers().remove(HttpHeaderNames.EXPECT);
      context()
          .writeAndFlush(
              new DefaultFullHttpResponse(HttpVersion.HTTP_1_1, HttpResponseStatus.CONTINUE));
    }
    while (!early.isEmpty()) {
      passPart(early.poll());
    }
    if (!requestEnded && state == State.PASSING) {
      decoder.proceed();
    }
    server().flush();
    // Behind a request a read shows when the box goes. Without TLS it may only have said all that
    // it has to
    // say, which is an end that this kind of channel takes for a close: it is not looked for.
    if (!requestEnded || flow.serverName().isPresent()) {
      context().read();
    }
  }

  private void passPart(HttpContent part) {
    if (part.decoderResult().isFailure()) {
      part.release();
      refuse(400, "bad request: the body is malformed");
      return;
    }
    boolean last = part instanceof LastHttpContent;
    BodyChange change = body;
    if (change == null || requestEnded) {
      part.release();
      return;
    }
    requestEnded = last;
    if (change.kind() == BodyChange.Kind.PASS) {
      server().write(part);
    } else {
      passChanged(part, change, last);
    }
  }

  private void passChanged(HttpContent part, BodyChange change, boolean last) {
    ByteBuf out = change.next(part.content(), last, context().alloc());
    if (change.kind() == BodyChange.Kind.HOLD && last) {
      HttpUtil.setContentLength(head(), out.readableBytes());
      server().write(head());
    }
    if (last) {
      DefaultLastHttpContent end = new DefaultLastHttpContent(out);
      for (Map.Entry<String, String> t : ((LastHttpContent) part).trailingHeaders()) {
        end.trailingHeaders().add(t.getKey(), change.header(t.getKey(), t.getValue()));
      }
      server().write(end);
    } else if (out.isReadable()) {
      server().write(new DefaultHttpContent(out));
    } else {
      out.release();
    }
  }

  @Override
  public void channelReadComplete(ChannelHandlerContext ctx) {
    Channel server = upstream;
    if (server != null && state == State.PASSING) {
      server.flush();
      if (!requestEnded && server.isWritable()) {
        ctx.read();
      }
    }
  }

  @Override
  public void channelWritabilityChanged(ChannelHandlerContext ctx) {
    Channel server = upstream;
    if (server != null && ctx.channel().isWritable()) {
      server.read();
    }
  }

  @Override
  public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
    if (event instanceof IdleStateEvent) {
      quietChecks++;
      boolean waits = requestEnded && quietChecks < MAX_QUIET_CHECKS;
      if (state == State.IDLE || (!responseBegun && !waits)) {
        end();
      }
    }
  }

  @Override
  public void channelInactive(ChannelHandlerContext ctx) {
    end();
  }

  @Override
  public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
    end();
  }

  /// Answers in the server's stead, and ends the connection.
  private void refuse(int status, String text) {
    if (responseBegun) {
      end();
    }
    if (state == State.ENDED) {
      return;
    }
    state = State.ENDED;
    releaseAll();
    FullHttpResponse answer = ResponseEncoder.refusal(status, text);
    context().writeAndFlush(answer).addListener(ChannelFutureListener.CLOSE);
    closeServer();
  }

  private void end() {
    state = State.ENDED;
    releaseAll();
    context().writeAndFlush(Unpooled.EMPTY_BUFFER).addListener(ChannelFutureListener.CLOSE);
    closeServer();
  }

  private void closeServer() {
    if (upstream != null) {
      upstream.close();
    }
  }

  private void releaseAll() {
    early.forEach(HttpContent::release);
    early.clear();
    if (body != null) {
      body.release();
      body = null;
    }
  }

  private void finish(boolean keep) throws Exception {
    if (!keep || !requestEnded || lastOnConnection) {
      end();
      return;
    }
    state = State.IDLE;
    request = null;
    body = null;
    requestEnded = false;
    responseBegun = false;
    decoder.proceed();
    if (upstream != null) {
      upstream.flush();
    }
    if (state == State.IDLE) {
      context().read();
    }
  }

  private void toRaw() {
    ChannelHandlerContext ctx = context();
    Channel box = ctx.channel();
    Channel server = server();
    if (flow.serverName().isEmpty()) {
      server.config().setOption(ChannelOption.ALLOW_HALF_CLOSURE, true);
    }
    box.pipeline().remove(encoder);
    server.pipeline().replace(back, null, new RawRelay(box));
    state = State.ENDED;
    // The codec calls this: it can only go when it has returned.
    box.eventLoop().execute(() -> RawRelay.join(box, server, List.of(this, decoder)));
  }

  private ChannelHandlerContext context() {
    return Objects.requireNonNull(front);
  }

  private Channel server() {
    return Objects.requireNonNull(upstream);
  }

  private HttpRequest head() {
    return Objects.requireNonNull(request);
  }

  /// The server's side.
  private final class Back extends ChannelInboundHandlerAdapter {
    private boolean informational;
    private boolean switching;
    private boolean keep;

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object message) throws Exception {
      quietChecks = 0;
      if (state != State.PASSING) {
        ReferenceCountUtil.release(message);
        if (state == State.IDLE) {
          end();
        }
        return;
      }
      if (message instanceof HttpResponse response) {
        begin(response);
      } else if (message instanceof HttpContent part) {
        part(part);
      } else {
        ReferenceCountUtil.release(message);
      }
    }

    private void begin(HttpResponse response) {
      if (response.decoderResult().isFailure()) {
        refuse(502, "the server's response is malformed");
        return;
      }
      int status = response.status().code();
      switching = status == 101;
      informational = status < 200 && !switching;
      if (switching && !head().headers().contains(HttpHeaderNames.UPGRADE)) {
        refuse(502, "the server changed the protocol without being asked");
        return;
      }
      if (!informational) {
        responseBegun = true;
        keep = hasEnd(response) && HttpUtil.isKeepAlive(response);
      }
      context().write(response);
    }

    private boolean hasEnd(HttpResponse response) {
      int status = response.status().code();
      return status == 204
          || status == 304
          || head().method().equals(HttpMethod.HEAD)
          || HttpUtil.isContentLengthSet(response)
          || HttpUtil.isTransferEncodingChunked(response);
    }

    private void part(HttpContent part) throws Exception {
      if (part.decoderResult().isFailure()) {
        part.release();
        end();
        return;
      }
      context().write(part);
      if (part instanceof LastHttpContent) {
        if (switching) {
          toRaw();
        } else if (!informational) {
          context().flush();
          finish(keep);
        }
      }
    }

    @Override
    public void channelReadComplete(ChannelHandlerContext ctx) {
      context().flush();
      if (context().channel().isWritable()) {
        ctx.read();
      }
    }

    @Override
    public void channelWritabilityChanged(ChannelHandlerContext ctx) {
      if (ctx.channel().isWritable() && state == State.PASSING && !requestEnded) {
        context().read();
      }
    }

    @Override
    public void channelInactive(ChannelHandlerContext ctx) {
      if (state == State.PASSING && !responseBegun) {
        refuse(502, "the server closed the connection without a response");
      } else if (state != State.ENDED) {
        end();
      }
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
      ctx.close();
    }
  }
}
