package io.boxlite.bench;

import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.WebSocket;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/// A WebSocket whose peer sends each line back. Used by one thread at a time.
final class Talker implements WebSocket.Listener, AutoCloseable {
  private static final long LIMIT_SECONDS = 60;
  private static final byte[] LINE =
      "a line of forty bytes, as a program prints\n".getBytes(StandardCharsets.US_ASCII);

  private final Semaphore lines = new Semaphore(0);
  private final WebSocket socket;

  private Talker(HttpClient client, String url, String key) {
    socket =
        client
            .newWebSocketBuilder()
            .header("Authorization", "Bearer " + key)
            .buildAsync(URI.create(url.replaceFirst("^http", "ws")), this)
            .join();
  }

  /// Connects to each of the places, many at once.
  static List<Talker> connect(HttpClient client, List<String> urls, String key) throws Exception {
    List<Callable<Talker>> calls = new ArrayList<>();
    for (String url : urls) {
      calls.add(() -> new Talker(client, url, key));
    }
    return atOnce(calls);
  }

  @Override
  public @Nullable CompletionStage<?> onBinary(WebSocket from, ByteBuffer data, boolean last) {
    while (data.hasRemaining()) {
      if (data.get() == '\n') {
        lines.release();
      }
    }
    from.request(1);
    return null;
  }

  /// {@return milliseconds until a line has come back}
  double say() throws InterruptedException {
    long start = System.nanoTime();
    socket.sendBinary(ByteBuffer.wrap(LINE), true).join();
    if (!lines.tryAcquire(LIMIT_SECONDS, TimeUnit.SECONDS)) {
      throw new IllegalStateException("no line came back within " + LIMIT_SECONDS + " s");
    }
    return (System.nanoTime() - start) / 1e6;
  }

  /// {@return milliseconds of each, one after another}
  static double[] inTurn(List<Talker> talkers) throws InterruptedException {
    double[] values = new double[talkers.size()];
    for (int i = 0; i < values.length; i++) {
      values[i] = talkers.get(i).say();
    }
    return values;
  }

  /// {@return milliseconds of each, all at the same time}
  static double[] together(List<Talker> talkers) throws Exception {
    List<Callable<Double>> calls = new ArrayList<>();
    for (Talker talker : talkers) {
      calls.add(talker::say);
    }
    return atOnce(calls).stream().mapToDouble(value -> value).toArray();
  }

  /// {@return what each call gives, when all have been made at the same time}
  static <T> List<T> atOnce(List<Callable<T>> calls) throws Exception {
    List<T> results = new ArrayList<>();
    try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      for (Future<T> call : threads.invokeAll(calls)) {
        results.add(call.get());
      }
    }
    return results;
  }

  @Override
  public void close() {
    socket.abort();
  }
}
