package io.boxlite.runtime.internal.network;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.boxlite.api.BoxOptions;
import io.boxlite.api.ConfigException;
import io.boxlite.api.Secret;
import io.boxlite.runtime.RuntimeOptions;
import io.boxlite.runtime.internal.layout.BoxLayout;
import io.boxlite.runtime.internal.layout.HomeLayout;
import io.boxlite.runtime.internal.state.BoxRecord;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class BoxNetworksTest {
  @TempDir Path directory;
  private HomeLayout layout;

  @BeforeEach
  void makeHome() {
    layout = new HomeLayout(directory.resolve("home"));
    layout.create();
  }

  private BoxNetworks networks(Map<String, String> environment) {
    return new BoxNetworks(RuntimeOptions.ofEnvironment(environment), layout);
  }

  private static BoxRecord box(String value) {
    return BoxRecord.create(
        BoxOptions.ofImage("base").secret(Secret.of("key", value, List.of("a.test"))).build(),
        Instant.now());
  }

  private String problem(BoxNetworks networks, BoxRecord box) {
    var network = box.options().network();
    try (BoxNet net = networks.adopt(box.id(), network, layout.box(box.id()))) {
      return net.info(network).problem().orElse("");
    }
  }

  @Test
  void secretsOfOneKeyAreNotOpenedByAnotherWhichIsTheProblemOfTheBox() throws Exception {
    BoxRecord box = box("hunter2");
    BoxLayout files = layout.box(box.id());
    files.create();
    byte[] sealed =
        networks(Map.of("BOXLITE_SECRET_KEY", "one long phrase")).seal(box).orElseThrow();
    assertThat(new String(sealed, StandardCharsets.ISO_8859_1)).doesNotContain("hunter2");
    Files.write(files.secrets(), sealed);

    assertThat(problem(networks(Map.of()), box)).contains("sealed with another key");
    // The right one gets as far as the box's process, which is not there.
    assertThat(problem(networks(Map.of("BOXLITE_SECRET_KEY", "one long phrase")), box))
        .contains("boxlite-net");
    assertThat(files.networkProxy()).doesNotExist();
    Files.delete(files.secrets());
    assertThat(problem(networks(Map.of()), box)).contains("cannot be read");
  }

  @Test
  void boxWithoutSecretsNeedsNoKey() {
    BoxRecord box = BoxRecord.create(BoxOptions.ofImage("base").build(), Instant.now());
    assertThat(networks(Map.of()).seal(box)).isEmpty();
    assertThat(layout.secretKey()).doesNotExist();
    assertThat(networks(Map.of()).seal(box("v"))).isPresent();
    assertThat(layout.secretKey()).exists();
  }

  @Test
  void secretWithoutValueIsRefused() {
    assertThatThrownBy(() -> networks(Map.of()).seal(box("")))
        .isInstanceOf(ConfigException.class)
        .hasMessageContaining("'key' has no value");
  }

  @Test
  void optionsTellNothingOfTheKey() {
    Map<String, String> environment = Map.of("BOXLITE_SECRET_KEY", "one long phrase");
    assertThat(RuntimeOptions.ofEnvironment(environment).toString()).doesNotContain("phrase");
  }
}
