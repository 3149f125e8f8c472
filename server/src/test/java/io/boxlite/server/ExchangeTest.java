package io.boxlite.server;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.InputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.eclipse.jetty.server.Handler;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;
import org.eclipse.jetty.util.Callback;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(30)
class ExchangeTest {
  private static final Duration LIMIT = Duration.ofMillis(200);

  private final BlockingQueue<String> read = new LinkedBlockingQueue<>();
  private final Server server = new Server();
  private final ServerConnector connector = new ServerConnector(server);
  private volatile Duration before = Duration.ZERO;

  @BeforeEach
  void serve() throws Exception {
    connector.setHost("127.0.0.1");
    connector.setIdleTimeout(0);
    server.addConnector(connector);
    server.setHandler(
        new Handler.Abstract() {
          @Override
          public boolean handle(Request request, Response response, Callback callback)
              throws Exception {
            Exchange exchange =
                new Exchange(request, response, callback, Map.of(), Tracing.RequestSpan.NONE);
            exchange.withinStalls(LIMIT, () -> read(exchange));
            return true;
          }
        });
    server.start();
  }

  @AfterEach
  void stop() throws Exception {
    server.stop();
  }

  private void read(Exchange exchange) {
    try (InputStream body = exchange.body()) {
      // As a copy does that waits for another.
      assertThat(new CountDownLatch(1).await(before.toMillis(), TimeUnit.MILLISECONDS)).isFalse();
      read.add(new String(body.readAllBytes(), US_ASCII));
    } catch (Exception e) {
      read.add(e.toString());
    }
    exchange.noContent();
  }

  private Socket send(String body, int length) throws Exception {
    Socket client = new Socket(InetAddress.getLoopbackAddress(), connector.getLocalPort());
    String head = "PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: " + length + "\r\n\r\n";
    client.getOutputStream().write((head + body).getBytes(US_ASCII));
    return client;
  }

  @Test
  void workThatWaitsForSomethingElseHasNotStalled() throws Exception {
    before = LIMIT.multipliedBy(4);
    try (Socket client = send("hello", 5)) {
      assertThat(read.take()).isEqualTo("hello");
      byte[] answer = client.getInputStream().readNBytes(12);
      assertThat(new String(answer, US_ASCII)).isEqualTo("HTTP/1.1 204");
    }
  }

  @Test
  void bodyThatDoesNotComeHas() throws Exception {
    before = LIMIT.multipliedBy(2);
    try (Socket _ = send("hell", 5)) {
      assertThat(read.take()).contains("Timeout");
    }
  }
}
