package io.boxlite.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/// Three hosts beside this one, in a network namespace of their own, that serve HTTP (80), HTTPS
/// (443, and 8443 by HTTP/1.1 only), UDP echo (7) and TCP echo (9, 19), and remember all that
/// arrived (`src/test/go/probe`). Needs root.
final class OtherHosts implements AutoCloseable {
  private static final String PREFIX = "bl-it-";
  private static final long PID = ProcessHandle.current().pid();

  /// Of the networks for tests, RFC 2544: one for each process, so that several have no quarrel.
  private static final String NETWORK = "198." + (18 + PID / 256 % 2) + "." + PID % 256 + ".";

  static final String ALLOWED = NETWORK + "10";

  static final String FORBIDDEN = NETWORK + "20";

  /// To where a name of [#ALLOWED] moves.
  static final String MOVED = NETWORK + "30";

  private static final String HERE = NETWORK + "1/24";

  private final String namespace = PREFIX + PID;
  private final String here = "blh" + PID;
  private final Queue<String> arrivals = new ConcurrentLinkedQueue<>();
  private final Process process;

  /// @param probe the program
  /// @param certificate of the servers, PEM
  /// @param key its key, PEM
  OtherHosts(Path probe, Path certificate, Path key) throws IOException {
    removeLeftovers();
    TestHome.onHost("ip", "netns", "add", namespace);
    try {
      String there = "blt" + PID;
      TestHome.onHost("ip", "link", "add", here, "type", "veth", "peer", "name", there);
      TestHome.onHost("ip", "link", "set", there, "netns", namespace);
      TestHome.onHost("ip", "address", "add", HERE, "dev", here);
      TestHome.onHost("ip", "link", "set", here, "up");
      for (String address : List.of(ALLOWED, FORBIDDEN, MOVED)) {
        TestHome.onHost("ip", "-n", namespace, "address", "add", address + "/24", "dev", there);
      }
      TestHome.onHost("ip", "-n", namespace, "link", "set", there, "up");
      process =
          new ProcessBuilder(
                  "ip",
                  "netns",
                  "exec",
                  namespace,
                  probe.toString(),
                  "serve",
                  certificate.toString(),
                  key.toString(),
                  ALLOWED,
                  FORBIDDEN,
                  MOVED)
              .redirectError(ProcessBuilder.Redirect.INHERIT)
              .start();
      BufferedReader lines = process.inputReader();
      assertThat(lines.readLine()).as("the servers listen").isEqualTo("{}");
      Thread.ofVirtual().name("arrivals").start(() -> lines.lines().forEach(arrivals::add));
    } catch (IOException | RuntimeException | AssertionError e) {
      remove(namespace, here);
      throw e;
    }
  }

  /// {@return addresses by name, and of names that lead where nobody may go}
  static Map<String, InetAddress> names() throws IOException {
    return Map.of(
        "allowed.test", InetAddress.getByName(ALLOWED),
        "other.test", InetAddress.getByName(FORBIDDEN),
        "again.test", InetAddress.getByName(ALLOWED),
        "metadata.test", InetAddress.getByName("169.254.169.254"),
        "loopback.test", InetAddress.getByName("127.0.0.1"),
        "inside.test", InetAddress.getByName("192.168.127.1"));
  }

  /// {@return a line of JSON for each thing that has arrived so far}
  List<String> arrivals() {
    return List.copyOf(arrivals);
  }

  /// {@return the addresses that names may have, in this order}
  static List<InetAddress> addresses(String... literals) {
    return Stream.of(literals).map(InetAddress::ofLiteral).toList();
  }

  /// Removes what tests left that were killed. Their servers ended with their standard input.
  private static void removeLeftovers() throws IOException {
    List<String> namespaces = TestHome.onHost("ip", "netns", "list").out().lines().toList();
    for (String line : namespaces) { // a name, and perhaps its number
      String name = line.split(" ", 2)[0];
      if (name.matches(PREFIX + "[0-9]+")) {
        long pid = Long.parseLong(name.substring(PREFIX.length()));
        if (ProcessHandle.of(pid).filter(ProcessHandle::isAlive).isEmpty()) {
          remove(name, "blh" + pid);
        }
      }
    }
  }

  private static void remove(String namespace, String here) {
    try {
      new ProcessBuilder("ip", "link", "delete", here).start().waitFor();
      new ProcessBuilder("ip", "netns", "delete", namespace).start().waitFor();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  @Override
  public void close() throws IOException {
    process.getOutputStream().close();
    try {
      if (!process.waitFor(10, TimeUnit.SECONDS)) {
        process.destroyForcibly();
      }
    } catch (InterruptedException e) {
      process.destroyForcibly();
      Thread.currentThread().interrupt();
    }
    remove(namespace, here);
  }
}
