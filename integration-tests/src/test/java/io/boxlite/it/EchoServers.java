package io.boxlite.it;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import com.sun.net.httpserver.HttpsConfigurator;
import com.sun.net.httpserver.HttpsServer;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.handler.codec.http2.DefaultHttp2DataFrame;
import io.netty.handler.codec.http2.DefaultHttp2Headers;
import io.netty.handler.codec.http2.DefaultHttp2HeadersFrame;
import io.netty.handler.codec.http2.Http2FrameCodecBuilder;
import io.netty.handler.codec.http2.Http2HeadersFrame;
import io.netty.handler.codec.http2.Http2MultiplexHandler;
import io.netty.handler.ssl.SslHandler;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLParameters;

/// Servers on all addresses of this host that answer with what they got: of HTTP, of HTTPS with
/// HTTP/1.1, and of HTTPS with HTTP/2 only. `/to/HOST` is a redirect.
final class EchoServers implements AutoCloseable {
  private final HttpServer plain;
  private final HttpsServer tls;
  private final MultiThreadIoEventLoopGroup threads =
      new MultiThreadIoEventLoopGroup(1, NioIoHandler.newFactory());
  private final Channel http2;

  /// Requests that came by TLS and HTTP/1.1.
  final AtomicInteger requests = new AtomicInteger();

  EchoServers(SSLContext context) throws IOException {
    plain = HttpServer.create(new InetSocketAddress(0), 0);
    plain.createContext("/", EchoServers::echo);
    plain.setExecutor(Executors.newVirtualThreadPerTaskExecutor());
    plain.start();
    tls = HttpsServer.create(new InetSocketAddress(0), 0);
    tls.setHttpsConfigurator(new HttpsConfigurator(context));
    tls.createContext(
        "/",
        exchange -> {
          requests.incrementAndGet();
          echo(exchange);
        });
    tls.createContext("/to/", this::redirect);
    tls.setExecutor(Executors.newVirtualThreadPerTaskExecutor());
    tls.start();
    http2 = http2(context);
  }

  int plainPort() {
    return plain.getAddress().getPort();
  }

  int port() {
    return tls.getAddress().getPort();
  }

  int http2Port() {
    return ((InetSocketAddress) http2.localAddress()).getPort();
  }

  private static void echo(HttpExchange exchange) throws IOException {
    StringBuilder text = new StringBuilder(exchange.getRequestURI().toString()).append('\n');
    exchange
        .getRequestHeaders()
        .forEach((name, values) ->
            values.forEach(value -> text.append(name).append(": ").append(value).append('\n')));
    text.append(new String(exchange.getRequestBody().readAllBytes(), StandardCharsets.ISO_8859_1));
    byte[] body = text.toString().getBytes(StandardCharsets.ISO_8859_1);
    exchange.sendResponseHeaders(200, body.length);
    exchange.getResponseBody().write(body);
    exchange.close();
  }

  private void redirect(HttpExchange exchange) throws IOException {
    String host = exchange.getRequestURI().getPath().substring("/to/".length());
    exchange.getResponseHeaders().set("Location", "https://" + host + ":" + port() + "/there");
    exchange.sendResponseHeaders(302, -1);
    exchange.close();
  }

  private Channel http2(SSLContext context) {
    return new ServerBootstrap()
        .group(threads)
        .channel(NioServerSocketChannel.class)
        .childHandler(
            initializer(channel -> {
              SSLEngine engine = context.createSSLEngine();
              engine.setUseClientMode(false);
              SSLParameters parameters = engine.getSSLParameters();
              parameters.setApplicationProtocols(new String[] {"h2"});
              engine.setSSLParameters(parameters);
              channel
                  .pipeline()
                  .addLast(
                      new SslHandler(engine),
                      Http2FrameCodecBuilder.forServer().build(),
                      new Http2MultiplexHandler(
                          initializer(stream -> stream.pipeline().addLast(new Http2Echo()))));
            }))
        .bind(new InetSocketAddress(0))
        .syncUninterruptibly()
        .channel();
  }

  private interface Setup {
    void of(Channel channel);
  }

  private static ChannelInitializer<Channel> initializer(Setup setup) {
    return new ChannelInitializer<>() {
      @Override
      protected void initChannel(Channel channel) {
        setup.of(channel);
      }
    };
  }

  /// Of requests without a body.
  private static final class Http2Echo extends ChannelInboundHandlerAdapter {
    @Override
    public void channelRead(ChannelHandlerContext context, Object message) {
      if (message instanceof Http2HeadersFrame frame) {
        StringBuilder text = new StringBuilder();
        frame
            .headers()
            .forEach(h -> text.append(h.getKey()).append(": ").append(h.getValue()).append('\n'));
        context.write(new DefaultHttp2HeadersFrame(new DefaultHttp2Headers().status("200"), false));
        context.writeAndFlush(
            new DefaultHttp2DataFrame(
                Unpooled.copiedBuffer(text, StandardCharsets.ISO_8859_1), true));
      }
    }
  }

  @Override
  public void close() {
    plain.stop(0);
    tls.stop(0);
    threads.shutdownGracefully(0, 1, TimeUnit.SECONDS).awaitUninterruptibly(3000);
  }
}
