package io.boxlite.image.internal.registry;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/// Debian's `docker-registry` on a free port of loopback, with its data in a directory of the test.
public final class LocalRegistry implements AutoCloseable {
  private final Process process;
  private final String host;

  private LocalRegistry(Process process, String host) {
    this.process = process;
    this.host = host;
  }

  /// Starts one that anybody may use over http.
  ///
  /// @param directory for its data and configuration
  public static LocalRegistry start(Path directory) throws IOException, InterruptedException {
    return start(directory, "", "");
  }

  /// Starts one.
  ///
  /// @param directory for its data and configuration
  /// @param http further lines of the section `http`, indented by two
  /// @param rest further sections, such as `auth`
  public static LocalRegistry start(Path directory, String http, String rest)
      throws IOException, InterruptedException {
    int port;
    try (ServerSocket free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      port = free.getLocalPort();
    }
    String host = "127.0.0.1:" + port;
    Path config = directory.resolve("registry.yml");
    Files.writeString(
        config,
        "version: 0.1\nlog:\n  level: error\n  accesslog:\n    disabled: true\n"
            + "storage:\n  filesystem:\n    rootdirectory: "
            + directory.resolve("data")
            + "\n  delete:\n    enabled: true\nhttp:\n  addr: "
            + host
            + "\n"
            + http
            + rest);
    Process process =
        new ProcessBuilder("docker-registry", "serve", config.toString())
            .redirectErrorStream(true)
            .redirectOutput(directory.resolve("registry.log").toFile())
            .start();
    LocalRegistry registry = new LocalRegistry(process, host);
    long deadline = System.nanoTime() + Duration.ofSeconds(30).toNanos();
    while (!isListening(port)) {
      if (!process.isAlive() || System.nanoTime() > deadline) {
        registry.close();
        throw new IOException(Files.readString(directory.resolve("registry.log")));
      }
      LockSupport.parkNanos(20_000_000);
    }
    return registry;
  }

  private static boolean isListening(int port) {
    try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
      return socket.isConnected();
    } catch (IOException e) {
      return false;
    }
  }

  /// {@return host and port}
  public String host() {
    return host;
  }

  @Override
  public void close() throws InterruptedException {
    process.destroy();
    if (!process.waitFor(5, TimeUnit.SECONDS)) {
      process.destroyForcibly().waitFor();
    }
  }
}
