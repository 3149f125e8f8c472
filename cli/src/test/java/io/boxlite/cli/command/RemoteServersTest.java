package io.boxlite.cli.command;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.boxlite.api.RestOptions;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;
import picocli.CommandLine.Model.CommandSpec;

class RemoteServersTest {
  @TempDir private Path home;
  private final Map<String, String> environment = new HashMap<>();

  @BeforeEach
  void profiles() {
    environment.put("BOXLITE_HOME", home.toString());
    Profiles profiles = Profiles.read(Profiles.file(environment));
    profiles.put(
        "default",
        Map.of("url", "http://one.test", "api_key", "key-one", "path_prefix", "prefix-one"));
    profiles.put("two", Map.of("url", "https://two.test:8443", "access_token", "token-two"));
  }

  private Optional<RestOptions> choose(String... arguments) {
    CommandSpec spec = CommandSpec.create();
    GlobalFlags.addTo(spec);
    return RemoteServers.choose(new CommandLine(spec).parseArgs(arguments), environment, List.of());
  }

  private static String shown(Optional<RestOptions> options) {
    RestOptions all = options.orElseThrow();
    return all.url() + " " + all.apiKey().orElse("-") + " " + all.pathPrefix().orElse("-");
  }

  @Test
  void flagsCountBeforeVariablesAndVariablesBeforeTheProfile() {
    assertThat(shown(choose())).isEqualTo("http://one.test key-one prefix-one");
    assertThat(shown(choose("--profile", "two"))).isEqualTo("https://two.test:8443 token-two -");
    environment.put("BOXLITE_PROFILE", "two");
    assertThat(shown(choose())).isEqualTo("https://two.test:8443 token-two -");
    environment.put("BOXLITE_API_KEY", "own");
    environment.put("BOXLITE_REST_PATH_PREFIX", "p");
    assertThat(shown(choose())).isEqualTo("https://two.test:8443 own p");
    assertThat(shown(choose("--path-prefix", "q"))).endsWith(" own q");
    environment.put("BOXLITE_REST_URL", "http://three.test");
    assertThat(shown(choose())).isEqualTo("http://three.test own p");
    assertThat(shown(choose("--url", "http://four.test"))).startsWith("http://four.test own");
  }

  @Test
  void aStoredKeyIsShownToItsOwnServerOnly() {
    for (String own : List.of("http://one.test", "HTTP://ONE.TEST:80/", "http://one.test/base")) {
      assertThat(shown(choose("--url", own))).endsWith(" key-one prefix-one");
    }
    for (String other :
        List.of(
            "https://one.test", "http://one.test:81", "http://one.test.evil.test", "http://x")) {
      assertThat(shown(choose("--url", other))).isEqualTo(other + " - -");
      assertThat(shown(choose("--url", other, "--profile", "two"))).isEqualTo(other + " - -");
    }
  }

  @Test
  void withoutUrlAndProfileItIsTheHome() throws Exception {
    Files.delete(home.resolve("credentials.toml"));
    assertThat(choose()).isEmpty();
    assertThatThrownBy(() -> choose("--profile", "none")).hasMessageContaining("no profile 'none'");
    environment.put("BOXLITE_API_KEY", "a key alone names no server");
    assertThat(choose()).isEmpty();
  }
}
