package io.boxlite.rest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.boxlite.api.BootTiming;
import io.boxlite.api.BoxInfo;
import io.boxlite.api.BoxMetrics;
import io.boxlite.api.BoxOptions;
import io.boxlite.api.BoxStatus;
import io.boxlite.api.BoxliteException;
import io.boxlite.api.ConfigException;
import io.boxlite.api.ErrorCode;
import io.boxlite.api.ExecOptions;
import io.boxlite.api.ExitStatus;
import io.boxlite.api.HealthCheck;
import io.boxlite.api.HealthStatus;
import io.boxlite.api.NetworkInfo;
import io.boxlite.api.PortMapping;
import io.boxlite.api.PublishedPort;
import io.boxlite.api.RestartPolicy;
import io.boxlite.api.RuntimeInfo;
import io.boxlite.api.SecretInfo;
import io.boxlite.api.StartOrigin;
import io.boxlite.api.TemplateInfo;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;

class MappingTest {
  @Test
  void numbersThatAreNoIntegerOf32BitsAreRefusedByName() {
    for (String number : List.of("4294967297", "-4294967295", "1e99", "1.5", "\"2\"")) {
      String json = "{\"image\":\"base\",\"cpus\":" + number + "}";
      assertThatThrownBy(() ->
              JsonCodec.readStrictly(CreateBoxBody.class, json.getBytes(StandardCharsets.UTF_8)))
          .isInstanceOf(ConfigException.class)
          .hasMessageContaining("cpus");
    }
    byte[] fits =
        "{\"image\":\"base\",\"cpus\":1,\"memory_mib\":null}".getBytes(StandardCharsets.UTF_8);
    assertThat(JsonCodec.readStrictly(CreateBoxBody.class, fits).cpus()).isEqualTo(1);
  }

  @Test
  void boxOptionsSurviveTheWire() {
    BoxOptions options =
        BoxOptions.ofImage("base")
            .name("n")
            .env("A", "ü")
            .cmd(List.of("sh", ""))
            .entrypoint(List.of())
            .capAdd(List.of("ALL"))
            .diskSizeGb(3)
            .tty(true)
            .detach(true)
            .noTemplate(true)
            .restart(RestartPolicy.parse("on-failure:3"))
            .healthCheck(
                new HealthCheck(
                    List.of("CMD", "check", "it"),
                    Optional.of(Duration.ofMillis(1290)),
                    Optional.empty(),
                    Optional.of(Duration.ZERO),
                    Optional.of(4)))
            .pull(BoxOptions.PullPolicy.NEVER)
            .build();
    byte[] json = JsonCodec.write(OptionMapping.toBody(options));
    assertThat(OptionMapping.toOptions(JsonCodec.readStrictly(CreateBoxBody.class, json)))
        .isEqualTo(options);
  }

  private static BoxInfo box(Optional<BootTiming> boot) {
    return new BoxInfo(
        "01A",
        Optional.of("web"),
        BoxStatus.RUNNING,
        Instant.EPOCH,
        Instant.EPOCH.plusSeconds(1),
        OptionalLong.of(42),
        "base",
        2,
        256,
        OptionalInt.empty(),
        Optional.empty(),
        true,
        false,
        true,
        new NetworkInfo(
            true,
            List.of("*.example.com"),
            List.of("10.0.0.0/8"),
            List.of(new PublishedPort(80, "127.0.0.1", 8080, PortMapping.Protocol.TCP)),
            List.of(new SecretInfo("key", List.of("api.example.com"))),
            Optional.of("gone")),
        Optional.of(
            new HealthStatus(
                HealthStatus.State.UNHEALTHY,
                4,
                List.of(
                    new HealthStatus.Probe(
                        Instant.EPOCH, Instant.EPOCH.plusMillis(5), 3, "down\n")))),
        2,
        true,
        boot);
  }

  @Test
  void theStagesOfEveryKindOfStartSurviveTheWire() {
    for (StartOrigin origin : StartOrigin.values()) {
      BoxInfo sent =
          box(
              Optional.of(
                  new BootTiming(
                      origin,
                      Duration.ofMillis(27),
                      Duration.ofMillis(2),
                      Duration.ofMillis(3),
                      Duration.ofMillis(4),
                      Duration.ofMillis(5),
                      Duration.ofMillis(6),
                      Duration.ofMillis(7))));
      byte[] json = JsonCodec.write(BoxMapping.toBody(sent));
      assertThat(new String(json, StandardCharsets.UTF_8))
          .contains("\"origin\":\"" + origin.wireName() + "\"", "\"total_create_ms\":27");
      assertThat(BoxMapping.toInfo(JsonCodec.read(BoxBody.class, json))).isEqualTo(sent);
    }
  }

  @Test
  void aBoxThatWasNotStartedHasNoStages() {
    BoxInfo sent = box(Optional.empty());
    byte[] json = JsonCodec.write(BoxMapping.toBody(sent));
    assertThat(new String(json, StandardCharsets.UTF_8)).doesNotContain("boot_timing");
    assertThat(BoxMapping.toInfo(JsonCodec.read(BoxBody.class, json))).isEqualTo(sent);
  }

  @Test
  void aRuntimeThatDoesNotTellItsWarmVmsHasNone() {
    RuntimeInfo sent =
        new RuntimeInfo("1", Path.of("/h"), "e", "v", "linux", "x86_64", 4, 1, 2, 1, 3, 2);
    byte[] json = JsonCodec.write(BoxMapping.toBody(sent));
    assertThat(BoxMapping.toInfo(JsonCodec.read(InfoBody.class, json))).isEqualTo(sent);
    String older = new String(json, StandardCharsets.UTF_8).replace(",\"warm_vms\":2", "");
    assertThat(older).doesNotContain("warm_vms");
    byte[] bytes = older.getBytes(StandardCharsets.UTF_8);
    assertThat(BoxMapping.toInfo(JsonCodec.read(InfoBody.class, bytes)).warmVms()).isZero();
  }

  @Test
  void templatesSurviveTheWire() {
    TemplateInfo sent =
        new TemplateInfo("k1", 2, 256, 1L << 33, Instant.EPOCH, Instant.EPOCH.plusNanos(7), true);
    byte[] json = JsonCodec.write(BoxMapping.toBody(sent));
    assertThat(new String(json, StandardCharsets.UTF_8))
        .contains("\"memory_mib\":256", "\"size_bytes\":8589934592", "\"in_use\":true");
    assertThat(BoxMapping.toInfo(JsonCodec.read(TemplateBody.class, json))).isEqualTo(sent);
  }

  @Test
  void anOddDateOfATemplateDoesNotMakeAListUnreadable() {
    TemplateBody odd = new TemplateBody("k1", 1, 256, 7, "yesterday", "", false);
    assertThat(BoxMapping.toInfo(odd).createdAt()).isEqualTo(Instant.EPOCH);
    assertThat(BoxMapping.toInfo(odd).lastUsedAt()).isEqualTo(Instant.EPOCH);
  }

  @Test
  void aBoxOfAnOlderClientStartsFromATemplate() {
    assertThat(OptionMapping.toOptions(strict("{\"image\":\"base\"}")).noTemplate()).isFalse();
  }

  @Test
  void theImageOfABoxIsFetchedWhenItIsMissingUnlessSaidOtherwise() {
    assertThat(OptionMapping.toOptions(strict("{\"image\":\"base\"}")).pull())
        .isEqualTo(BoxOptions.PullPolicy.MISSING);
    assertThatThrownBy(
            () -> OptionMapping.toOptions(strict("{\"image\":\"base\",\"pull\":\"Always\"}")))
        .isInstanceOf(ConfigException.class)
        .hasMessageContaining("pull 'Always' must be missing, never or always");
  }

  @Test
  void figuresOfABoxWithoutANetworkHaveNoneOfIt() {
    BoxMetrics metrics =
        new BoxMetrics(
            3,
            1,
            Optional.of(Duration.ofMillis(1500)),
            OptionalDouble.of(99.5),
            OptionalLong.of(1 << 20),
            OptionalLong.of(4096),
            Optional.empty(),
            Optional.empty());
    byte[] json = JsonCodec.write(BoxMapping.toBody(metrics));
    assertThat(new String(json, StandardCharsets.UTF_8))
        .contains("\"commands_executed_total\":3", "\"exec_errors_total\":1")
        .contains("\"bytes_sent_total\":0", "\"bytes_received_total\":0")
        .contains("\"cpu_percent\":99.5", "\"cpu_time_ms\":1500")
        .contains("\"memory_bytes\":1048576", "\"disk_bytes\":4096")
        .doesNotContain("network_");
    assertThat(BoxMapping.toMetrics(JsonCodec.read(BoxMetricsBody.class, json))).isEqualTo(metrics);
  }

  @Test
  void aStartOfUnknownOriginIsTakenForACold() {
    for (String origin : List.of("", "\"origin\":\"teleported\",")) {
      String json =
          "{\"commands_executed_total\":0,\"exec_errors_total\":0,\"boot_timing\":{"
              + origin
              + "\"total_create_ms\":7,\"guest_boot_ms\":null}}";
      byte[] bytes = json.getBytes(StandardCharsets.UTF_8);
      BootTiming boot =
          BoxMapping.toMetrics(JsonCodec.read(BoxMetricsBody.class, bytes)).boot().orElseThrow();
      assertThat(boot.origin()).isEqualTo(StartOrigin.COLD);
      assertThat(boot.total()).isEqualTo(Duration.ofMillis(7));
      assertThat(boot.guestBoot()).isZero();
    }
  }

  @Test
  void execOptionsSurviveTheWire() {
    ExecOptions options =
        ExecOptions.builder("sh", "-c", "x")
            .env("A", "b")
            .user("root")
            .size(24, 80)
            .tty(true)
            .timeout(Duration.ofMillis(2500))
            .detach(true)
            .build();
    byte[] json = JsonCodec.write(OptionMapping.toBody(options));
    assertThat(OptionMapping.toOptions(JsonCodec.read(ExecBody.class, json))).isEqualTo(options);
  }

  @Test
  void everyKindOfErrorSurvivesTheWire() {
    for (ErrorCode code : ErrorCode.values()) {
      BoxliteException sent = BoxliteException.of(code, "why", "text", Map.of("k", "v"));
      byte[] json = JsonCodec.write(ErrorEnvelope.of(sent, "id"));
      BoxliteException got = ErrorEnvelope.toException(code.httpStatus(), json);
      assertThat(got).hasSameClassAs(sent).hasMessage(sent.getMessage());
      assertThat(got.reason()).isEqualTo("why");
      assertThat(got.details()).isEqualTo(Map.of("k", "v"));
    }
  }

  @Test
  void exitCodesOnTheWire() {
    assertThat(Frames.exitCode(new ExitStatus(0, 9, false), false)).isEqualTo(-9);
    assertThat(Frames.exitCode(new ExitStatus(0, 9, false), true)).isEqualTo(137);
    assertThat(Frames.exitStatus(-9, true)).isEqualTo(new ExitStatus(0, 9, true));
    assertThat(Frames.exitStatus(137, false).shellCode()).isEqualTo(137);
  }

  @Test
  void faultsOfJsonNameTheField() {
    for (String bad : new String[] {"{\"cpus\":\"x\"}", "{\"cpus\":[]}", "{\"cpus\":1e99}"}) {
      assertThatThrownBy(() -> OptionMapping.toOptions(strict(bad)))
          .as(bad)
          .isInstanceOf(ConfigException.class)
          .hasMessageContaining("cpus");
    }
    for (String bad : new String[] {"", "{", "[]", "null", "7", "{\"name\":\"\\ud8\"}", "{}x{"}) {
      assertThatThrownBy(() -> OptionMapping.toOptions(strict(bad)))
          .as(bad)
          .isInstanceOf(ConfigException.class);
    }
  }

  private static CreateBoxBody strict(String json) {
    return JsonCodec.readStrictly(CreateBoxBody.class, json.getBytes(StandardCharsets.UTF_8));
  }

  @Test
  void pathSegmentsAreEncoded() {
    assertThat(Paths.box("a/b c")).isEqualTo("/v1/boxes/a%2Fb%20c");
    assertThat(Paths.box("..")).isEqualTo("/v1/boxes/%2E%2E");
  }
}
