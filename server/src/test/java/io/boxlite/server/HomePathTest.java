package io.boxlite.server;

import static org.assertj.core.api.Assertions.assertThat;

import io.boxlite.api.BoxOptions;
import io.boxlite.api.Boxlite;
import io.boxlite.api.ExecOptions;
import io.boxlite.api.Execution;
import io.boxlite.client.AttachedProvider;
import io.boxlite.client.RemoteBoxlite;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(30)
class HomePathTest {
  private static final String LONG = "a-name-of-thirty-characters-/";

  @TempDir Path directory;

  @ParameterizedTest
  @ValueSource(
      strings = {
        LONG + LONG + LONG + LONG + LONG + LONG,
        "with spaces and 'quotes'",
        "mit Ümläuten und 漢字",
        LONG + LONG + LONG + "with spaces and 漢字 漢字 漢字 漢字 漢字 漢字 漢字"
      })
  void aHomeMayHaveAnyPath(String name) throws Exception {
    Path home = Files.createDirectories(directory.resolve(name));
    Path socket = home.resolve("boxlite.sock");
    FakeBoxlite fake = new FakeBoxlite();
    try (RestServer server = RestServer.open(fake, socket);
        RemoteBoxlite client = RemoteBoxlite.find(socket).orElseThrow();
        Boxlite provided = new AttachedProvider().open(home, java.util.List.of()).orElseThrow()) {
      String id = client.create(BoxOptions.ofImage("base").build()).id();
      assertThat(client.list()).singleElement().extracting("id").isEqualTo(id);
      assertThat(provided.list()).hasSize(1);
      Execution execution = client.get(id).orElseThrow().exec(ExecOptions.of("x"));
      FakeExecution command = fake.only().execution(execution);
      command.out.write("hello");
      command.end(0);
      assertThat(new String(execution.stdout().readAllBytes(), StandardCharsets.UTF_8))
          .isEqualTo("hello");
      assertThat(server.connections()).isPositive();
    }
    assertThat(socket).doesNotExist();
  }
}
