package io.boxlite.runtime.internal.portal;

import io.grpc.BindableService;
import io.grpc.Server;
import io.grpc.netty.NettyServerBuilder;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioServerDomainSocketChannel;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/// QEMU's socket and the agent's half of the synchronisation, before a real gRPC server: what
/// follows a sync is passed on to it, un-stuffed. The scanner outlives connections, as the guest's
/// port does.
public final class FakeAgent implements AutoCloseable {
  static final byte[] FLAG = "\u00f9boxlite-sync-v1".getBytes(StandardCharsets.ISO_8859_1);

  private final Path directory;
  private final ServerSocketChannel listener;
  private final MultiThreadIoEventLoopGroup loop =
      new MultiThreadIoEventLoopGroup(1, NioIoHandler.newFactory());
  private final Server server;
  private final Scanner scanner = new Scanner();
  final AtomicInteger syncs = new AtomicInteger();
  volatile byte[] beforeAnswer = new byte[0];
  volatile int ignoredSyncs;
  volatile int version = 1;
  private volatile SocketChannel connection;
  private volatile SocketChannel session;
  private volatile Thread pump;

  public FakeAgent(BindableService service) throws IOException {
    directory = Files.createTempDirectory("bl");
    server =
        NettyServerBuilder.forAddress(UnixDomainSocketAddress.of(directory.resolve("grpc")))
            .channelType(NioServerDomainSocketChannel.class)
            .bossEventLoopGroup(loop)
            .workerEventLoopGroup(loop)
            .withChildOption(io.netty.channel.ChannelOption.SO_KEEPALIVE, null)
            .flowControlWindow(1 << 20)
            .addService(service)
            .build()
            .start();
    listener = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
    listener.bind(UnixDomainSocketAddress.of(socket()));
    Thread.ofPlatform().daemon().start(this::serve);
  }

  public Path socket() {
    return directory.resolve("portal.sock");
  }

  /// What a supervisor's death looks like from here.
  public void dropConnection() throws IOException {
    SocketChannel open = connection;
    if (open != null) {
      open.close();
    }
  }

  /// Sends raw bytes to the supervisor, in the middle of whatever there is.
  void inject(byte[] bytes) throws IOException {
    writeFully(connection, ByteBuffer.wrap(bytes));
  }

  private void serve() {
    ByteBuffer buffer = ByteBuffer.allocate(256 * 1024);
    while (listener.isOpen()) {
      try (SocketChannel accepted = listener.accept()) {
        connection = accepted;
        while (accepted.read(buffer.clear()) >= 0) {
          scanner.scan(buffer.flip());
        }
      } catch (IOException e) {
        // the supervisor's end or the test closed it: the next one comes
      }
    }
  }

  private void synced(String cookie) throws IOException {
    syncs.incrementAndGet();
    endSession();
    writeFully(connection, ByteBuffer.wrap(beforeAnswer));
    if (ignoredSyncs > 0) {
      ignoredSyncs--;
      return;
    }
    SocketChannel backend =
        SocketChannel.open(UnixDomainSocketAddress.of(directory.resolve("grpc")));
    session = backend;
    ByteArrayOutputStream answer = new ByteArrayOutputStream();
    answer.write(FLAG);
    answer.write(String.format("%s%08x%n", cookie, version).getBytes(StandardCharsets.US_ASCII));
    SocketChannel host = connection;
    writeFully(host, ByteBuffer.wrap(answer.toByteArray()));
    pump = Thread.ofPlatform().daemon().start(() -> toHost(backend, host));
  }

  private void endSession() throws IOException {
    if (session != null) {
      session.close();
      session = null;
      try {
        pump.join();
      } catch (InterruptedException e) {
        throw new IOException(e);
      }
    }
  }

  private static void toHost(SocketChannel from, SocketChannel to) {
    ByteBuffer buffer = ByteBuffer.allocate(256 * 1024);
    try {
      while (from.read(buffer.clear()) >= 0) {
        writeFully(to, buffer.flip());
      }
    } catch (IOException e) {
      // one of them closed
    }
  }

  private static void writeFully(SocketChannel to, ByteBuffer data) throws IOException {
    while (data.hasRemaining()) {
      to.write(data);
    }
  }

  @Override
  public void close() throws Exception {
    listener.close();
    if (connection != null) {
      connection.close();
    }
    server.shutdownNow().awaitTermination(5, TimeUnit.SECONDS);
    loop.shutdownGracefully(0, 1, TimeUnit.SECONDS);
    try (var files = Files.list(directory)) {
      for (Path file : files.toList()) {
        Files.deleteIfExists(file);
      }
    }
    Files.deleteIfExists(directory);
  }

  /// Removes the stuffing and finds syncs.
  private final class Scanner {
    private final ByteBuffer plain = ByteBuffer.allocate(256 * 1024);
    private int matched;
    private StringBuilder cookie;

    void scan(ByteBuffer data) throws IOException {
      plain.clear();
      while (data.hasRemaining()) {
        byte next = data.get();
        if (cookie != null) {
          inCookie(next);
        } else if (matched == 15) {
          matched = 0;
          if (next == FLAG[15]) {
            cookie = new StringBuilder();
            plain.clear(); // a sync ends the session
          } else if (next != 0) {
            throw new IllegalStateException("unstuffed flag");
          }
        } else {
          matched = next == FLAG[matched] ? matched + 1 : next == FLAG[0] ? 1 : 0;
          plain.put(next);
        }
      }
      SocketChannel to = session;
      if (to != null) {
        writeFully(to, plain.flip());
      }
    }

    private void inCookie(byte next) throws IOException {
      if (next == FLAG[0]) {
        cookie = null;
        matched = 1;
      } else if (cookie.length() == 32 && next == '\n') {
        String complete = cookie.toString();
        cookie = null;
        synced(complete);
      } else if (cookie.length() < 32 && Character.digit(next, 16) >= 0) {
        cookie.append((char) next);
      } else {
        cookie = null;
      }
    }
  }
}
