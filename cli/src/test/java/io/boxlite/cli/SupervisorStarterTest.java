package io.boxlite.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.boxlite.api.Boxlite;
import io.boxlite.api.StorageException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// With shell scripts in the place of the supervisor.
class SupervisorStarterTest {
  @TempDir Path directory;
  private final FakeBoxlite boxlite = new FakeBoxlite();

  private SupervisorStarter starter(String script, Duration deadline) throws IOException {
    Path file = Files.writeString(directory.resolve("launcher"), script);
    Map<String, String> environment =
        Map.of(
            "PATH",
            System.getenv("PATH"),
            "BOXLITE_API_KEY",
            "secret",
            "BOXLITE_SECRET_KEY",
            "a secret phrase",
            "BOXLITE_LOG",
            "debug",
            "BOXLITE_WARM_POOL",
            "3",
            "BOXLITE_TEMPLATES",
            "off",
            "OTEL_EXPORTER_OTLP_HEADERS",
            "key=secret",
            "BOXLITE_LOG_FORMAT",
            "json");
    return new SupervisorStarter(
        home(), List.of("sh", file.toString()), environment, this::connect, deadline);
  }

  private Path home() {
    return directory.resolve("home");
  }

  private Optional<Boxlite> connect(Path home) {
    return Files.exists(home.resolve("up")) ? Optional.of(boxlite) : Optional.empty();
  }

  @Test
  void startsASupervisorInASessionOfItsOwnAndWaitsForIt() throws IOException {
    SupervisorStarter starter =
        starter(
            """
            echo "$@" > args
            env > env
            cat > input
            ps -o sid= -p $$ > sid
            echo $$ > pid
            touch up
            """,
            Duration.ofSeconds(20));
    assertThat(starter.connect()).isSameAs(boxlite);
    assertThat(home().resolve("args"))
        .hasContent("__supervisor --home " + home() + " --confidential");
    assertThat(Files.readString(home().resolve("input")).split("\0"))
        .containsExactlyInAnyOrder(
            "BOXLITE_SECRET_KEY=a secret phrase", "OTEL_EXPORTER_OTLP_HEADERS=key=secret");
    assertThat(Files.readString(home().resolve("sid")).strip())
        .isEqualTo(Files.readString(home().resolve("pid")).strip());
    assertThat(home().resolve("env"))
        .content()
        .contains(
            "BOXLITE_LOG=debug",
            "BOXLITE_WARM_POOL=3",
            "BOXLITE_TEMPLATES=off",
            "BOXLITE_LOG_FORMAT=json");
    assertThat(home().resolve("env")).content().doesNotContain("secret");
    assertThat(Files.getPosixFilePermissions(home())).hasSize(3);
  }

  @Test
  void tellsWhatASupervisorThatDiedSaid() throws IOException {
    SupervisorStarter starter =
        starter("echo first; echo boom >&2; exit 3", Duration.ofSeconds(20));
    assertThatThrownBy(starter::connect)
        .isInstanceOf(StorageException.class)
        .hasMessageContaining("ended with exit code 3")
        .hasMessageContaining("supervisor.log: first | boom");
  }

  @Test
  void tellsWhatADeadSupervisorLoggedAsJson() throws IOException {
    SupervisorStarter starter =
        starter(
            "echo '{\"time\":\"t\",\"level\":\"ERROR\",\"logger\":\"l\",\"message\":\"boom\","
                + "\"exception\":\"long\"}'; exit 3",
            Duration.ofSeconds(20));
    assertThatThrownBy(starter::connect).hasMessageEndingWith("supervisor.log: boom");
  }

  @Test
  void waitsForAnotherOwnerUntilTheDeadline() throws IOException {
    SupervisorStarter starter = starter("exit 0", Duration.ofMillis(300));
    assertThatThrownBy(starter::connect)
        .isInstanceOf(StorageException.class)
        .hasMessageContaining("did not answer within");
  }

  @Test
  void startsNothingWhenASupervisorAnswers() throws IOException {
    Files.createDirectories(home());
    Files.createFile(home().resolve("up"));
    assertThat(starter("exit 1", Duration.ofSeconds(1)).connect()).isSameAs(boxlite);
    assertThat(home().resolve("logs")).doesNotExist();
  }
}
