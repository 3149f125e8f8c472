package io.boxlite.rest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.boxlite.api.BootTiming;
import io.boxlite.api.BoxOptions;
import io.boxlite.api.BoxliteException;
import io.boxlite.api.ConfigException;
import io.boxlite.api.ErrorCode;
import io.boxlite.api.ExecOptions;
import io.boxlite.api.ExitStatus;
import io.boxlite.api.StartOrigin;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
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
            .build();
    byte[] json = JsonCodec.write(OptionMapping.toBody(options));
    assertThat(OptionMapping.toOptions(JsonCodec.readStrictly(CreateBoxBody.class, json)))
        .isEqualTo(options);
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
