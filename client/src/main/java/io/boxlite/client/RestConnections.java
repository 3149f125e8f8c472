package io.boxlite.client;

import java.io.Closeable;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/// The connections to one server: opens them, keeps a few idle ones for the next request, closes
/// all. Thread-safe.
final class RestConnections implements Closeable {
  private static final int MAX_IDLE = 4;

  private final RestTarget target;
  private final ArrayDeque<Connection> idle = new ArrayDeque<>();
  private final Set<Connection> all = new HashSet<>();
  private boolean closed;

  RestConnections(RestTarget target) {
    this.target = target;
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
    Connection connection = target.connect();
    synchronized (this) {
      if (!closed) {
        all.add(connection);
        return connection;
      }
    }
    connection.close();
    throw new IOException("the client is closed");
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

  RestTarget target() {
    return target;
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
