package io.boxlite.network;

import io.avaje.json.mapper.JsonMapper;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/// Speaks as boxlite-net does, on a Unix socket.
final class FakeNet implements AutoCloseable {
  final Path socket;
  final List<Map<String, Object>> commands = new CopyOnWriteArrayList<>();
  final Map<Long, String> flows = new ConcurrentHashMap<>();
  final AtomicInteger answeredBeforeFlows = new AtomicInteger();
  private final AtomicInteger answered = new AtomicInteger();
  volatile String publishError = "";
  private final JsonMapper json = JsonMapper.builder().build();
  private final ServerSocketChannel server;
  private final CompletableFuture<SocketChannel> control = new CompletableFuture<>();
  private final BlockingQueue<Map<String, Object>> answers = new LinkedBlockingQueue<>();

  FakeNet(Path socket) throws IOException {
    this.socket = socket;
    server = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
    server.bind(UnixDomainSocketAddress.of(socket));
    Thread.ofVirtual().start(this::serve);
  }

  private void serve() {
    try {
      while (true) {
        SocketChannel channel = server.accept();
        Thread.ofVirtual().start(() -> serve(channel));
      }
    } catch (IOException e) {
      // closed
    }
  }

  private void serve(SocketChannel channel) {
    try {
      BufferedReader in =
          new BufferedReader(
              new InputStreamReader(Channels.newInputStream(channel), StandardCharsets.UTF_8));
      String first = in.readLine();
      if (first.equals("{\"tunnel\":{\"port\":80}}")) {
        write(channel, "{\"ok\":true}\nhello");
        return;
      }
      if (!first.equals("{\"control\":{}}")) {
        write(channel, "{\"error\":\"connection refused\"}\n");
        channel.close();
        return;
      }
      control.complete(channel);
      String line = in.readLine();
      while (line != null) {
        Map<String, Object> message = json.fromJsonObject(line);
        if (message.get("do") instanceof Map<?, ?> command) {
          done(command);
        } else {
          answered.incrementAndGet();
          answers.add(object(message.get("answer")));
        }
        line = in.readLine();
      }
    } catch (IOException e) {
      // closed
    }
  }

  @SuppressWarnings("unchecked") // keys of a JSON object are texts
  private static Map<String, Object> object(Object value) {
    return (Map<String, Object>) value;
  }

  private void done(Map<?, ?> command) {
    commands.add(object(command));
    if ("flows".equals(command.get("command"))) {
      answeredBeforeFlows.set(answered.get());
    }
    String more =
        switch ((String) command.get("command")) {
          case "publish" ->
              publishError.isEmpty()
                  ? ",\"host_port\":4711"
                  : ",\"error\":\"" + publishError + "\"";
          case "ports" ->
              ",\"ports\":[{\"protocol\":\"tcp\",\"host_ip\":\"0.0.0.0\",\"host_port\":4711,\"port\":80}]";
          case "flows" ->
              ",\"flows\":[" + flowsAfter(((Number) command.get("after")).longValue()) + "]";
          case "figures" -> ",\"figures\":{\"bytes_sent\":5,\"denials\":7}";
          default -> "";
        };
    send("{\"done\":{\"id\":" + ((Number) command.get("id")).longValue() + more + "}}");
  }

  /// Two at a time.
  private String flowsAfter(long after) {
    List<String> page = new ArrayList<>();
    flows.entrySet().stream()
        .filter(flow -> flow.getKey() > after)
        .sorted(Map.Entry.comparingByKey())
        .limit(2)
        .forEach(flow ->
            page.add(
                "{\"flow\":"
                    + flow.getKey()
                    + ",\"kind\":\"tcp\",\"address\":\"192.0.2.1\",\"port\":443,\"tag\":\""
                    + flow.getValue()
                    + "\"}"));
    return String.join(",", page);
  }

  void send(String line) {
    try {
      write(control.join(), line + "\n");
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private synchronized void write(SocketChannel channel, String text) throws IOException {
    ByteBuffer bytes = ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8));
    while (bytes.hasRemaining()) {
      channel.write(bytes);
    }
  }

  Map<String, Object> answer() throws InterruptedException {
    Map<String, Object> answer = answers.poll(10, TimeUnit.SECONDS);
    if (answer == null) {
      throw new AssertionError("no answer in time");
    }
    return answer;
  }

  void hangUp() throws IOException {
    control.join().close();
  }

  @Override
  public void close() throws IOException {
    server.close();
    if (control.isDone()) {
      control.join().close();
    }
  }
}
