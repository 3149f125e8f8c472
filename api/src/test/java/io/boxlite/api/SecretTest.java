package io.boxlite.api;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SecretTest {
  private static BoxOptions with(Secret... secrets) {
    BoxOptions.Builder options = BoxOptions.ofImage("base");
    for (Secret secret : secrets) {
      options.secret(secret);
    }
    return options.build();
  }

  private static Secret to(String... hosts) {
    return Secret.of("key", "hunter2", List.of(hosts));
  }

  @Test
  void valueIsNotInAnyText() {
    BoxOptions options = with(to("api.example.com"));
    assertThat(options.toString() + options.network() + options.network().secrets())
        .contains("api.example.com")
        .doesNotContain("hunter2");
    assertThat(options.network().secrets().getFirst().withoutValue().value()).isEmpty();
    assertThat(NetworkInfo.of(options.network()).secrets())
        .containsExactly(new SecretInfo("key", List.of("api.example.com")));
  }

  @Test
  void placeholderAndVariableComeFromTheName() {
    Secret secret = Secret.of("my-key.2", "v", List.of("a"));
    assertThat(secret.placeholder()).isEqualTo("<BOXLITE_SECRET:my-key.2>");
    assertThat(secret.variable()).isEqualTo("BOXLITE_SECRET_MY_KEY_2");
  }

  @ParameterizedTest
  @ValueSource(strings = {"api.example.com", "*.example.com", "localhost", "A-b.C_d.", "x1"})
  void hostsAreNamesAndSuffixes(String host) {
    assertThat(with(to(host)).network().secrets()).hasSize(1);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"", "*", "*.", "a.*.b", "*a.b", "a b", "a:443", "http://a", "a/b", "ä.test", ".a"})
  void otherHostsAreRefused(String host) {
    assertThatThrownBy(() -> with(to(host)))
        .isInstanceOf(ConfigException.class)
        .hasMessageContaining("secret 'key'")
        .hasMessageNotContaining("hunter2");
  }

  @Test
  void whatCouldDoHarmIsRefusedWithoutTellingTheValue() {
    List<String> hosts = List.of("a.test");
    for (Secret bad :
        List.of(
            Secret.of("key", "hunter2\r\nX: y", hosts),
            Secret.of("key", "hunter2\0", hosts),
            Secret.of("key", "hunter2".repeat(10_000), hosts),
            Secret.of("", "hunter2", hosts),
            Secret.of("a b", "hunter2", hosts),
            Secret.of("key", "hunter2", List.of()),
            Secret.of("key", "hunter2", Collections.nCopies(65, "a.test")),
            new Secret("key", "hunter2", hosts, "short", false),
            new Secret("key", "hunter2", hosts, "with blanks in it", false))) {
      assertThatThrownBy(() -> with(bad))
          .isInstanceOf(ConfigException.class)
          .hasMessageContaining("secret")
          .hasMessageNotContaining("hunter2");
    }
  }

  @Test
  void twoThatCannotBeToldApartAreRefused() {
    assertThatThrownBy(
            () -> with(Secret.of("a-b", "v", List.of("a")), Secret.of("A.B", "v", List.of("a"))))
        .hasMessageContaining("same variable");
    Secret one = new Secret("one", "v", List.of("a"), "PLACEHOLDER", false);
    assertThatThrownBy(() -> with(one, new Secret("two", "v", List.of("a"), "PLACEHOLDER", false)))
        .hasMessageContaining("same placeholder");
  }

  @Test
  void boxWithoutNetworkHasNoSecrets() {
    assertThatThrownBy(() ->
            BoxOptions.ofImage("base").network(NetworkOptions.DISABLED).secret(to("a")).build())
        .hasMessageContaining("secrets cannot be used when network.mode is \"disabled\"");
  }
}
