package io.boxlite.client;

import io.boxlite.api.internal.SocketPaths;
import java.io.Closeable;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/// The connections to one server: opens them, keeps a few idle ones for the next request, closes
/// all. Thread-safe.
final class RestConnections implements Closeable {
  private static final int MAX_IDLE = 4;

  private final Path socket;
  private final ArrayDeque<Connection> idle = new ArrayDeque<>();
  private final Set<Connection> all = new HashSet<>();
  private boolean closed;

  RestConnections(Path socket) {
    this.socket = socket;
  }

  Connection take() throws IOException {
    while (true) {
      Connection connection;
      synchronized (this) {
        connection = idle.pollLast();
      }
      if (connection == null) {
        return open();
      }
      if (connection.isFresh()) {
        return connection;
      }
      drop(connection);
    }
  }

  private Connection open() throws IOException {
    Connection connection = new Connection(connect(SocketPaths.ofEnvironment().reachable(socket)));
    synchronized (this) {
      if (!closed) {
        all.add(connection);
        return connection;
      }
    }
    connection.close();
    throw new IOException("the client is closed");
  }

  private static SocketChannel connect(Path reachable) throws IOException {
    SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX);
    try {
      channel.connect(UnixDomainSocketAddress.of(reachable));
      return channel;
    } catch (IOException e) {
      channel.close();
      throw e;
    }
  }

  void giveBack(Connection connection) {
    synchronized (this) {
      if (!closed && idle.size() < MAX_IDLE) {
        idle.addLast(connection);
        return;
      }
    }
    drop(connection);
  }

  void drop(Connection connection) {
    synchronized (this) {
      all.remove(connection);
    }
    connection.close();
  }

  Path socket() {
    return socket;
  }

  @Override
  public void close() {
    List<Connection> open;
    synchronized (this) {
      closed = true;
      open = new ArrayList<>(all);
      all.clear();
      idle.clear();
    }
    open.forEach(Connection::close);
  }
}
