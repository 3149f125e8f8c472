package io.boxlite.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.nio.file.Path;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;

/// Two hosts beside this one, in a network namespace of their own, that serve HTTP (80), HTTPS
/// (443), UDP echo (7) and TCP echo (9), and remember all that arrived (`src/test/go/probe`). Needs
/// root.
final class OtherHosts implements AutoCloseable {
  /// Of the networks for documentation, RFC 5737.
  static final String ALLOWED = "198.51.100.10";

  static final String FORBIDDEN = "198.51.100.20";

  private static final String HERE = "198.51.100.1/24";

  private final String namespace = "bl-it-" + ProcessHandle.current().pid();
  private final String here = "blh" + ProcessHandle.current().pid();
  private final Queue<String> arrivals = new ConcurrentLinkedQueue<>();
  private final Process process;

  /// @param probe the program
  /// @param certificate of the servers, PEM
  /// @param key its key, PEM
  OtherHosts(Path probe, Path certificate, Path key) throws IOException {
    run("ip", "netns", "add", namespace);
    try {
      String there = "blt" + ProcessHandle.current().pid();
      run("ip", "link", "add", here, "type", "veth", "peer", "name", there);
      run("ip", "link", "set", there, "netns", namespace);
      run("ip", "address", "add", HERE, "dev", here);
      run("ip", "link", "set", here, "up");
      for (String address : List.of(ALLOWED, FORBIDDEN)) {
        run("ip", "-n", namespace, "address", "add", address + "/24", "dev", there);
      }
      run("ip", "-n", namespace, "link", "set", there, "up");
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
                  FORBIDDEN)
              .redirectError(ProcessBuilder.Redirect.INHERIT)
              .start();
      BufferedReader lines = process.inputReader();
      assertThat(lines.readLine()).as("the servers listen").isEqualTo("{}");
      Thread.ofVirtual().name("arrivals").start(() -> lines.lines().forEach(arrivals::add));
    } catch (IOException | RuntimeException | AssertionError e) {
      removeNamespace();
      throw e;
    }
  }

  /// {@return addresses by name, and of names that lead where nobody may go}
  static java.util.Map<String, InetAddress> names() throws IOException {
    return java.util.Map.of(
        "allowed.test", InetAddress.getByName(ALLOWED),
        "other.test", InetAddress.getByName(FORBIDDEN),
        "metadata.test", InetAddress.getByName("169.254.169.254"),
        "loopback.test", InetAddress.getByName("127.0.0.1"),
        "inside.test", InetAddress.getByName("192.168.127.1"));
  }

  /// {@return a line of JSON for each thing that has arrived so far}
  List<String> arrivals() {
    return List.copyOf(arrivals);
  }

  private static TestHome.Result run(String... command) throws IOException {
    return TestHome.finish(new ProcessBuilder(command).start(), new byte[0]).ok();
  }

  private void removeNamespace() {
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
    removeNamespace();
  }
}
