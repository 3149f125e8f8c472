package io.boxlite.vmm.qemu.internal.qmp;

import io.avaje.json.mapper.JsonMapper;
import io.boxlite.api.EngineException;
import java.io.IOException;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedByInterruptException;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
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
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// A QMP connection: commands out, answers and events in. Thread-safe.
///
/// One virtual thread reads and one writes, so that a caller that is interrupted does not close the
/// channel, and one that gives up does not leave half a command behind. An answer belongs to the
/// command with its id: events come in between, also before the answer of what caused them.
///
/// Protocol: <https://www.qemu.org/docs/master/interop/qmp-spec.html>
public final class QmpClient implements AutoCloseable {
  private static final int MAX_UNSENT_COMMANDS = 64;

  private final SocketChannel channel;
  private final Consumer<QmpEvent> listener;
  private final JsonMapper json = JsonMapper.builder().build();
  private final Map<String, CompletableFuture<Object>> waiting = new ConcurrentHashMap<>();
  private final BlockingQueue<byte[]> unsent = new ArrayBlockingQueue<>(MAX_UNSENT_COMMANDS);
  private final CompletableFuture<Object> greeting = new CompletableFuture<>();
  private final CompletableFuture<String> ended = new CompletableFuture<>();
  private final AtomicLong commands = new AtomicLong();

  private QmpClient(SocketChannel channel, Consumer<QmpEvent> listener) {
    this.channel = channel;
    this.listener = listener;
  }

  /// Connects to a QEMU that listens, and negotiates.
  ///
  /// @param socket where it listens; at most 106 bytes long
  /// @param timeout for all of it; QEMU serves one client, others wait until it has left
  /// @param listener told of every event, on the reading thread: must not block nor send commands;
  ///   if it throws, the connection ends
  /// @return the connection
  /// @throws EngineException if nobody listens, or the other side does not speak QMP in time
  public static QmpClient connect(Path socket, Duration timeout, Consumer<QmpEvent> listener) {
    SocketChannel channel;
    try {
      channel = SocketChannel.open(UnixDomainSocketAddress.of(socket));
    } catch (ClosedByInterruptException e) {
      throw interrupted("connect", e);
    } catch (IOException e) {
      throw new EngineException(
          "qmp_connect",
          "cannot connect to qemu at " + socket + ": " + e.getMessage(),
          e,
          Map.of());
    }
    QmpClient client = new QmpClient(channel, listener);
    client.startThreads(socket);
    try {
      client.await("greeting", client.greeting, timeout);
      client.execute("qmp_capabilities", Map.of(), timeout);
      return client;
    } catch (RuntimeException e) {
      client.close();
      throw e;
    }
  }

  private void startThreads(Path socket) {
    Thread.ofVirtual().name("qmp-read " + socket).start(this::readAll);
    Thread writer = Thread.ofVirtual().name("qmp-write " + socket).start(this::writeAll);
    var _ = ended.thenRun(writer::interrupt);
  }

  /// Sends a command and waits for its answer.
  ///
  /// @param command name of the command
  /// @param arguments its arguments: texts, numbers, booleans, maps and lists of these
  /// @param timeout how long to wait; after that the command may still take effect
  /// @return what QEMU returned
  /// @throws EngineException if QEMU refuses (`qmp_error`), does not answer in time
  ///   (`qmp_timeout`), has closed the connection (`qmp_closed`), or the thread is interrupted
  ///   (`interrupted`)
  public Object execute(String command, Map<String, ?> arguments, Duration timeout) {
    return executeAll(List.of(new QmpCommand(command, arguments)), timeout).getFirst();
  }

  /// Sends commands, all before the first answer has come, and waits for the answers. QEMU does all
  /// of them, one after another, also those after one that it refused.
  ///
  /// @param commands what to do
  /// @param timeout how long to wait for each answer
  /// @return what QEMU returned, in the order of the commands
  /// @throws EngineException for the first that failed, as [#execute] has it
  public List<Object> executeAll(List<QmpCommand> commands, Duration timeout) {
    List<Sent> sent = new ArrayList<>();
    try {
      for (QmpCommand command : commands) {
        sent.add(send(command, timeout));
      }
      List<Object> results = new ArrayList<>();
      for (Sent one : sent) {
        results.add(await(one.name(), one.answer(), timeout));
      }
      return results;
    } finally {
      sent.forEach(one -> waiting.remove(one.id()));
    }
  }

  /// A command whose answer is awaited.
  private record Sent(String id, String name, CompletableFuture<Object> answer) {}

  private Sent send(QmpCommand command, Duration timeout) {
    String id = "boxlite-" + commands.incrementAndGet();
    Map<String, Object> message = new LinkedHashMap<>();
    message.put("execute", command.name());
    if (!command.arguments().isEmpty()) {
      message.put("arguments", command.arguments());
    }
    message.put("id", id);
    CompletableFuture<Object> answer = new CompletableFuture<>();
    waiting.put(id, answer);
    try {
      // Ended only after the entry is there: whoever ends the connection fails what is waiting.
      if (ended.isDone()) {
        throw closed(command.name());
      }
      byte[] line = (json.toJson(message) + "\n").getBytes(StandardCharsets.UTF_8);
      enqueue(command.name(), line, timeout);
      return new Sent(id, command.name(), answer);
    } catch (RuntimeException e) {
      waiting.remove(id);
      throw e;
    }
  }

  private void enqueue(String command, byte[] line, Duration timeout) {
    try {
      if (!unsent.offer(line, timeout.toMillis(), TimeUnit.MILLISECONDS)) {
        throw timedOut(command, timeout);
      }
    } catch (InterruptedException e) {
      throw interrupted(command, e);
    }
  }

  private Object await(String command, CompletableFuture<Object> answer, Duration timeout) {
    try {
      return answer.get(timeout.toMillis(), TimeUnit.MILLISECONDS);
    } catch (TimeoutException e) {
      throw timedOut(command, timeout);
    } catch (InterruptedException e) {
      throw interrupted(command, e);
    } catch (ExecutionException e) {
      if (e.getCause() instanceof QmpRefusal refusal) {
        throw refused(command, refusal);
      }
      throw closed(command);
    }
  }

  /// {@return completes, never exceptionally, when the connection has ended: with why, empty if
  /// either side closed it}
  public CompletableFuture<String> ended() {
    return ended.copy();
  }

  /// Closes the connection; whoever waits for an answer fails. Does nothing the second time.
  @Override
  public void close() {
    end("");
  }

  private void readAll() {
    String why = "";
    try {
      QmpLines lines = new QmpLines(channel, json);
      while (true) {
        Optional<Map<String, Object>> message = lines.next();
        if (message.isEmpty()) {
          break;
        }
        dispatch(message.get());
      }
    } catch (IOException | RuntimeException e) {
      why = String.valueOf(e.getMessage());
    } finally {
      end(why);
    }
  }

  private void dispatch(Map<String, Object> message) throws IOException {
    if (message.get("event") instanceof String event) {
      listener.accept(new QmpEvent(event, object(message.get("data"))));
    } else if (message.containsKey("QMP")) {
      greeting.complete(message);
    } else if (message.get("id") instanceof String id) {
      // Nobody waits for what has timed out.
      CompletableFuture<Object> answer = waiting.remove(id);
      if (answer != null) {
        answer(answer, message);
      }
    } else {
      throw new IOException("a message is neither an event nor an answer");
    }
  }

  private static void answer(CompletableFuture<Object> answer, Map<String, Object> message) {
    if (message.containsKey("error")) {
      Map<String, Object> error = object(message.get("error"));
      answer.completeExceptionally(
          new QmpRefusal(String.valueOf(error.get("class")), String.valueOf(error.get("desc"))));
    } else {
      answer.complete(Optional.<Object>ofNullable(message.get("return")).orElse(Map.of()));
    }
  }

  @SuppressWarnings("unchecked") // keys of a JSON object are texts
  private static Map<String, Object> object(@Nullable Object value) {
    return value instanceof Map<?, ?> map ? (Map<String, Object>) map : Map.of();
  }

  private void writeAll() {
    try {
      while (!ended.isDone()) {
        ByteBuffer line = ByteBuffer.wrap(unsent.take());
        while (line.hasRemaining()) {
          channel.write(line);
        }
      }
    } catch (IOException e) {
      end(String.valueOf(e.getMessage()));
    } catch (InterruptedException e) {
      end("");
    }
  }

  private void end(String why) {
    if (!ended.complete(why)) {
      return;
    }
    try {
      channel.close();
    } catch (IOException e) {
      // Nothing was promised about what was not answered.
    }
    IOException gone = new IOException("connection closed");
    greeting.completeExceptionally(gone);
    waiting.values().forEach(answer -> answer.completeExceptionally(gone));
  }

  private EngineException closed(String command) {
    String why = ended.getNow("");
    return new EngineException(
        "qmp_closed",
        "qemu closed its control connection before '"
            + command
            + "' was answered"
            + (why.isEmpty() ? "" : ": " + why),
        null,
        Map.of("command", command));
  }

  private static EngineException refused(String command, QmpRefusal refusal) {
    return new EngineException(
        "qmp_error",
        "qemu refused '" + command + "': " + refusal.getMessage(),
        null,
        Map.of("command", command, "class", refusal.errorClass));
  }

  private static EngineException timedOut(String command, Duration timeout) {
    return new EngineException(
        "qmp_timeout",
        "qemu did not answer '" + command + "' within " + timeout.toMillis() + " ms",
        null,
        Map.of("command", command));
  }

  private static EngineException interrupted(String command, Exception cause) {
    Thread.currentThread().interrupt();
    return new EngineException(
        "interrupted", "interrupted while qemu did '" + command + "'", cause, Map.of());
  }

  /// What QEMU says instead of a result.
  private static final class QmpRefusal extends Exception {
    private static final long serialVersionUID = 1L;

    private final String errorClass;

    QmpRefusal(String errorClass, String description) {
      super(description);
      this.errorClass = errorClass;
    }
  }
}
