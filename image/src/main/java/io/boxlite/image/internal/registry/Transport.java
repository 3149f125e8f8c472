package io.boxlite.image.internal.registry;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpTimeoutException;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import javax.net.ssl.SSLContext;

/// Sends requests, one answer each: no redirect, no retry, no login. Thread-safe.
final class Transport implements AutoCloseable {
  private static final int PATIENCE_FOR_UPLOADS =
      5; // registries copy what they got before they answer

  /// How much of a request's body has gone.
  interface Sending {
    Sending NOTHING = () -> 0;

    long sentBytes();
  }

  private final ExecutorService executor =
      Executors.newThreadPerTaskExecutor(Thread.ofVirtual().name("registry-", 0).factory());
  private final HttpClient client;
  private final Patience patience;

  Transport(SSLContext tls, Proxies proxies, Patience patience) {
    this.patience = patience;
    client =
        HttpClient.newBuilder()
            .version(HttpClient.Version.HTTP_1_1)
            .followRedirects(HttpClient.Redirect.NEVER)
            .connectTimeout(patience.connect())
            .executor(executor)
            .proxy(proxies)
            .sslContext(tls)
            .build();
  }

  /// Sends a request and waits for its answer. Fails when the answer does not come in time after
  /// the body was sent, or the body does not go on for as long.
  ///
  /// @throws InterruptedIOException if the thread was interrupted; its flag stays set
  /// @throws IOException if there is no proper answer
  Answer send(HttpRequest request, Sending sending) throws IOException {
    CompletableFuture<HttpResponse<BodyStream>> future =
        client.sendAsync(request, _ -> new BodyStream(patience.stall()));
    boolean answered = false;
    try {
      HttpResponse<BodyStream> response = await(future, sending);
      answered = true;
      return Answer.of(response);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw (IOException) new InterruptedIOException("interrupted").initCause(e);
    } catch (ExecutionException e) {
      Throwable cause = e.getCause() == null ? e : e.getCause();
      if (cause instanceof IOException failure) {
        throw failure;
      }
      throw new IOException(Errors.text(cause), cause);
    } finally {
      if (!answered) {
        future.cancel(true);
        CompletableFuture<Void> _ = future.thenAccept(late -> late.body().close());
      }
    }
  }

  private HttpResponse<BodyStream> await(
      CompletableFuture<HttpResponse<BodyStream>> future, Sending sending)
      throws InterruptedException, ExecutionException, HttpTimeoutException {
    Duration wait = patience.answer();
    long seen = 0;
    for (int idle = 0; ; ) {
      try {
        return future.get(wait.toNanos(), TimeUnit.NANOSECONDS);
      } catch (TimeoutException e) {
        long sent = sending.sentBytes();
        idle = sent == seen ? idle + 1 : 0;
        seen = sent;
        if (sent == 0 || idle >= PATIENCE_FOR_UPLOADS) {
          throw new HttpTimeoutException("no answer for " + wait.toSeconds() + " s");
        }
      }
    }
  }

  /// Ends everything that is under way.
  @Override
  public void close() {
    client.shutdownNow();
    executor.shutdownNow();
  }
}
