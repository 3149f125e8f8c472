package io.boxlite.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.boxlite.api.BoxOptions;
import io.boxlite.api.BoxStatus;
import io.boxlite.api.ImageRegistry;
import io.boxlite.api.ImageRegistry.Credentials;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ImageCommandsTest {
  @TempDir Path directory;
  private final CommandLineHarness cli = new CommandLineHarness();

  private String ok(String... arguments) {
    assertThat(cli.run(arguments)).as(cli::err).isZero();
    return cli.out();
  }

  @Test
  void pullPrintsWhatTheSpecificationSays() {
    assertThat(ok("pull", "--platform", "linux/arm64", "alpine:3"))
        .isEqualTo("Pulled: docker.io/library/alpine:3\nDigest: sha256:c0ffee\nLayers: 2\n");
    assertThat(cli.boxlite.images.calls).containsExactly("pull alpine:3 linux/arm64");
    assertThat(cli.err()).isEqualTo("bbbbbbbbbbbb: already exists\naaaaaaaaaaaa: done, 1.00kB\n");
  }

  @Test
  void quietPullPrintsTheDigestOnly() {
    cli.terminal.errorsShown = true;
    assertThat(ok("image", "pull", "-q", "alpine")).isEqualTo("sha256:c0ffee\n");
    assertThat(cli.err()).isEmpty();
  }

  @Test
  void pullOnATerminalDrawsAndOnADumbOneDoesNot() {
    cli.terminal.errorsShown = true;
    ok("pull", "alpine");
    assertThat(cli.err()).contains("\u001b[", "Total  ");
    CommandLineHarness dumb = new CommandLineHarness();
    dumb.terminal.errorsShown = true;
    dumb.environment.put("TERM", "dumb");
    assertThat(dumb.run("pull", "alpine")).isZero();
    assertThat(dumb.err()).doesNotContain("\u001b");
  }

  @Test
  void aFailedPullIsOneLine() {
    assertThat(cli.run("pull", "nowhere")).isEqualTo(1);
    assertThat(cli.err()).isEqualTo("Error: images error: the registry has no such image\n");
  }

  @Test
  void anImageThatIsHereIsNotAskedFor() {
    ok("run", "base");
    assertThat(cli.boxlite.images.calls).isEmpty();
    assertThat(cli.boxlite.created)
        .extracting(BoxOptions::pull)
        .containsExactly(BoxOptions.PullPolicy.NEVER);
  }

  @Test
  void runAndCreatePullWhatIsMissing() {
    ok("run", "alpine");
    assertThat(cli.boxlite.images.calls).containsExactly("pull alpine");
    assertThat(cli.err()).startsWith("Image 'alpine' is not here yet, pulling it\n");
    assertThat(ok("create", "--quiet-pull", "other")).isEqualTo("01NEW2\n");
    assertThat(cli.err()).doesNotContain("other");
  }

  @Test
  void pullPolicies() {
    ok("run", "--pull", "always", "base");
    assertThat(cli.boxlite.images.calls).containsExactly("pull base");
    assertThat(cli.run("run", "--pull", "never", "alpine")).isEqualTo(1);
    assertThat(cli.run("run", "--pull", "sometimes", "base")).isEqualTo(2);
    assertThat(cli.boxlite.images.calls).hasSize(1);
    ok("run", "--platform", "linux/amd64", "base");
    assertThat(cli.boxlite.images.calls).hasSize(1);
    ok("run", "--platform", "linux/arm64", "base");
    assertThat(cli.boxlite.images.calls).endsWith("pull base linux/arm64");
  }

  @Test
  void rmiShowsWhatIsGoneAndGoesOn() {
    assertThat(cli.run("rmi", "-f", "nope", "base")).isEqualTo(1);
    assertThat(cli.out())
        .isEqualTo("Untagged: docker.io/library/base:latest\nDeleted: " + FakeImages.ID + "\n");
    assertThat(cli.err())
        .contains("Error removing image 'nope': ", "Error: Some images could not be removed");
  }

  @Test
  void pruneAsksFirst() {
    cli.stdin = "n\n".getBytes(StandardCharsets.UTF_8);
    assertThat(ok("image", "prune")).isEmpty();
    assertThat(cli.boxlite.images.calls).isEmpty();
    cli.stdin = "y\n".getBytes(StandardCharsets.UTF_8);
    assertThat(ok("image", "prune", "-a"))
        .isEqualTo(
            "Untagged: old:1\nDeleted: " + FakeImages.ID + "\nTotal reclaimed space: 12.3MB\n");
    ok("image", "prune", "--force");
    assertThat(cli.boxlite.images.calls).containsExactly("prune true", "prune false");
  }

  @Test
  void saveWritesAFileOrStandardOutputButNoTerminal() throws IOException {
    assertThat(ok("save", "base")).isEqualTo("tar");
    Path file = directory.resolve("a.tar");
    ok("image", "save", "-o", file.toString(), "--format", "oci", "base", "b");
    assertThat(file).hasContent("tar");
    assertThat(cli.boxlite.images.calls)
        .containsExactly("save [base] DOCKER", "save [base, b] OCI");
    cli.terminal.outputShown = true;
    assertThat(cli.run("save", "base")).isEqualTo(1);
    assertThat(cli.err()).contains("cannot write an archive to a terminal");
  }

  @Test
  void aFailedSaveLeavesTheFileAsItWas() throws IOException {
    Path file = Files.writeString(directory.resolve("a.tar"), "old");
    cli.boxlite.images.saveFails = true;
    assertThat(cli.run("save", "-o", file.toString(), "base")).isEqualTo(1);
    assertThat(file).hasContent("old");
    assertThat(directory).isDirectoryContaining(file::equals);
    assertThat(directory.toFile().list()).hasSize(1);
  }

  @Test
  void tagPushCommitAndDiskUsage() {
    ok("tag", "base", "mine:1");
    assertThat(ok("push", "mine:1")).isEqualTo("Pushed: mine:1\nDigest: " + FakeImages.ID + "\n");
    assertThat(cli.boxlite.images.calls).containsExactly("tag base mine:1", "push mine:1");
    cli.boxlite.with("01C", "web", BoxStatus.RUNNING);
    ok("commit", "-a", "me", "-m", "why", "-c", "CMD [\"x\"]", "web", "mine:2");
    assertThat(cli.out()).endsWith("sha256:commit\n");
    assertThat(cli.boxlite.calls).contains("commit 01C mine:2 me why [CMD [\"x\"]]");
  }

  @Test
  void systemDfAsTableAndTemplate() {
    assertThat(ok("system", "df"))
        .isEqualTo(
            """
            ┌────────┬───────┬────────┬────────┬──────────────┐
            │ TYPE   │ TOTAL │ ACTIVE │ SIZE   │ RECLAIMABLE  │
            ├────────┼───────┼────────┼────────┼──────────────┤
            │ Images │ 4     │ 1      │ 2.00GB │ 500MB (25%)  │
            │ Boxes  │ 0     │ 0      │ 0B     │ 0B           │
            └────────┴───────┴────────┴────────┴──────────────┘
            """
                .replace("RECLAIMABLE  │", "RECLAIMABLE │")
                .replace("(25%)  │", "(25%) │")
                .replace("0B           │", "0B          │")
                .replace("──────────────", "─────────────"));
    assertThat(ok("system", "df", "--format", "{{.Type}} {{.Size}}"))
        .endsWith("Images 2.00GB\nBoxes 0B\n");
  }

  @Test
  void historyIsNewestFirst() {
    assertThat(ok("history", "base"))
        .contains(
            "│ 0123456789ab │                         │ CMD\\n[\"sh\"]", "1.23MB", "first", "…")
        .contains("│ <missing>    │ 1970-01-01 00:00:00 UTC │ ADD rootfs x");
    CommandLineHarness full = new CommandLineHarness();
    assertThat(full.run("history", "--no-trunc", "-q", "base")).isZero();
    assertThat(full.out()).isEqualTo(FakeImages.ID + "\n<missing>\n");
  }

  @Test
  void inspectShowsAnImageUnderDockersKeys() {
    assertThat(ok("inspect", "base"))
        .contains("\"Id\": \"" + FakeImages.ID + "\"", "\"RepoTags\": [")
        .contains("\"docker.io/library/base@" + FakeImages.ID + "\"")
        .contains("\"80/tcp\": {}", "\"Labels\": {\n        \"a\": \"1\"", "\"Type\": \"layers\"");
    assertThat(ok("image", "inspect", "-f", "{{.Os}}/{{.Architecture}} {{.Config.Cmd}}", "base"))
        .endsWith("linux/amd64 [sh]\n");
    assertThat(cli.run("image", "inspect", "nope")).isEqualTo(1);
    assertThat(cli.err()).isEqualTo("Error: no such image: nope\n");
  }

  @ParameterizedTest
  @CsvSource({"base, 1", "base:latest, 1", "docker.io/library/base, 1", "base:2, 0", "bas, 0"})
  void imagesOfAName(String name, int count) {
    assertThat(ok("images", "-q", name).lines()).hasSize(count);
  }

  @Test
  void imagesWithDigestsInFull() {
    assertThat(ok("image", "ls", "--digests", "--no-trunc"))
        .contains("│ DIGEST ", "│ " + FakeImages.ID + " │ " + FakeImages.ID + " │");
  }

  @Test
  void groupsExplainThemselves() {
    assertThat(ok("image", "--help")).contains("Usage: boxlite image COMMAND", "  prune ");
    assertThat(cli.run("image")).isEqualTo(2);
    assertThat(cli.run("image", "melt")).isEqualTo(2);
    assertThat(cli.err())
        .contains("missing argument: ls, pull", "unknown action 'melt' of image; use one of ls");
    for (String shell : new String[] {"bash", "fish"}) {
      assertThat(ok("completion", shell)).contains("prune", "quiet-pull", "system");
    }
  }

  private String config(String json) throws IOException {
    return Files.writeString(directory.resolve("c.json"), json).toString();
  }

  @Test
  void registriesOfFlagsComeBeforeThoseOfTheFile() throws IOException {
    String file =
        config(
            """
            {"home_dir":"/configured","image_registries":[
              {"host":"a.example","search":true,"ca_file":"ca.pem","mirrors":["http://m.example:80"]},
              {"host":"b.example:5000","transport":"http","skip_verify":true,
               "auth":{"type":"basic","username":"u","password":"hunter2"}},
              {"host":"c.example","auth":{"type":"bearer","token":"t"}}]}
            """);
    ok("--config", file, "list", "--registry", "B.example:5000", "--registry", "d.example");
    assertThat(cli.homes).containsExactly(Path.of("/configured"));
    assertThat(cli.registries)
        .extracting(ImageRegistry::host)
        .containsExactly("b.example:5000", "d.example", "a.example", "c.example");
    ImageRegistry first = cli.registries.getFirst();
    assertThat(first.plainHttp()).isTrue();
    assertThat(first.search()).isTrue();
    assertThat(first.credentials()).contains(new Credentials.Basic("u", "hunter2"));
    assertThat(cli.registries.get(2).caFile())
        .isEqualTo(Optional.of(directory.resolve("ca.pem").toString()));
    ok("--config", file, "--home", "/flag", "list");
    assertThat(cli.homes).endsWith(Path.of("/flag"));
  }

  @ParameterizedTest
  @CsvSource(
      delimiterString = "=>",
      quoteCharacter = '`',
      value = {
        "{\"image_registries\":[{\"host\":\"h\",\"auth\":{\"type\":\"basic\",\"password\":\"hunter2\" => not valid JSON",
        "[\"hunter2\"] => must be an object",
        "{\"hunter\":\"hunter2\"} => hunter is not known",
        "{\"image_registries\":[\"hunter2\"]} => image_registries[0] must be an object",
        "{\"image_registries\":[{\"auth\":{}}]} => image_registries[0].host is missing",
        "{\"image_registries\":[{\"host\":\"h\",\"passwd\":\"hunter2\"}]} => image_registries[0].passwd is not known",
        "{\"image_registries\":[{\"host\":\"h\",\"auth\":{\"type\":\"hunter2\"}}]} => image_registries[0].auth.type must be one of anonymous, basic, bearer",
        "{\"image_registries\":[{\"host\":\"h\",\"auth\":{\"type\":\"basic\",\"username\":\"u\"}}]} => image_registries[0].auth.password is missing",
        "{\"image_registries\":[{\"host\":\"http://h\"}]} => must be a host",
        "{\"home_dir\":7} => home_dir must be a text",
      })
  void aBadConfigurationIsRefusedWithoutShowingSecrets(String json, String message)
      throws IOException {
    String file = config(json);
    assertThat(cli.run("--config", file, "--debug", "list")).isEqualTo(1);
    assertThat(cli.err())
        .contains("Failed to parse config file " + file + ": ", message)
        .doesNotContain("hunter2");
  }

  @Test
  void aMissingConfigurationIsRefused() {
    assertThat(cli.run("--config", "/no/such.json", "list")).isEqualTo(1);
    assertThat(cli.err()).isEqualTo("Error: Configuration file not found: /no/such.json\n");
    assertThat(cli.run("--registry", "http://x", "list")).isEqualTo(1);
    assertThat(cli.homes).isEmpty();
  }
}
