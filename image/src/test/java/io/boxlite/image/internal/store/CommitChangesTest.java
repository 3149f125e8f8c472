package io.boxlite.image.internal.store;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.boxlite.api.ConfigException;
import io.boxlite.image.ImageCommit;
import io.boxlite.image.ImageReference;
import io.boxlite.image.internal.oci.Config;
import io.boxlite.image.internal.oci.Digest;
import io.boxlite.image.internal.oci.JsonTree;
import io.boxlite.image.internal.oci.OciJson;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.Test;

final class CommitChangesTest {
  private static final Digest DIFF_ID = Digest.of(new byte[1]);
  private static final Instant NOW = Instant.parse("2026-01-02T03:04:05Z");
  private static final String BASE =
      """
      {"architecture":"amd64","os":"linux","created":"2020-01-01T00:00:00Z","author":"before",
       "variant":null,"x.future":{"deep":[1,-0.25,12345678901234567890,true,null,{}]},
       "config":{"Env":["PATH=/bin","A=1"],"Cmd":["sh"],"User":"1","WorkingDir":"/w",
         "Labels":{"a":"1"},"Healthcheck":{"Interval":30000000000},"Entrypoint":null},
       "rootfs":{"type":"layers","diff_ids":[]},"history":[]}
      """;

  private static byte[] json(String base, String... changes) {
    ImageCommit commit =
        new ImageCommit(ImageReference.parse("new:1"), "me", "why", List.of(changes));
    return Commit.configOf(base.getBytes(UTF_8), DIFF_ID, commit, NOW);
  }

  private static Config.RunConfig changed(String... changes) {
    return OciJson.config(json(BASE, changes)).process();
  }

  @Test
  void unknownFieldsStayAsTheyAre() {
    String json = new String(json(BASE), UTF_8);
    assertThat(json)
        .contains("\"x.future\":{\"deep\":[1,-0.25,12345678901234567890,true,null,{}]}")
        .contains("\"variant\":null")
        .contains("\"Healthcheck\":{\"Interval\":30000000000}")
        .contains("\"created\":\"2026-01-02T03:04:05Z\"")
        .contains("\"author\":\"me\"")
        .contains("\"diff_ids\":[\"" + DIFF_ID + "\"]")
        .contains("\"comment\":\"why\"");
    assertThat(JsonTree.write(JsonTree.read(json.getBytes(UTF_8), "it")))
        .isEqualTo(json.getBytes(UTF_8));
  }

  @Test
  void smallestConfigurationGetsWhatItLacks() {
    Config config = OciJson.config(json("{\"rootfs\":{\"diff_ids\":[]}}", "CMD a"));
    assertThat(config.diffIds()).containsExactly(DIFF_ID);
    assertThat(config.process().cmd()).containsExactly("/bin/sh", "-c", "a");
  }

  @Test
  void commandsHaveTwoForms() {
    assertThat(changed("CMD [\"a\", \"b c\"]").cmd()).containsExactly("a", "b c");
    assertThat(changed("cmd echo $HOME && [ -e x ]").cmd())
        .containsExactly("/bin/sh", "-c", "echo $HOME && [ -e x ]");
    assertThat(changed("CMD [ -e x ]").cmd()).containsExactly("/bin/sh", "-c", "[ -e x ]");
    assertThat(changed("CMD []").cmd()).isEmpty();
  }

  @Test
  void newEntrypointTakesTheOldCommandAway() {
    Config.RunConfig alone = changed("ENTRYPOINT [\"/e\"]");
    assertThat(alone.entrypoint()).containsExactly("/e");
    assertThat(Config.texts(alone.cmd())).isEmpty();
    assertThat(changed("CMD x", "ENTRYPOINT [\"/e\"]").cmd()).hasSize(3);
    assertThat(changed("ENTRYPOINT [\"/e\"]", "CMD [\"x\"]").cmd()).containsExactly("x");
  }

  @Test
  void variablesAreSetInPlaceAndExpanded() {
    assertThat(changed("ENV A=2 B=\"x y\" C='$A' D=\\$A E=${A}b").env())
        .containsExactly("PATH=/bin", "A=2", "B=x y", "C=$A", "D=$A", "E=1b");
    assertThat(changed("ENV PATH=$PATH:/opt/bin", "ENV OLD form of it").env())
        .containsExactly("PATH=/bin:/opt/bin", "A=1", "OLD=form of it");
  }

  @Test
  void otherInstructionsSetTheirFields() {
    Config.RunConfig config =
        changed(
            "LABEL a=2 \"b c\"=\"d e\"",
            "EXPOSE 80 53/udp 8000-8002",
            "VOLUME /data /logs",
            "VOLUME [\"/a b\"]",
            "USER alice:wheel",
            "WORKDIR sub",
            "STOPSIGNAL SIGINT");
    assertThat(config.labels()).containsEntry("a", "2").containsEntry("b c", "d e");
    assertThat(config.exposedPorts())
        .containsOnlyKeys("80/tcp", "53/udp", "8000/tcp", "8001/tcp", "8002/tcp");
    assertThat(config.volumes()).containsOnlyKeys("/data", "/logs", "/a b");
    assertThat(config.user()).isEqualTo("alice:wheel");
    assertThat(config.workingDir()).isEqualTo("/w/sub");
    assertThat(config.stopSignal()).isEqualTo("SIGINT");
    assertThat(config.healthcheck()).isNotNull();
  }

  @Test
  void malformedChangesAreRefused() {
    for (String change :
        List.of(
            "",
            "CMD",
            "RUN x",
            "ENV A",
            "ENV =x",
            "ENV A=1 B",
            "ENV A=\"x",
            "ENV A=${B:-c}",
            "EXPOSE http",
            "EXPOSE 0",
            "EXPOSE 9-8",
            "EXPOSE 70000",
            "USER a b",
            "STOPSIGNAL a;b",
            "LABEL x",
            "CMD a\0b",
            "CMD [\"\\u0000\"]")) {
      assertThatThrownBy(() -> CommitChanges.check(List.of(change)))
          .as(change)
          .isInstanceOf(ConfigException.class)
          .hasMessageContaining("invalid change");
    }
    assertThatThrownBy(
            () -> new ImageCommit(ImageReference.parse("a@" + DIFF_ID), "", "", List.of()))
        .isInstanceOf(ConfigException.class);
  }
}
