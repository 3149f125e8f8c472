package io.boxlite.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;

import io.boxlite.api.Box;
import io.boxlite.api.BoxOptions;
import io.boxlite.api.Boxlite;
import io.boxlite.api.ConfigException;
import io.boxlite.api.ExecOptions;
import io.boxlite.api.Execution;
import io.boxlite.api.NetworkException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// The command line and the library through `boxlite serve`, from another home.
class RemoteIT {
  @AutoClose private final TestHome home = new TestHome();
  @AutoClose private final TestHome other = new TestHome();
  @TempDir private Path directory;
  private Process server;
  private String url;
  private String key;

  @BeforeEach
  void serve() throws IOException {
    key = home.run("auth", "key", "create", "remote").ok().out().strip();
    server = home.start("serve", "--port", "0", "--host", "127.0.0.1");
    url = SdkIT.url(server);
  }

  @AfterEach
  void stop() throws InterruptedException {
    server.destroy();
    assertThat(server.waitFor(20, TimeUnit.SECONDS)).isTrue();
  }

  private TestHome.Result login(String withKey) {
    byte[] input = withKey.getBytes(StandardCharsets.US_ASCII);
    return other.runWithInput(input, "auth", "login", "--url", url, "--api-key-stdin");
  }

  @Test
  void commandsOfWhoHasLoggedInAreForTheServer() throws IOException {
    assertThat(login("wrong").err()).contains("authentication failed", "credentials not saved");
    assertThat(other.run("auth", "status").out()).contains("Not logged in");
    assertThat(login(key).ok().out()).isEqualTo("Logged in as remote\n");
    assertThat(other.run("auth", "whoami").ok().out()).contains("Server: " + url, "box:exec");

    assertThat(other.run("run", "--name", "far", "base", "echo", "over there").ok().out())
        .isEqualTo("over there\n");
    assertThat(other.run("ps", "-a").ok().out()).contains("far");
    assertThat(home.run("ps", "-a").ok().out()).contains("far");
    assertThat(other.run("logs", "far").ok().out()).isEqualTo("over there\n");
    other.run("run", "-d", "--name", "stays", "base", "sleep", "1000").ok();
    byte[] typed = "typed".getBytes(StandardCharsets.US_ASCII);
    assertThat(other.runWithInput(typed, "exec", "-i", "stays", "--", "cat").ok().out())
        .isEqualTo("typed");
    assertThat(other.run("exec", "stays", "--", "sh", "-c", "exit 7").exitCode()).isEqualTo(7);
    Path file = Files.writeString(directory.resolve("file"), "content");
    other.run("cp", file.toString(), "stays:/there").ok();
    assertThat(other.run("cp", "stays:/there", "-").ok().out()).contains("content");
    assertThat(other.run("stats", "stays").ok().out()).contains("Memory");
    assertThat(other.run("run", "-v", directory + ":/m", "base", "true").err())
        .contains("auth: files and directories of the server's machine");
    assertThat(other.run("auth", "key", "ls").err()).contains("on the machine of the server");
    other.run("rm", "-f", "far", "stays").ok();

    other.run("auth", "logout", "-y").ok();
    assertThat(other.run("ps", "-aq").ok().out()).isEmpty();
    assertThat(other.boxDirectories()).isEmpty();
    assertThat(home.boxDirectories()).isEmpty();
  }

  private static String failure(Boxlite remote) {
    Throwable failure = catchThrowable(remote::list);
    assertThat(failure).isInstanceOf(NetworkException.class);
    return String.valueOf(failure.getMessage());
  }

  @Test
  void libraryIsTheSameThroughAServerThatComesAndGoes() throws Exception {
    try (Boxlite remote = Boxlite.rest(url, key)) {
      Box box = remote.create(BoxOptions.ofImage("base").cmd(List.of("sleep", "1000")).build());
      box.start();
      Execution echo = box.exec(ExecOptions.of("echo", "hello"));
      assertThat(new String(echo.stdout().readAllBytes(), StandardCharsets.UTF_8))
          .isEqualTo("hello\n");
      assertThat(echo.waitFor().code()).isZero();
      server.destroyForcibly().waitFor();
      // For a moment it may still say itself that it leaves; then nobody answers.
      TestHome.await("no answer from " + url, () -> failure(remote).contains(url));
    }
    server = home.start("serve", "--port", "0", "--host", "127.0.0.1");
    url = SdkIT.url(server);
    assertThatThrownBy(() -> Boxlite.rest(url, "wrong").list())
        .isInstanceOf(ConfigException.class)
        .hasMessageContaining("auth: invalid or missing API key");
    // The box has not noticed.
    assertThat(home.run("ps", "-q").ok().out()).isNotEmpty();
    assertThat(home.vms()).hasSize(1);
  }

  @Test
  void whoIsAttachedIsToldThatTheServerLeavesAndFindsItsCommandWithTheNext() throws Exception {
    try (Boxlite remote = Boxlite.rest(url, key)) {
      Box box = remote.create(BoxOptions.ofImage("base").cmd(List.of("sleep", "1000")).build());
      box.start();
      Execution command = box.exec(ExecOptions.of("sh", "-c", "echo first; read x; echo $x"));
      InputStream out = command.stdout();
      assertThat(out.readNBytes(6)).asString(StandardCharsets.UTF_8).isEqualTo("first\n");
      server.destroy(); // SIGTERM
      assertThatThrownBy(out::readAllBytes)
          .isInstanceOf(IOException.class)
          .hasMessageContaining("the server is shutting down");
      assertThat(server.waitFor(20, TimeUnit.SECONDS)).isTrue();
      assertThat(server.exitValue()).isZero();
      server = home.start("serve", "--port", "0", "--host", "127.0.0.1");
      url = SdkIT.url(server);
      try (Boxlite next = Boxlite.rest(url, key)) {
        Execution same = next.get(box.id()).orElseThrow().execution(command.id()).orElseThrow();
        same.stdin().write("second\n".getBytes(StandardCharsets.US_ASCII));
        same.stdin().close();
        assertThat(same.stdout().readAllBytes())
            .asString(StandardCharsets.UTF_8)
            .endsWith("second\n");
        assertThat(same.waitFor().code()).isZero();
      }
    }
    home.run("rm", "-fa").ok();
  }
}
