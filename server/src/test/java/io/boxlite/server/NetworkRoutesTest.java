package io.boxlite.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.boxlite.api.BoxNetwork;
import io.boxlite.api.NetworkException;
import io.boxlite.api.PortMapping;
import io.boxlite.api.PublishedPort;
import io.boxlite.api.Tunnel;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@OnEachTransport
@Timeout(30)
class NetworkRoutesTest extends ServedTest {
  @Test
  void rulesPortsAndTheLogGoThroughTheClient() throws Exception {
    BoxNetwork network = running().network();
    assertThat(network.allow(List.of("a.test", "*.b.test:443"), true).allowNet())
        .containsExactly("a.test", "*.b.test:443");
    assertThat(network.deny(List.of("10.0.0.0/8")).denyNet()).containsExactly("10.0.0.0/8");
    PortMapping mapping =
        new PortMapping(Optional.of("127.0.0.1"), 0, 53, PortMapping.Protocol.UDP);
    assertThat(network.publish(mapping))
        .isEqualTo(new PublishedPort(53, "0.0.0.0", 4711, PortMapping.Protocol.UDP));
    network.unpublish(4711, PortMapping.Protocol.UDP);
    assertThat(fake.only().network.calls)
        .containsExactly(
            "allow [a.test, *.b.test:443] true",
            "deny [10.0.0.0/8]",
            "publish " + mapping,
            "unpublish 4711 UDP");
    try (var log = network.log(true)) {
      assertThat(log.readAllBytes()).asString(StandardCharsets.UTF_8).contains("true");
    }
  }

  @Test
  void malformedRequestsAreRefused() throws Exception {
    running();
    String path = "/v1/boxes/01BOX1/network/";
    for (String answer :
        List.of(
            request("POST", path + "allow", "{}"),
            request("POST", path + "deny", "{\"rules\":[]}"),
            request("POST", path + "deny", "{\"rules\":[1]}"),
            request("POST", path + "ports", "{\"host_port\":80}"),
            request("POST", path + "ports", "{\"guest_port\":80,\"protocol\":\"icmp\"}"),
            request("DELETE", path + "ports", ""),
            request("DELETE", path + "ports?host_port=x", ""),
            request("DELETE", path + "ports?host_port=80&protocol=x", ""),
            request("GET", path + "tunnel?port=80", ""))) {
      assertThat(answer).startsWith("HTTP/1.1 400 ");
    }
    assertThat(fake.only().network.calls).isEmpty();
  }

  @Test
  void aTunnelCarriesBytesBothWaysAndEndsEachByItself() throws Exception {
    BoxNetwork network = running().network();
    byte[] sent = new byte[3_000_000];
    new Random(1).nextBytes(sent);
    try (ServerSocket server = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
        ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
        Tunnel tunnel = network.tunnel(server.getLocalPort());
        Socket box = server.accept()) {
      Future<?> sending =
          threads.submit(() -> {
            tunnel.output().write(sent);
            tunnel.output().close();
            return null;
          });
      byte[] received = box.getInputStream().readAllBytes();
      sending.get();
      assertThat(received).isEqualTo(sent);
      // The answer comes after the end of the question.
      Future<?> answering =
          threads.submit(() -> {
            box.getOutputStream().write(received);
            box.shutdownOutput();
            return null;
          });
      assertThat(tunnel.input().readAllBytes()).isEqualTo(sent);
      answering.get();
    }
  }

  @Test
  void aTunnelThatIsClosedEndsItsConnection() throws Exception {
    BoxNetwork network = running().network();
    try (ServerSocket server = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      Tunnel tunnel = network.tunnel(server.getLocalPort());
      try (Socket box = server.accept()) {
        tunnel.close();
        tunnel.close();
        assertThat(endOf(box)).isTrue();
      }
    }
  }

  private static boolean endOf(Socket socket) {
    try {
      return socket.getInputStream().read() < 0;
    } catch (IOException e) {
      return true; // reset
    }
  }

  @Test
  void whatCannotBeReachedIsToldBeforeTheUpgrade() throws Exception {
    BoxNetwork network = running().network();
    int port;
    try (ServerSocket server = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      port = server.getLocalPort();
    }
    assertThatThrownBy(() -> network.tunnel(port))
        .isInstanceOf(NetworkException.class)
        .hasMessageContaining("refused");
  }
}
