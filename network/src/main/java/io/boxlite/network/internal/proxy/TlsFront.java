package io.boxlite.network.internal.proxy;

import io.boxlite.network.FlowProxy.Flow;
import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.handler.ssl.SslClientHelloHandler;
import io.netty.handler.ssl.SslHandler;
import io.netty.handler.timeout.IdleStateEvent;
import io.netty.util.concurrent.Future;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLHandshakeException;
import javax.net.ssl.SSLParameters;

/// The beginning of a TLS connection of a box: the server is reached first, with what the client
/// offers, so that the client can be told what the server took.
// What fails is told to the handlers of the channel.
@SuppressWarnings("FutureReturnValueIgnored")
final class TlsFront extends SslClientHelloHandler<Channel> {
  private static final int MAX_HELLO = 16 * 1024;
  private static final String HTTP1 = "http/1.1";
  private static final String HTTP2 = "h2";

  private final Gate gate;
  private final Flow flow;
  private final String host;
  private List<String> offered = List.of();
  private boolean understood;

  TlsFront(Gate gate, Flow flow, String host) {
    super(MAX_HELLO);
    this.gate = gate;
    this.flow = flow;
    this.host = host;
  }

  @Override
  protected Future<Channel> lookup(ChannelHandlerContext ctx, ByteBuf message) throws Exception {
    if (message == null) {
      throw new SSLHandshakeException("no hello");
    }
    ClientHello hello = ClientHello.parse(message);
    if (!hello.serverName().equals(host)) {
      throw new SSLHandshakeException("the hello is for another host than the connection");
    }
    understood = true;
    offered = hello.protocols().stream().filter(p -> p.equals(HTTP1) || p.equals(HTTP2)).toList();
    SSLEngine engine = gate.tls().upstream().engine(host, flow.port(), offered);
    return Upstream.connect(
        ctx.channel().eventLoop(),
        new InetSocketAddress(flow.address(), flow.port()),
        Optional.of(engine));
  }

  @Override
  protected void onLookupComplete(ChannelHandlerContext ctx, Future<Channel> future) {
    Optional<Channel> server = future.isSuccess() ? Optional.of(future.getNow()) : Optional.empty();
    if (!understood || !ctx.channel().isActive()) {
      server.ifPresent(Channel::close);
      ctx.close();
      return;
    }
    Optional<String> protocol =
        server
            .map(TlsFront::chosen)
            .orElseGet(
                () -> offered.contains(HTTP1) ? Optional.of(HTTP1) : offered.stream().findFirst());
    String problem =
        server.isPresent() ? "" : host + " cannot be reached: " + Upstream.reason(future.cause());
    SslHandler tls = new SslHandler(engine(protocol));
    tls.setHandshakeTimeout(30, TimeUnit.SECONDS);
    tls.handshakeFuture()
        .addListener(done -> {
          if (!done.isSuccess()) {
            server.ifPresent(Channel::close);
            ctx.channel().close();
          }
        });
    Channel box = ctx.channel();
    server.ifPresent(channel -> box.closeFuture().addListener(_ -> channel.close()));
    ctx.pipeline().addAfter(ctx.name(), null, tls);
    if (protocol.isPresent() && protocol.get().equals(HTTP2)) {
      new Http2Relay(gate, host, problem).install(box, server);
    } else {
      new Http1Relay(gate, flow, server, problem).install(box, false);
    }
    ctx.pipeline().remove(this);
  }

  private SSLEngine engine(Optional<String> protocol) {
    SSLEngine engine = gate.tls().certificates().forHost(host).createSSLEngine();
    engine.setUseClientMode(false);
    SSLParameters parameters = engine.getSSLParameters();
    parameters.setProtocols(new String[] {"TLSv1.3", "TLSv1.2"});
    parameters.setApplicationProtocols(protocol.stream().toArray(String[]::new));
    engine.setSSLParameters(parameters);
    return engine;
  }

  private static Optional<String> chosen(Channel server) {
    String protocol = server.pipeline().get(SslHandler.class).engine().getApplicationProtocol();
    return Optional.ofNullable(protocol).filter(p -> !p.isEmpty());
  }

  @Override
  public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
    if (event instanceof IdleStateEvent) {
      ctx.close();
    }
  }

  @Override
  public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) throws SSLException {
    ctx.close();
  }
}
