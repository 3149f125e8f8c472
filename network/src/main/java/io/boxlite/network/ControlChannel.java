package io.boxlite.network;

import io.avaje.json.mapper.JsonMapper;
import io.boxlite.api.NetworkException;
import java.io.IOException;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicLong;

/// The supervisor's connection to one `boxlite-net`: commands out, questions in. Thread-safe.
///
/// One virtual thread reads and one writes, so that a caller that is interrupted does not close the
/// channel, and nobody waits for a process that does not read: it loses the connection.
final class ControlChannel implements AutoCloseable {
  private static final Duration TIMEOUT = Duration.ofSeconds(10);
  private static final int MAX_UNSENT = 4096;

  /// Large answers stop before that many bytes wait.
  private static final long MANY_UNSENT_BYTES = 8L << 20;

  private final SocketChannel channel;
  private final Listener listener;
  private final JsonMapper json = JsonMapper.builder().build();
  private final Map<Long, CompletableFuture<ControlFields>> waiting = new ConcurrentHashMap<>();
  private final BlockingQueue<byte[]> unsent = new ArrayBlockingQueue<>(MAX_UNSENT);
  private final AtomicLong unsentBytes = new AtomicLong();
  private final CompletableFuture<String> ended = new CompletableFuture<>();
  private final AtomicLong commands = new AtomicLong();

  /// Told of what comes, on the reading thread: must not block.
  interface Listener {
    /// A question, or what happened.
    ///
    /// @param kind `ask`, `closed` or `denied`
    /// @throws IOException if the message is not as it must be: ends the connection
    void message(String kind, ControlFields fields) throws IOException;
  }

  private ControlChannel(SocketChannel channel, Listener listener) {
    this.channel = channel;
    this.listener = listener;
  }

  /// {@return a connection whose first line was sent, without anything that reads or writes}
  ///
  /// @throws NetworkException if nobody listens
  static SocketChannel open(Path socket, String firstLine) {
    SocketChannel channel = null;
    try {
      channel = SocketChannel.open(UnixDomainSocketAddress.of(socket));
      writeAll(channel, (firstLine + "\n").getBytes(StandardCharsets.UTF_8));
      return channel;
    } catch (IOException e) {
      if (channel != null) {
        closeQuietly(channel);
      }
      throw new NetworkException(
          "network_process",
          "connect to boxlite-net at "
              + socket
              + ": "
              + e.getMessage()
              + "; its log says why it ended; restart the box",
          e,
          Map.of());
    }
  }

  static ControlChannel connect(Path socket, Listener listener) {
    ControlChannel control = new ControlChannel(open(socket, "{\"control\":{}}"), listener);
    Thread.ofVirtual().name("net-read " + socket).start(control::readAll);
    Thread writer = Thread.ofVirtual().name("net-write " + socket).start(control::sendAll);
    var _ = control.ended.thenRun(writer::interrupt);
    return control;
  }

  /// {@return completes, never exceptionally, when the connection has ended: with why, empty if
  /// either side closed it}
  CompletableFuture<String> ended() {
    return ended.copy();
  }

  /// Sends a command and waits for its answer, at most ten seconds.
  ///
  /// @return what was done
  /// @throws NetworkException if it was not, with why
  ControlFields execute(String command, Map<String, ?> arguments) {
    long id = commands.incrementAndGet();
    CompletableFuture<ControlFields> done = new CompletableFuture<>();
    waiting.put(id, done);
    try {
      // Looked at only now: whoever ends the connection fails what is waiting.
      if (ended.isDone()) {
        throw failure(command, "boxlite-net has ended");
      }
      Map<String, Object> fields = new LinkedHashMap<>();
      fields.put("id", id);
      fields.put("command", command);
      fields.putAll(arguments);
      send("do", fields);
      ControlFields answer = done.get(TIMEOUT.toMillis(), TimeUnit.MILLISECONDS);
      if (answer.has("error")) {
        throw failure(command, answer.textOr("error", "unknown"));
      }
      return answer;
    } catch (TimeoutException _) {
      throw failure(command, "boxlite-net does not answer");
    } catch (ExecutionException _) {
      throw failure(command, "boxlite-net has ended");
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
      throw failure(command, "interrupted");
    } finally {
      waiting.remove(id);
    }
  }

  private static NetworkException failure(String command, String why) {
    return new NetworkException("network_" + command, command + ": " + why);
  }

  /// Sends a message; does not block.
  void send(String kind, Map<String, ?> fields) {
    byte[] line = (json.toJson(Map.of(kind, fields)) + "\n").getBytes(StandardCharsets.UTF_8);
    if (line.length > ControlLines.MAX_LINE_BYTES) {
      end("a message to boxlite-net is too long");
      return;
    }
    unsentBytes.addAndGet(line.length);
    if (!unsent.offer(line)) {
      end("boxlite-net does not read");
    }
  }

  /// {@return whether so much waits to be sent that what can be left out should be}
  boolean isBehind() {
    return unsentBytes.get() > MANY_UNSENT_BYTES;
  }

  private void readAll() {
    String why = "";
    try {
      ControlLines lines = new ControlLines(channel, json);
      Optional<Map<String, Object>> line = lines.next();
      while (line.isPresent()) {
        dispatch(line.get());
        line = lines.next();
      }
    } catch (IOException | RuntimeException e) {
      why = String.valueOf(e.getMessage());
    } finally {
      end(why);
    }
  }

  private void dispatch(Map<String, Object> message) throws IOException {
    if (message.size() != 1) {
      throw new IOException("a message has not one field");
    }
    Map.Entry<String, Object> only = message.entrySet().iterator().next();
    ControlFields fields = ControlFields.of(only.getValue());
    if (only.getKey().equals("done")) {
      // Nobody waits for what has timed out.
      CompletableFuture<ControlFields> done = waiting.remove(fields.id("id"));
      if (done != null) {
        done.complete(fields);
      }
    } else {
      listener.message(only.getKey(), fields);
    }
  }

  private void sendAll() {
    try {
      while (!ended.isDone()) {
        byte[] line = unsent.take();
        writeAll(channel, line);
        unsentBytes.addAndGet(-line.length);
      }
    } catch (IOException e) {
      end(String.valueOf(e.getMessage()));
    } catch (InterruptedException _) {
      end("");
    }
  }

  private static void writeAll(SocketChannel channel, byte[] line) throws IOException {
    ByteBuffer bytes = ByteBuffer.wrap(line);
    while (bytes.hasRemaining()) {
      channel.write(bytes);
    }
  }

  /// Ends the connection. Does nothing the second time.
  @Override
  public void close() {
    end("");
  }

  private void end(String why) {
    if (!ended.complete(why)) {
      return;
    }
    closeQuietly(channel);
    IOException gone = new IOException("connection closed");
    waiting.values().forEach(done -> done.completeExceptionally(gone));
  }

  static void closeQuietly(SocketChannel channel) {
    try {
      channel.close();
    } catch (IOException _) {
      // Nothing was promised about what was not answered.
    }
  }
}
