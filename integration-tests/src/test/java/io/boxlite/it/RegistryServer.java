package io.boxlite.it;

import static org.assertj.core.api.Assertions.assertThat;

import io.boxlite.api.ImageRegistry;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublisher;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// Debian's `docker-registry` on loopback over plain http, with what a test puts into it.
final class RegistryServer implements AutoCloseable {
  private static final Pattern LISTENING = Pattern.compile("listening on (127\\.0\\.0\\.1:[0-9]+)");

  private final Process process;
  private final String host;
  private final HttpClient client = HttpClient.newHttpClient();

  /// Starts it and waits until it listens.
  ///
  /// @param directory of its own
  RegistryServer(Path directory) throws IOException {
    Files.createDirectories(directory);
    Path config = directory.resolve("config.yml");
    Path log = directory.resolve("log");
    Files.writeString(
        config,
        """
        version: 0.1
        log: {accesslog: {disabled: true}}
        storage: {filesystem: {rootdirectory: %s/data}}
        http: {addr: "127.0.0.1:0"}
        """
            .formatted(directory));
    process =
        new ProcessBuilder("docker-registry", "serve", config.toString())
            .redirectErrorStream(true)
            .redirectOutput(log.toFile())
            .start();
    TestHome.await("registry listens", () -> !process.isAlive() || address(log).isPresent());
    host = address(log).orElseThrow(() -> new IllegalStateException("it ended: see " + log));
  }

  private static Optional<String> address(Path log) {
    try {
      Matcher found = LISTENING.matcher(Files.readString(log));
      return found.find() ? Optional.of(found.group(1)) : Optional.empty();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /// {@return host and port}
  String host() {
    return host;
  }

  /// {@return the entry that says that a host of this machine speaks http}
  static ImageRegistry overHttp(String host) {
    return new ImageRegistry(
        host, true, false, false, Optional.empty(), Optional.empty(), List.of());
  }

  /// Sends a blob as it is.
  void putBlob(String repository, byte[] content) throws IOException, InterruptedException {
    HttpResponse<String> upload =
        send("POST", "/v2/" + repository + "/blobs/uploads/", "", BodyPublishers.noBody());
    String location = upload.headers().firstValue("Location").orElseThrow();
    URI target = URI.create("http://" + host).resolve(location);
    send(
        "PUT",
        target.getRawPath()
            + "?"
            + (target.getRawQuery() == null ? "" : target.getRawQuery() + "&")
            + "digest="
            + TestImage.digest(content),
        "application/octet-stream",
        BodyPublishers.ofByteArray(content));
  }

  /// Sends a manifest or an index.
  void putManifest(String repository, String tag, String mediaType, byte[] content)
      throws IOException, InterruptedException {
    send(
        "PUT",
        "/v2/" + repository + "/manifests/" + tag,
        mediaType,
        BodyPublishers.ofByteArray(content));
  }

  private HttpResponse<String> send(
      String method, String path, String contentType, BodyPublisher body)
      throws IOException, InterruptedException {
    HttpRequest.Builder request =
        HttpRequest.newBuilder(URI.create("http://" + host + path)).method(method, body);
    if (!contentType.isEmpty()) {
      request.header("Content-Type", contentType);
    }
    HttpResponse<String> answer = client.send(request.build(), BodyHandlers.ofString());
    assertThat(answer.statusCode())
        .as("%s %s: %s", method, path, answer.body())
        .isBetween(200, 299);
    return answer;
  }

  @Override
  public void close() {
    client.close();
    process.destroy();
    try {
      if (!process.waitFor(10, TimeUnit.SECONDS)) {
        process.destroyForcibly();
      }
    } catch (InterruptedException e) {
      process.destroyForcibly();
      Thread.currentThread().interrupt();
    }
  }
}
