package io.boxlite.server;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.AppenderBase;
import io.boxlite.rest.LogBody;
import java.util.Optional;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import org.slf4j.LoggerFactory;

/// What this process logs, for somebody who listens meanwhile. Nothing that logs waits for that: of
/// a burst that does not fit, the rest is left out. Empty in a program that logs in a way of its
/// own. Thread-safe.
final class LogFeed implements AutoCloseable {
  private static final int CAPACITY = 1024; // lines

  /// Shorter than in the log: a client takes lines of 64 KiB, and a character may need six bytes.
  private static final int MAX_TEXT = 3 * 1024;

  private final BlockingQueue<LogBody> lines = new ArrayBlockingQueue<>(CAPACITY);
  private final Optional<Logger> root;
  private final Tap tap = new Tap();

  private LogFeed(Optional<Logger> root) {
    this.root = root;
  }

  private final class Tap extends AppenderBase<ILoggingEvent> {
    @Override
    protected void append(ILoggingEvent event) {
      lines.offer(LogLines.body(event, MAX_TEXT));
    }
  }

  /// Begins to listen.
  static LogFeed open() {
    LogFeed feed =
        new LogFeed(
            LoggerFactory.getILoggerFactory() instanceof LoggerContext context
                ? Optional.of(context.getLogger(org.slf4j.Logger.ROOT_LOGGER_NAME))
                : Optional.empty());
    feed.root.ifPresent(logger -> {
      feed.tap.setContext(logger.getLoggerContext());
      feed.tap.start();
      logger.addAppender(feed.tap);
    });
    return feed;
  }

  /// {@return the next line; waits for it}
  LogBody next() throws InterruptedException {
    return lines.take();
  }

  @Override
  public void close() {
    root.ifPresent(logger -> logger.detachAppender(tap));
    tap.stop();
  }
}
