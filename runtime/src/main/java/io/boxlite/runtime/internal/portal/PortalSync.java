package io.boxlite.runtime.internal.portal;

import io.boxlite.api.PortalException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.HexFormat;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/// The supervisor's half of the synchronisation in docs/portal.md: makes a byte stream of unknown
/// state one on which both sides know where HTTP/2 begins. Blocks its caller; confined to one
/// thread.
///
/// A sync may be sent long before the guest opens its port: QEMU then leaves it in the socket and
/// delivers it later. A guest may also lose it. So it is repeated, each time with a new cookie, and
/// only the answer to the newest one counts: nothing that an older sync caused can follow it.
final class PortalSync {
  /// Begins a sync and its answer, and never occurs in stuffed data.
  private static final byte[] FLAG = "\u00f9boxlite-sync-v1".getBytes(StandardCharsets.ISO_8859_1);

  static final int FLAG_LENGTH = FLAG.length;

  /// How many bytes that are no answer are dropped before giving up.
  static final long GARBAGE_LIMIT = 64L << 20;

  /// End whatever partial flag or cookie an earlier supervisor left in the stream.
  private static final int LEADING_ZEROS = 16;

  private static final int COOKIE_BYTES = 16;
  private static final int VERSION_DIGITS = 8;
  private static final long FIRST_RETRY_NANOS = TimeUnit.MILLISECONDS.toNanos(250);
  private static final long LAST_RETRY_NANOS = TimeUnit.SECONDS.toNanos(2);
  private static final SecureRandom RANDOM = new SecureRandom();

  private final SocketChannel channel;
  private final Selector selector;
  private final SelectionKey key;
  private final long start = System.nanoTime();
  private final long timeoutNanos;
  private final long garbageLimit;
  private long received;

  private PortalSync(SocketChannel channel, Selector selector, Duration timeout, long garbageLimit)
      throws IOException {
    this.channel = channel;
    this.selector = selector;
    this.key = channel.register(selector, 0);
    this.timeoutNanos =
        timeout.compareTo(Duration.ofDays(1)) > 0
            ? Duration.ofDays(1).toNanos()
            : timeout.toNanos();
    this.garbageLimit = garbageLimit;
  }

  static byte flag(int index) {
    return FLAG[index];
  }

  /// Synchronises; leaves the channel non-blocking and the first byte of HTTP/2 unread.
  ///
  /// @return the agent's protocol version
  /// @throws PortalException when the agent does not answer
  static int run(SocketChannel channel, Duration timeout, long garbageLimit) throws IOException {
    channel.configureBlocking(false);
    try (Selector selector = Selector.open()) {
      return new PortalSync(channel, selector, timeout, garbageLimit).negotiate();
    }
  }

  static PortalException interrupted(@Nullable Throwable cause) {
    return new PortalException(
        "interrupted", "waiting for the guest agent was interrupted", cause, Map.of());
  }

  private int negotiate() throws IOException {
    long retry = FIRST_RETRY_NANOS;
    while (true) {
      Answer answer = new Answer(newCookie());
      send(answer.request());
      if (receive(answer, Math.min(timeoutNanos, elapsed() + retry))) {
        return answer.version();
      }
      if (elapsed() >= timeoutNanos) {
        throw timedOut();
      }
      retry = Math.min(retry * 2, LAST_RETRY_NANOS);
    }
  }

  private static String newCookie() {
    byte[] cookie = new byte[COOKIE_BYTES];
    RANDOM.nextBytes(cookie);
    return HexFormat.of().formatHex(cookie);
  }

  private void send(ByteBuffer request) throws IOException {
    while (request.hasRemaining()) {
      if (channel.write(request) == 0 && !await(SelectionKey.OP_WRITE, timeoutNanos)) {
        throw timedOut();
      }
    }
  }

  private boolean receive(Answer answer, long until) throws IOException {
    ByteBuffer buffer = ByteBuffer.allocate(answer.missing());
    while (await(SelectionKey.OP_READ, until)) {
      // Never more than the answer can still need, so that not a byte of HTTP/2 is taken away.
      buffer.clear().limit(answer.missing());
      int count = channel.read(buffer);
      if (count < 0) {
        throw new PortalException(
            "unreachable", "the virtual machine closed the portal before its agent answered");
      }
      received += count;
      for (int i = 0; i < count; i++) {
        if (answer.completes(buffer.get(i))) {
          return true;
        }
      }
      if (received > garbageLimit) {
        throw new PortalException(
            "protocol_error", "the guest agent sent " + received + " bytes that are no answer");
      }
    }
    return false;
  }

  private boolean await(int operation, long until) throws IOException {
    key.interestOps(operation);
    long left = until - elapsed();
    if (left <= 0) {
      return false;
    }
    selector.select(Math.max(1, TimeUnit.NANOSECONDS.toMillis(left)));
    if (Thread.currentThread().isInterrupted()) {
      throw interrupted(null);
    }
    return !selector.selectedKeys().isEmpty() && selector.selectedKeys().remove(key);
  }

  private long elapsed() {
    return System.nanoTime() - start;
  }

  private PortalException timedOut() {
    return new PortalException(
        "timeout",
        "the guest agent did not answer within "
            + TimeUnit.NANOSECONDS.toMillis(timeoutNanos)
            + " ms; the box's console log says how far the guest came");
  }

  /// Recognises FLAG, one cookie, the version and the line feed, wherever they lie in the stream.
  private static final class Answer {
    private final byte[] head;
    private int matched;
    private int version;

    Answer(String cookie) {
      this.head =
          ByteBuffer.allocate(FLAG.length + cookie.length())
              .put(FLAG)
              .put(cookie.getBytes(StandardCharsets.US_ASCII))
              .array();
    }

    ByteBuffer request() {
      return ByteBuffer.allocate(LEADING_ZEROS + head.length + 1)
          .put(new byte[LEADING_ZEROS])
          .put(head)
          .put((byte) '\n')
          .flip();
    }

    int missing() {
      return head.length + VERSION_DIGITS + 1 - matched;
    }

    int version() {
      return version;
    }

    boolean completes(byte next) {
      if (matched < head.length) {
        matched = next == head[matched] ? matched + 1 : restart(next);
        return false;
      }
      if (matched < head.length + VERSION_DIGITS) {
        boolean digit = (next >= '0' && next <= '9') || (next >= 'a' && next <= 'f');
        version = (version << 4) | (digit ? Character.digit(next, 16) : 0);
        matched = digit ? matched + 1 : restart(next);
        return false;
      }
      if (next == '\n') {
        return true;
      }
      matched = restart(next);
      return false;
    }

    /// FLAG's first byte occurs nowhere else in what is matched, so no longer prefix can survive.
    private int restart(byte next) {
      version = 0;
      return next == FLAG[0] ? 1 : 0;
    }
  }
}
