package io.boxlite.server;

import java.io.IOException;
import java.nio.ByteBuffer;
import org.eclipse.jetty.io.EndPoint;
import org.eclipse.jetty.util.BufferUtil;
import org.eclipse.jetty.util.Callback;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Notices while a request is worked on that its client has gone, or has closed its half of the
/// connection, which counts as gone. What the client sends meanwhile is thrown away, so the
/// connection cannot be used for a further request. Thread-safe.
final class ClientWatch implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(ClientWatch.class);
  private static final int IGNORED_BYTES = 1024;

  private final EndPoint client;
  private final Runnable gone;
  private boolean ended;

  private ClientWatch(EndPoint client, Runnable gone) {
    this.client = client;
    this.gone = gone;
  }

  /// Begins to watch.
  ///
  /// @param client the connection
  /// @param gone called at most once, and not after [#close]; must not block
  static ClientWatch start(EndPoint client, Runnable gone) {
    ClientWatch watch = new ClientWatch(client, gone);
    watch.await();
    return watch;
  }

  private void await() {
    client.tryFillInterested(Callback.from(this::readable, _ -> end()));
  }

  private void readable() {
    ByteBuffer ignored = BufferUtil.allocate(IGNORED_BYTES);
    try {
      int count = client.fill(ignored);
      while (count > 0) {
        BufferUtil.clear(ignored);
        count = client.fill(ignored);
      }
      if (count == 0) {
        await();
        return;
      }
    } catch (IOException e) {
      LOG.debug("a client broke its connection", e);
    }
    end();
  }

  private synchronized void end() {
    if (!ended) {
      ended = true;
      gone.run();
    }
  }

  @Override
  public synchronized void close() {
    ended = true;
  }
}
