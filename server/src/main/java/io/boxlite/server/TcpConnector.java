package io.boxlite.server;

import java.io.IOException;
import java.nio.channels.SelectableChannel;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.ReentrantLock;
import org.eclipse.jetty.io.SelectorManager;
import org.eclipse.jetty.server.ConnectionFactory;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// A connector that leaves no connection behind when it ends. One that stops as Jetty's does loses
/// those that it is just about to accept or to set up: they stay open, nobody reads them, and their
/// clients wait for ever. Thread-safe.
final class TcpConnector extends ServerConnector {
  private static final Logger LOG = LoggerFactory.getLogger(TcpConnector.class);

  private final Unready unready = new Unready();
  private final ReentrantLock accepting = new ReentrantLock();

  TcpConnector(Server server, ConnectionFactory... factories) {
    super(server, 1, 1, factories);
    addBean(unready);
  }

  /// Does nothing: a thread that is interrupted when it has accepted a connection loses it, and the
  /// end of the port wakes it too.
  @Override
  protected void interruptAcceptors() {}

  @Override
  public void accept(int acceptor) throws IOException {
    accepting.lock();
    try {
      super.accept(acceptor);
    } finally {
      accepting.unlock();
    }
  }

  /// Takes no more connections.
  @SuppressWarnings({
    "FutureReturnValueIgnored", // stop() ends what it would wait for
    "LockNotBeforeTry"
  })
  void shut() {
    unready.ending = true; // what is ready before is closed by the connector
    shutdown();
    // The one that is just accepted. Not join(): it holds a lock that acceptors need for their end.
    accepting.lock();
    accepting.unlock();
  }

  /// Ends those that are open too.
  @Override
  protected void doStop() throws Exception {
    super.doStop();
    unready.waiting.forEach(unready::end);
  }

  /// Connections that are accepted, and of which the connector does not know yet.
  private static final class Unready implements SelectorManager.AcceptListener {
    private final Set<SelectableChannel> waiting = ConcurrentHashMap.newKeySet();
    private volatile boolean ending;

    @Override
    public void onAccepting(SelectableChannel channel) {
      waiting.add(channel);
    }

    @Override
    public void onAccepted(SelectableChannel channel) {
      waiting.remove(channel);
      if (ending) {
        end(channel);
      }
    }

    @Override
    public void onAcceptFailed(SelectableChannel channel, Throwable cause) {
      end(channel);
    }

    private void end(SelectableChannel channel) {
      waiting.remove(channel);
      try {
        channel.close();
      } catch (IOException e) {
        LOG.debug("cannot close a connection", e);
      }
    }
  }
}
