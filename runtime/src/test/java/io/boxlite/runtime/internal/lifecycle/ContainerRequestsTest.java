package io.boxlite.runtime.internal.lifecycle;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import io.boxlite.api.BoxOptions;
import io.boxlite.api.ConfigException;
import io.boxlite.api.Secret;
import io.boxlite.image.ImageConfig;
import io.boxlite.protocol.agent.v1.CreateContainerRequest;
import io.boxlite.protocol.agent.v1.Layer;
import io.boxlite.protocol.agent.v1.PrepareRequest;
import io.boxlite.runtime.internal.disk.LayersDisk;
import io.boxlite.runtime.internal.network.GuestTrust;
import io.boxlite.runtime.internal.state.BoxRecord;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;

class ContainerRequestsTest {
  private static final ImageConfig IMAGE =
      new ImageConfig(
          List.of("/entry"),
          List.of("default"),
          List.of("A=image", "B=image=2"),
          "/work",
          "app",
          "SIGQUIT",
          Optional.empty(),
          List.of(),
          List.of(),
          Map.of(),
          "amd64",
          "linux",
          List.of());

  private static final List<LayersDisk.Extent> LAYERS =
      List.of(new LayersDisk.Extent(0, 4096), new LayersDisk.Extent(4096, 512));

  private static CreateContainerRequest request(BoxOptions.Builder options) {
    return request(options, Optional.empty());
  }

  private static CreateContainerRequest request(
      BoxOptions.Builder options, Optional<GuestTrust> trust) {
    return ContainerRequests.create(
        BoxRecord.create(options.build(), Instant.now()), IMAGE, LAYERS, Set.of(), trust);
  }

  @Test
  void boxWithSecretsHasPlaceholdersAndCertificatesAndNoValue() {
    CreateContainerRequest request =
        request(
            BoxOptions.ofImage("i")
                .secret(Secret.of("my-key", "hunter2", List.of("a.test")))
                .secret(Secret.of("B", "hunter2", List.of("a.test")))
                .env("BOXLITE_SECRET_B", "mine"),
            Optional.of(new GuestTrust("authority", "common")));
    assertThat(text(request.getInit().getEnvList()))
        .containsExactly(
            "A=image",
            "B=image=2",
            "BOXLITE_SECRET_MY_KEY=<BOXLITE_SECRET:my-key>",
            "BOXLITE_SECRET_B=mine");
    assertThat(request.getTrustedCertificates().toStringUtf8()).isEqualTo("authority");
    assertThat(request.getCommonCertificates().toStringUtf8()).isEqualTo("common");
    assertThat(request.toString()).doesNotContain("hunter2");
    assertThat(request(BoxOptions.ofImage("i")).getTrustedCertificates()).isEmpty();
  }

  private static List<String> text(List<ByteString> values) {
    return values.stream().map(ByteString::toStringUtf8).toList();
  }

  @Test
  void imageSaysWhatTheBoxDoesNot() {
    CreateContainerRequest request = request(BoxOptions.ofImage("i"));
    assertThat(text(request.getInit().getArgvList())).containsExactly("/entry", "default");
    assertThat(text(request.getInit().getEnvList())).containsExactly("A=image", "B=image=2");
    assertThat(request.getInit().getCwd().toStringUtf8()).isEqualTo("/work");
    assertThat(request.getInit().getUser()).isEqualTo("app");
    assertThat(request.getStopSignal()).isEqualTo(3);
    assertThat(request.getContainerId()).matches("[0-9a-f]{64}");
    assertThat(request.getMachineId()).matches("[0-9a-f]{32}");
  }

  @Test
  void boxOverridesTheImage() {
    CreateContainerRequest request =
        request(
            BoxOptions.ofImage("i")
                .entrypoint(List.of("/other"))
                .cmd(List.of("x", "y"))
                .env("A", "box")
                .workingDir("/box")
                .user("1000:1000")
                .tty(true));
    assertThat(text(request.getInit().getArgvList())).containsExactly("/other", "x", "y");
    assertThat(text(request.getInit().getEnvList())).containsExactly("A=box", "B=image=2");
    assertThat(request.getInit().getCwd().toStringUtf8()).isEqualTo("/box");
    assertThat(request.getInit().getUser()).isEqualTo("1000:1000");
    assertThat(request.getInit().getTty()).isTrue();
  }

  @Test
  void entrypointAloneKeepsTheCommandOfTheImage() {
    CreateContainerRequest request = request(BoxOptions.ofImage("i").entrypoint(List.of("/e")));
    assertThat(text(request.getInit().getArgvList())).containsExactly("/e", "default");
  }

  @Test
  void layersAreWhereTheDiskHasThem() {
    CreateContainerRequest request = request(BoxOptions.ofImage("i"));
    assertThat(request.getLayersList())
        .containsExactly(
            Layer.newBuilder().setLength(4096).build(),
            Layer.newBuilder().setOffset(4096).setLength(512).build());
  }

  @Test
  void capabilityNamesLoseTheirPrefix() {
    CreateContainerRequest request =
        request(BoxOptions.ofImage("i").capAdd(List.of("cap_net_admin")).capDrop(List.of("ALL")));
    assertThat(request.getCapabilitiesAddList()).containsExactly("NET_ADMIN");
    assertThat(request.getCapabilitiesDropList()).containsExactly("ALL");
  }

  @Test
  void boxWithoutAnyCommandIsRefused() {
    ImageConfig empty =
        new ImageConfig(
            List.of(),
            List.of(),
            List.of(),
            "",
            "",
            "",
            Optional.empty(),
            List.of(),
            List.of(),
            Map.of(),
            "amd64",
            "linux",
            List.of());
    BoxRecord box = BoxRecord.create(BoxOptions.ofImage("i").build(), Instant.now());
    assertThatThrownBy(
            () -> ContainerRequests.create(box, empty, LAYERS, Set.of(), Optional.empty()))
        .isInstanceOf(ConfigException.class)
        .hasMessageContaining("neither ENTRYPOINT nor CMD");
  }

  @Test
  void preparationIsFreshEveryTime() {
    PrepareRequest one = ContainerRequests.prepare(Instant.ofEpochSecond(5, 7));
    PrepareRequest two = ContainerRequests.prepare(Instant.ofEpochSecond(5, 7));
    assertThat(one.getTimeUnixNanos()).isEqualTo(5_000_000_007L);
    assertThat(one.getEntropy().size()).isBetween(32, 512);
    assertThat(one.getEntropy()).isNotEqualTo(two.getEntropy());
  }
}
