package io.boxlite.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// The network of a box is changed by commands while it runs, and found changed later.
class NetworkCommandsIT {
  private static final Pattern LOCAL = Pattern.compile("127\\.0\\.0\\.1:(\\d+)");
  private static final Pattern HOST = Pattern.compile("80/tcp -> 0\\.0\\.0\\.0:(\\d+)");
  private static final String REQUEST = "GET /index.html HTTP/1.0\r\n\r\n";

  @AutoClose private final TestHome home = new TestHome();

  @BeforeEach
  void open() {
    home.run("run", "-d", "--name", "n", "base", "sleep", "100000").ok();
    sh("mkdir /www && echo from the box > /www/index.html && httpd -p 80 -h /www").ok();
  }

  private TestHome.Result sh(String script) {
    return home.run("exec", "n", "--", "sh", "-c", script);
  }

  private static String get(int port) throws IOException {
    try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
      socket.getOutputStream().write(REQUEST.getBytes(StandardCharsets.US_ASCII));
      socket.shutdownOutput();
      return new String(socket.getInputStream().readAllBytes(), StandardCharsets.US_ASCII);
    }
  }

  private static int match(Pattern pattern, String text) {
    Matcher matcher = pattern.matcher(text);
    assertThat(matcher.find()).as(text).isTrue();
    return Integer.parseInt(matcher.group(1));
  }

  private static boolean isRefused(int port) {
    try (Socket _ = new Socket(InetAddress.getLoopbackAddress(), port)) {
      return false;
    } catch (ConnectException e) {
      return true;
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }

  @Test
  void portsArePublishedAndEndedWhileABoxRunsAndKeptAcrossItsEnds() throws Exception {
    int port = match(HOST, home.run("network", "publish", "n", "80").ok().out());
    assertThat(get(port)).contains("from the box");
    assertThat(home.run("port", "n", "80").ok().out()).isEqualTo("0.0.0.0:" + port + "\n");
    assertThat(home.run("port", "n", "81").exitCode()).isNotZero();
    TestHome.Result taken = home.run("network", "publish", "n", port + ":81");
    assertThat(taken.err()).contains("0.0.0.0:" + port + "/tcp");
    assertThat(taken.exitCode()).isNotZero();

    home.killSupervisor();
    assertThat(match(HOST, home.run("port", "n").ok().out())).isEqualTo(port);
    home.run("restart", "n").ok();
    sh("httpd -p 80 -h /www").ok();
    int next = match(HOST, home.run("port", "n").ok().out());
    assertThat(get(next)).contains("from the box");

    home.run("network", "unpublish", "n", next + "/tcp").ok();
    assertThat(isRefused(next)).isTrue();
    assertThat(home.run("port", "n").ok().out()).isEmpty();
    TestHome.Result again = home.run("network", "unpublish", "n", String.valueOf(next));
    assertThat(again.err()).contains("does not lead into box");
    assertThat(again.exitCode()).isNotZero();
  }

  @Test
  void rulesChangeAtOnceForOpenConnectionsAndAreKept() throws Exception {
    try (ServerSocket server = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      String target = "host.boxlite.internal " + server.getLocalPort();
      Process client = home.start("exec", "n", "--", "sh", "-c", "nc " + target + " < /dev/zero");
      try (Socket connection = server.accept()) {
        InputStream in = connection.getInputStream();
        assertThat(in.read()).isZero();
        home.run("network", "deny", "n", "host.boxlite.internal").ok();
        byte[] buffer = new byte[1 << 16];
        try {
          while (in.read(buffer) >= 0) {
            // what was under way
          }
        } catch (IOException _) {
          // Cut off.
        }
      }
      assertThat(client.waitFor(30, TimeUnit.SECONDS)).isTrue();
      assertThat(sh("nc " + target + " < /dev/null").exitCode()).isNotZero();
      home.killSupervisor();
      assertThat(home.run("network", "show", "n").ok().out()).contains("host.boxlite.internal");
      assertThat(sh("nc " + target + " < /dev/null").exitCode()).isNotZero();
      home.run("network", "allow", "n", "host.boxlite.internal").ok();
      Process again = home.start("exec", "n", "--", "sh", "-c", "nc " + target + " < /dev/null");
      server.accept().close();
      assertThat(again.waitFor(30, TimeUnit.SECONDS)).isTrue();
    }
    TestHome.Result everything = home.run("network", "allow", "n", "10.0.0.0/8");
    assertThat(everything.err()).contains("--only");
    home.run("network", "allow", "--only", "n", "10.0.0.0/8").ok();
    assertThat(sh("wget -q -O - http://198.51.100.7/").exitCode()).isNotZero();
    assertThat(home.run("network", "deny", "n", "10.0.0.0/8").err()).contains("last allowed rule");
  }

  @Test
  void tunnelsAndForwardedPortsReachWhatIsNotPublished() throws Exception {
    TestHome.Result answer =
        home.runWithInput(
            REQUEST.getBytes(StandardCharsets.US_ASCII), "network", "tunnel", "n", "80");
    assertThat(answer.ok().out()).contains("from the box");
    assertThat(home.run("network", "tunnel", "n", "81").err()).contains("refused");

    Process forward = home.start("network", "port-forward", "n", "0:80");
    try (BufferedReader said = forward.errorReader()) {
      int port = match(LOCAL, said.readLine());
      for (int i = 0; i < 3; i++) {
        assertThat(get(port)).contains("from the box");
      }
    } finally {
      forward.destroy();
    }
    home.run("stop", "n").ok();
    assertThat(home.run("network", "tunnel", "n", "80").err()).contains("does not run");
  }

  @Test
  void theLogIsFollowedUntilTheBoxIsRemoved() throws Exception {
    Process log = home.start("network", "log", "-f", "n");
    try (BufferedReader lines = log.inputReader()) {
      sh("wget -q -O - http://169.254.169.254/");
      assertThat(lines.readLine()).contains("169.254.169.254", "\"denied\"");
      home.run("rm", "-f", "n").ok();
      assertThat(log.waitFor(30, TimeUnit.SECONDS)).isTrue();
    }
  }
}
