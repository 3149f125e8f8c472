package io.boxlite.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.boxlite.api.AlreadyExistsException;
import io.boxlite.api.Box;
import io.boxlite.api.BoxInfo;
import io.boxlite.api.BoxLog;
import io.boxlite.api.BoxOptions;
import io.boxlite.api.BoxStatus;
import io.boxlite.api.Boxlite;
import io.boxlite.api.ConfigException;
import io.boxlite.api.CopyOptions;
import io.boxlite.api.ExecException;
import io.boxlite.api.ExecOptions;
import io.boxlite.api.Execution;
import io.boxlite.api.ExitStatus;
import io.boxlite.api.ImageException;
import io.boxlite.api.InvalidStateException;
import io.boxlite.api.LogOptions;
import io.boxlite.api.LogStream;
import io.boxlite.api.NotFoundException;
import io.boxlite.api.SnapshotInfo;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.EnumSource;

/// The library does the same however a program has the runtime: in itself, through the socket of
/// another process, or through `boxlite serve`.
@ParameterizedClass(name = "{0}")
@EnumSource
class ContractIT {
  enum Way {
    EMBEDDED,
    SOCKET,
    TCP
  }

  @Parameter private Way way;
  @AutoClose private final TestHome home = new TestHome();
  @TempDir private Path host;
  private Process server;
  private Boxlite boxlite;

  @BeforeEach
  void open() throws IOException {
    switch (way) {
      case EMBEDDED -> boxlite = Boxlite.open(home.home());
      case SOCKET -> {
        home.run("list").ok(); // starts a supervisor
        boxlite = Boxlite.open(home.home());
      }
      case TCP -> {
        String key = home.run("auth", "key", "create", "contract").ok().out().strip();
        server = home.start("serve", "--port", "0", "--host", "127.0.0.1");
        boxlite = Boxlite.rest(SdkIT.url(server), key);
      }
    }
  }

  @AfterEach
  void close() throws InterruptedException {
    if (boxlite != null) {
      boxlite.close();
    }
    if (server != null) {
      server.destroy();
      assertThat(server.waitFor(20, TimeUnit.SECONDS)).isTrue();
    }
  }

  private static String text(InputStream stream) throws IOException {
    return new String(stream.readAllBytes(), StandardCharsets.UTF_8);
  }

  private Box box(String name, String script) {
    return boxlite.create(
        BoxOptions.ofImage("base").name(name).cmd(List.of("sh", "-c", script)).build());
  }

  @Test
  void aBoxLivesRunsCommandsAndIsGone() throws Exception {
    Box box = box("one", "echo started; exec sleep 1000");
    assertThat(box.info().status()).isEqualTo(BoxStatus.CONFIGURED);
    assertThatThrownBy(() -> box("one", "true")).isInstanceOf(AlreadyExistsException.class);
    box.start();
    assertThat(boxlite.list()).extracting(BoxInfo::id).containsExactly(box.id());
    assertThat(boxlite.get("one").orElseThrow().id()).isEqualTo(box.id());

    Execution cat = box.exec(ExecOptions.of("sh", "-c", "cat; echo problem >&2; exit 7"));
    cat.stdin().write("späte Eingabe".getBytes(StandardCharsets.UTF_8));
    cat.stdin().close();
    assertThat(text(cat.stdout())).isEqualTo("späte Eingabe");
    assertThat(text(cat.stderr())).isEqualTo("problem\n");
    assertThat(cat.waitFor()).isEqualTo(new ExitStatus(7, 0, false));
    Execution killed = box.exec(ExecOptions.of("sleep", "1000"));
    assertThat(killed.waitFor(Duration.ofMillis(50))).isEmpty();
    killed.kill();
    assertThat(killed.waitFor()).isEqualTo(new ExitStatus(0, 9, false));
    assertThat(
            box.exec(ExecOptions.builder("sleep", "1000").timeout(Duration.ofMillis(200)).build())
                .waitFor()
                .timedOut())
        .isTrue();
    Execution tty =
        box.exec(ExecOptions.builder("sh", "-c", "read x; stty size").tty(true).build());
    tty.resize(24, 80);
    tty.stdin().write('\n');
    tty.stdin().flush();
    assertThat(text(tty.stdout())).contains("24 80");

    try (LogStream log = box.logs(LogOptions.of(BoxLog.INIT))) {
      assertThat(log.next().orElseThrow().bytes()).asString().isEqualTo("started\n");
    }
    assertThat(box.metrics().memoryBytes()).isPresent();
    assertThatThrownBy(() -> box.remove(false)).isInstanceOf(InvalidStateException.class);
    box.stop(Duration.ZERO);
    assertThat(box.waitFor(Duration.ofSeconds(20)).orElseThrow().status())
        .isEqualTo(BoxStatus.STOPPED);
    box.remove(false);
    assertThatThrownBy(box::info).isInstanceOf(NotFoundException.class);
    assertThat(boxlite.list()).isEmpty();
    assertThat(home.boxDirectories()).isEmpty();
  }

  @Test
  void filesSnapshotsAndClonesAreTheSame() throws Exception {
    Box box = box("files", "exec sleep 1000");
    box.start();
    Path tree = Files.createDirectories(host.resolve("tree/below"));
    Files.writeString(tree.resolve("file"), "content");
    assertThat(box.copyIn(host.resolve("tree"), "/there", CopyOptions.DEFAULT)).isEmpty();
    assertThat(box.copyOut("/there", host.resolve("back"), CopyOptions.DEFAULT)).isEmpty();
    assertThat(host.resolve("back/below/file")).hasContent("content");
    assertThatThrownBy(() -> box.copyOut("/none", host.resolve("none"), CopyOptions.DEFAULT))
        .isInstanceOf(NotFoundException.class);
    box.stop(Duration.ZERO);
    SnapshotInfo kept = box.snapshots().create("kept");
    assertThat(box.snapshots().list()).containsExactly(kept);
    Box twin = box.cloneBox(java.util.Optional.of("twin"));
    twin.start();
    Execution cat = twin.exec(ExecOptions.of("cat", "/there/below/file"));
    assertThat(text(cat.stdout())).isEqualTo("content");
    twin.remove(true);
    box.remove(true);
  }

  @Test
  void failuresAreOfTheSameKind() {
    assertThat(boxlite.get("none")).isEmpty();
    assertThatThrownBy(() -> boxlite.create(BoxOptions.ofImage("base").cpus(10_000).build()))
        .isInstanceOf(ConfigException.class);
    assertThatThrownBy(() ->
            boxlite.create(BoxOptions.ofImage("none:1").pull(BoxOptions.PullPolicy.NEVER).build()))
        .isInstanceOf(ImageException.class);
    Box box = box("failing", "exec sleep 1000");
    box.start();
    assertThatThrownBy(() -> box.exec(ExecOptions.of("/no/such")).waitFor())
        .isInstanceOf(ExecException.class)
        .hasMessageContaining("/no/such");
    assertThatThrownBy(() -> box.snapshots().remove("none")).isInstanceOf(NotFoundException.class);
    box.remove(true);
    assertThatThrownBy(box::start).isInstanceOf(NotFoundException.class);
  }
}
