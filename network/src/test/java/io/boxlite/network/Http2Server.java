package io.boxlite.network;

import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.ByteBuf;
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
import io.netty.handler.codec.http2.Http2DataFrame;
import io.netty.handler.codec.http2.Http2FrameCodecBuilder;
import io.netty.handler.codec.http2.Http2Headers;
import io.netty.handler.codec.http2.Http2HeadersFrame;
import io.netty.handler.codec.http2.Http2MultiplexHandler;
import io.netty.handler.ssl.SslHandler;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.atomic.AtomicLong;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;

/// A server of HTTP/2 only. It answers with what it got; `/big?n` with n bytes; `/hints?n` with n
/// early hints of 4 KiB; `/reset` not at all.
final class Http2Server implements AutoCloseable {
  private final MultiThreadIoEventLoopGroup threads =
      new MultiThreadIoEventLoopGroup(1, NioIoHandler.newFactory());
  private final Channel channel;
  final AtomicLong received = new AtomicLong();
  final AtomicLong sent = new AtomicLong();
  final AtomicLong requests = new AtomicLong();

  Http2Server(SSLContext tls) {
    channel =
        new ServerBootstrap()
            .group(threads)
            .channel(NioServerSocketChannel.class)
            .childHandler(
                new ChannelInitializer<Channel>() {
                  @Override
                  protected void initChannel(Channel child) {
                    SSLEngine engine = tls.createSSLEngine();
                    engine.setUseClientMode(false);
                    var parameters = engine.getSSLParameters();
                    parameters.setApplicationProtocols(new String[] {"h2"});
                    engine.setSSLParameters(parameters);
                    child
                        .pipeline()
                        .addLast(
                            new SslHandler(engine),
                            Http2FrameCodecBuilder.forServer().build(),
                            new Http2MultiplexHandler(
                                new ChannelInitializer<Channel>() {
                                  @Override
                                  protected void initChannel(Channel stream) {
                                    stream.pipeline().addLast(new Exchange());
                                  }
                                }));
                  }
                })
            .bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0))
            .syncUninterruptibly()
            .channel();
  }

  int port() {
    return ((InetSocketAddress) channel.localAddress()).getPort();
  }

  @Override
  public void close() {
    threads
        .shutdownGracefully(0, 1, java.util.concurrent.TimeUnit.SECONDS)
        .awaitUninterruptibly(3000);
  }

  private final class Exchange extends ChannelInboundHandlerAdapter {
    private final StringBuilder text = new StringBuilder();
    private String path = "";
    private long left;

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object message) {
      boolean end = false;
      if (message instanceof Http2HeadersFrame frame) {
        if (frame.headers().path() != null) {
          path = frame.headers().path().toString();
        }
        frame
            .headers()
            .forEach(h -> text.append(h.getKey()).append(": ").append(h.getValue()).append('\n'));
        end = frame.isEndStream();
      } else if (message instanceof Http2DataFrame frame) {
        received.addAndGet(frame.content().readableBytes());
        if (!path.startsWith("/count")) {
          text.append(frame.content().toString(StandardCharsets.ISO_8859_1));
        }
        end = frame.isEndStream();
        frame.release();
      }
      if (end) {
        answer(ctx);
      }
    }

    private void answer(ChannelHandlerContext ctx) {
      requests.incrementAndGet();
      if (path.startsWith("/reset")) {
        ctx.close();
        return;
      }
      Http2Headers head = new DefaultHttp2Headers().status("200").set("x-echo", "yes");
      if (path.startsWith("/hints?")) {
        hint(ctx, Integer.parseInt(path.substring(7)));
        return;
      }
      if (path.startsWith("/big?")) {
        left = Long.parseLong(path.substring(5));
        ctx.write(new DefaultHttp2HeadersFrame(head, false));
        more(ctx);
        return;
      }
      ByteBuf body =
          Unpooled.copiedBuffer(
              text.append("END ").append(received.get()), StandardCharsets.ISO_8859_1);
      ctx.write(new DefaultHttp2HeadersFrame(head, false));
      ctx.write(new DefaultHttp2DataFrame(body, false));
      ctx.writeAndFlush(
          new DefaultHttp2HeadersFrame(new DefaultHttp2Headers().set("x-trailer", "t"), true));
    }

    private void hint(ChannelHandlerContext ctx, int left) {
      Http2Headers head = new DefaultHttp2Headers().status("103").set("x-long", "x".repeat(4096));
      ctx.writeAndFlush(new DefaultHttp2HeadersFrame(head, false))
          .addListener(done -> {
            sent.incrementAndGet();
            if (done.isSuccess() && left > 1) {
              ctx.executor().execute(() -> hint(ctx, left - 1));
            }
          });
    }

    private void more(ChannelHandlerContext ctx) {
      while (left > 0 && ctx.channel().isWritable()) {
        int size = (int) Math.min(16384, left);
        left -= size;
        sent.addAndGet(size);
        ctx.writeAndFlush(
            new DefaultHttp2DataFrame(Unpooled.wrappedBuffer(new byte[size]), left == 0));
      }
    }

    @Override
    public void channelWritabilityChanged(ChannelHandlerContext ctx) {
      more(ctx);
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
      ctx.close();
    }
  }
}
