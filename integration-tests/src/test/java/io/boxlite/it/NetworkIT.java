package io.boxlite.it;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.NetworkInterface;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// What boxes reach and what leads into them, with real servers.
class NetworkIT {
  private static final Pattern HOST_PORT = Pattern.compile("\"HostPort\": *\"(\\d+)\"");

  private HttpServer web;
  private InetAddress address;
  private NameServer names;
  private TestHome home;

  @BeforeEach
  void open() throws IOException {
    address = ofThisHost();
    names = new NameServer(Map.of("allowed.test", address, "other.test", address));
    home = new TestHome(Map.of("BOXLITE_DNS", names.address()));
    web = HttpServer.create(new InetSocketAddress(0), 0);
    web.createContext(
        "/",
        exchange -> {
          byte[] body =
              ("for " + exchange.getRequestHeaders().getFirst("Host"))
                  .getBytes(StandardCharsets.UTF_8);
          exchange.sendResponseHeaders(200, body.length);
          exchange.getResponseBody().write(body);
          exchange.close();
        });
    web.start();
  }

  @AfterEach
  void close() {
    home.close();
    web.stop(0);
    names.close();
  }

  /// {@return an address that is not the loopback's: those are nobody's in a box}
  private static InetAddress ofThisHost() throws IOException {
    return NetworkInterface.networkInterfaces()
        .flatMap(NetworkInterface::inetAddresses)
        .filter(a -> a instanceof Inet4Address && !a.isLoopbackAddress() && !a.isLinkLocalAddress())
        .findFirst()
        .orElseThrow();
  }

  private int port() {
    return web.getAddress().getPort();
  }

  private String box(String... flags) {
    List<String> arguments = new ArrayList<>(List.of("run", "-d"));
    arguments.addAll(List.of(flags));
    arguments.addAll(List.of("base", "sleep", "1000"));
    return home.run(arguments.toArray(String[]::new)).ok().out().strip();
  }

  private TestHome.Result sh(String box, String script) {
    return home.run("exec", box, "--", "sh", "-c", script);
  }

  private TestHome.Result get(String box, String url) {
    return sh(box, "wget -q -O - " + url);
  }

  @Test
  void boxWithoutRulesReachesTheHostAndTheWorld() throws Exception {
    String box = box();
    assertThat(get(box, "http://host.boxlite.internal:" + port()).ok().out())
        .isEqualTo("for host.boxlite.internal:" + port());
    assertThat(get(box, "http://" + address.getHostAddress() + ":" + port()).ok().out())
        .startsWith("for ");
    assertThat(get(box, "http://other.test:" + port()).ok().out()).startsWith("for other.test");
    assertThat(sh(box, "nslookup no.such.test").err() + sh(box, "nslookup no.such.test").out())
        .contains("NXDOMAIN");
    // By UDP to a port of the host's loopback.
    String server = "192.168.127.254:" + names.port();
    assertThat(sh(box, "nslookup allowed.test " + server).ok().out())
        .contains(address.getHostAddress());
    // Cloud metadata, and the loopback by another name.
    assertThat(sh(box, "wget -q -O - http://169.254.169.254/").exitCode()).isNotZero();
    assertThat(sh(box, "wget -q -O - http://192.168.127.1:" + port()).exitCode()).isNotZero();
  }

  @Test
  void rulesHoldForNamesAddressesAndPorts() {
    String allowed = address.getHostAddress();
    String byName = box("--allow-net", "allowed.test:" + port());
    assertThat(get(byName, "http://allowed.test:" + port()).ok().out())
        .startsWith("for allowed.test");
    for (String url :
        List.of("http://other.test:" + port(), "http://" + allowed + ":" + port() + "/")) {
      assertThat(get(byName, url).exitCode()).as(url).isNotZero();
    }
    assertThat(sh(byName, "nslookup other.test 2>&1").out()).contains("REFUSED");
    assertThat(sh(byName, "nslookup -type=txt allowed.test 2>&1").out()).doesNotContain("text =");
    // The address is known now, but not for another name.
    assertThat(
            sh(
                    byName,
                    "nslookup allowed.test >/dev/null; printf"
                        + " 'GET / HTTP/1.1\\r\\nHost: other.test\\r\\n\\r\\n' | nc -w 5 "
                        + allowed
                        + " "
                        + port())
                .out())
        .contains("do not allow other.test")
        .doesNotContain("for other.test");
    // Each request of a connection counts.
    String two =
        "printf 'GET / HTTP/1.1\\r\\nHost: allowed.test\\r\\n\\r\\nGET / HTTP/1.1\\r\\n"
            + "Host: other.test\\r\\n\\r\\n' | nc -w 5 allowed.test "
            + port();
    assertThat(sh(byName, two).out())
        .contains("for allowed.test", "HTTP/1.1 403")
        .doesNotContain("for other.test");
    assertThat(get(byName, "http://host.boxlite.internal:" + port()).exitCode()).isZero();

    String byAddress = box("--allow-net", allowed + "/32", "--deny-net", allowed + ":1");
    assertThat(get(byAddress, "http://" + allowed + ":" + port()).exitCode()).isZero();
    long begin = System.nanoTime();
    assertThat(get(byAddress, "http://" + allowed + ":1").err()).contains("refused");
    assertThat(get(byAddress, "http://192.0.2.1").err()).contains("refused");
    assertThat(Duration.ofNanos(System.nanoTime() - begin)).isLessThan(Duration.ofSeconds(10));
    TestHome.Result wrong = home.run("run", "--allow-net", "not a rule", "base", "true");
    assertThat(wrong.err()).contains("not a rule");
    assertThat(home.run("list", "-aq").out().lines()).hasSize(2);
  }

  @Test
  void decisionsAreWrittenDown() throws IOException {
    String box = box("--allow-net", "allowed.test:" + port());
    get(box, "http://allowed.test:" + port()).ok();
    get(box, "http://other.test");
    get(box, "http://192.0.2.1");
    home.run("stop", box).ok();
    String log = Files.readString(home.home().resolve("boxes/" + box + "/logs/network.jsonl"));
    assertThat(log).contains("allowed.test").contains("other.test").contains("192.0.2.1");
    assertThat(log.lines()).allMatch(line -> line.startsWith("{") && line.endsWith("}"));
  }

  @Test
  void boxWithoutNetworkHasNoCard() {
    String box = box("--network", "disabled");
    assertThat(sh(box, "ls /sys/class/net").ok().out()).isEqualTo("lo\n");
    assertThat(sh(box, "wget -q -O - http://192.168.127.254:" + port()).exitCode()).isNotZero();
    assertThat(servers()).isEmpty();
  }

  private List<ProcessHandle> servers() {
    return home.processes().stream()
        .filter(process -> process.info().command().orElse("").endsWith("boxlite-net"))
        .toList();
  }

  private String published(String box) {
    Matcher port = HOST_PORT.matcher(home.run("inspect", box).ok().out());
    assertThat(port.find()).isTrue();
    return port.group(1);
  }

  private static String fetch(String port) throws IOException, InterruptedException {
    try (HttpClient client = HttpClient.newHttpClient()) {
      URI uri = URI.create("http://127.0.0.1:" + port + "/hello");
      return client
          .send(
              HttpRequest.newBuilder(uri).timeout(Duration.ofSeconds(30)).build(),
              HttpResponse.BodyHandlers.ofString())
          .body();
    }
  }

  @Test
  void publishedPortsLeadIntoTheBoxAndSurviveTheSupervisor() throws Exception {
    String box =
        home.run(
                "run",
                "-d",
                "-p",
                "127.0.0.1::80",
                "base",
                "sh",
                "-c",
                "mkdir /www; echo of the box > /www/hello; httpd -f -p 80 -h /www")
            .ok()
            .out()
            .strip();
    String port = published(box);
    TestHome.await(
        "httpd listens", () -> sh(box, "wget -q -O - http://127.0.0.1/hello").exitCode() == 0);
    assertThat(fetch(port)).isEqualTo("of the box\n");
    TestHome.Result taken = home.run("run", "-p", port + ":80", "base", "true");
    assertThat(taken.exitCode()).isNotZero();
    assertThat(taken.err()).contains(port).contains("leads into box " + box);

    home.killSupervisor();
    assertThat(fetch(port)).isEqualTo("of the box\n");
    assertThat(published(box)).isEqualTo(port);
    assertThat(fetch(port)).isEqualTo("of the box\n");
    assertThat(get(box, "http://host.boxlite.internal:" + port()).exitCode()).isZero();

    assertThat(servers()).hasSize(1);
    servers().forEach(ProcessHandle::destroyForcibly);
    TestHome.await(
        "the loss is told",
        () -> home.run("inspect", box).out().contains("no network until it is started again"));
    assertThat(sh(box, "echo goes on").ok().out()).isEqualTo("goes on\n");
    home.run("restart", box).ok();
    TestHome.await(
        "httpd listens again",
        () -> sh(box, "wget -q -O - http://127.0.0.1/hello").exitCode() == 0);
    assertThat(fetch(published(box))).isEqualTo("of the box\n");
    home.run("rm", "-f", box).ok();
    TestHome.await("the process ends with the VM", () -> servers().isEmpty());
  }
}
