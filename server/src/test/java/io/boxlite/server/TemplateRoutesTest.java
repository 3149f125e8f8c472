package io.boxlite.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.boxlite.api.ConfigException;
import io.boxlite.api.EngineException;
import io.boxlite.api.InternalException;
import io.boxlite.api.TemplateInfo;
import io.boxlite.api.TemplateProgress;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@OnEachTransport
@Timeout(30)
class TemplateRoutesTest extends ServedTest {
  @Test
  void aTemplateIsMadeStageByStage() {
    List<TemplateProgress> stages = new ArrayList<>();
    TemplateInfo made = client.templates().build(1, 256, stages::add);
    assertThat(stages).containsExactly(TemplateProgress.BOOTING, TemplateProgress.READY);
    assertThat(made).isEqualTo(fake.templates.made.getFirst());
    assertThat(client.templates().list()).containsExactly(made);
  }

  @Test
  void onlyUnusedTemplatesArePruned() {
    client.templates().build(1, 256, _ -> {});
    client.templates().build(1, 1024, _ -> {});
    assertThat(client.templates().prune()).extracting(TemplateInfo::memoryMib).containsExactly(256);
    assertThat(client.templates().list()).extracting(TemplateInfo::memoryMib).containsExactly(1024);
  }

  @Test
  void aSizeThatNoBoxMayHaveIsRefusedBeforeAnythingIsStreamed() throws Exception {
    assertThatThrownBy(() -> client.templates().build(1, 1, _ -> {}))
        .isInstanceOf(ConfigException.class)
        .hasMessageContaining("memory_mib");
    assertThat(request("POST", "/v1/templates", "{\"memory_mib\":1}"))
        .startsWith("HTTP/1.1 400 ")
        .contains("\"code\":\"invalid_argument\"");
    assertThat(request("POST", "/v1/templates", "{\"surprise\":1}"))
        .startsWith("HTTP/1.1 400 ")
        .contains("surprise");
    assertThat(fake.templates.made).isEmpty();
  }

  @Test
  void whatFailsLaterIsTheLastLine() throws Exception {
    fake.templates.bootFails = new EngineException("vm_ended", "the VM ended");
    assertThatThrownBy(() -> client.templates().build(1, 256, _ -> {}))
        .isInstanceOf(EngineException.class)
        .hasMessageContaining("the VM ended");
    fake.templates.bootFails = new IllegalStateException("secret detail");
    assertThatThrownBy(() -> client.templates().build(1, 256, _ -> {}))
        .isInstanceOf(InternalException.class)
        .hasMessageNotContaining("secret detail");
    assertThat(request("POST", "/v1/templates", "{}"))
        .startsWith("HTTP/1.1 200 ")
        .contains("Content-Type: application/x-ndjson", "{\"progress\":\"booting\"}\n{\"error\":{");
  }
}
