package io.boxlite.network;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.boxlite.api.ConfigException;
import io.boxlite.api.Secret;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Base64;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class SecretVaultTest {
  private static final List<Secret> SECRETS =
      List.of(
          Secret.of("a", "the-value-ü", List.of("x.test", "*.y.test")),
          new Secret("b", "other", List.of("z.test"), "PLACEHOLDER", true));

  @TempDir Path home;

  private SecretVault open() {
    return SecretVault.open(home.resolve("secret.key"), Optional.empty());
  }

  @Test
  void whatIsSealedIsOpenedByTheSameHome() {
    byte[] sealed = open().seal("box", SECRETS);
    assertThat(open().open("box", sealed)).isEqualTo(SECRETS);
    assertThat(new String(sealed, StandardCharsets.UTF_8))
        .doesNotContain("the-value", "other", "x.test");
    assertThat(open().seal("box", SECRETS)).isNotEqualTo(sealed);
    assertThat(open().toString()).isEqualTo("SecretVault");
  }

  @Test
  void theKeyFileIsPrivateAndMadeOnce() throws Exception {
    Set<List<Secret>> opened = ConcurrentHashMap.newKeySet();
    byte[][] sealed = new byte[16][];
    Thread[] threads = new Thread[16];
    for (int i = 0; i < threads.length; i++) {
      int number = i;
      threads[i] = Thread.startVirtualThread(() -> sealed[number] = open().seal("box", SECRETS));
    }
    for (Thread thread : threads) {
      thread.join();
    }
    for (byte[] bytes : sealed) {
      opened.add(open().open("box", bytes));
    }
    assertThat(opened).containsExactly(SECRETS);
    assertThat(
            PosixFilePermissions.toString(
                Files.getPosixFilePermissions(home.resolve("secret.key"))))
        .isEqualTo("rw-------");
    try (var files = Files.list(home)) {
      assertThat(files).hasSize(1);
    }
  }

  @Test
  void aKeyFileThatOthersMayReadIsRefused() throws Exception {
    open();
    Files.setPosixFilePermissions(
        home.resolve("secret.key"), PosixFilePermissions.fromString("rw-r-----"));
    assertThatThrownBy(this::open)
        .isInstanceOf(ConfigException.class)
        .hasMessageContaining("chmod 600");
  }

  @Test
  void anotherKeyIsToldApartFromDamage() throws Exception {
    byte[] sealed = open().seal("box", SECRETS);
    assertThatThrownBy(() -> open().open("other", sealed))
        .isInstanceOf(ConfigException.class)
        .hasMessageContaining("belongs to another box");
    for (int at = 0; at < sealed.length; at++) {
      byte[] changed = sealed.clone();
      changed[at] ^= 1;
      assertThatThrownBy(() -> open().open("box", changed)).isInstanceOf(ConfigException.class);
    }
    for (int length = 0; length < sealed.length; length++) {
      byte[] cut = java.util.Arrays.copyOf(sealed, length);
      assertThatThrownBy(() -> open().open("box", cut)).isInstanceOf(ConfigException.class);
    }
    Files.delete(home.resolve("secret.key"));
    assertThatThrownBy(() -> open().open("box", sealed))
        .isInstanceOf(ConfigException.class)
        .hasMessageContaining("sealed with another key")
        .hasMessageContaining("BOXLITE_SECRET_KEY");
  }

  @Test
  void aGivenKeyOrPassphraseTakesThePlaceOfTheFile() {
    Path file = home.resolve("secret.key");
    Optional<String> key = Optional.of(Base64.getEncoder().encodeToString(new byte[32]));
    byte[] sealed = SecretVault.open(file, key).seal("box", SECRETS);
    assertThat(file).doesNotExist();
    assertThat(SecretVault.open(file, key).open("box", sealed)).isEqualTo(SECRETS);
    Optional<String> phrase = Optional.of("correct horse battery");
    byte[] other = SecretVault.open(file, phrase).seal("box", SECRETS);
    assertThat(SecretVault.open(file, phrase).open("box", other)).isEqualTo(SECRETS);
    assertThatThrownBy(() -> open().open("box", other)).isInstanceOf(ConfigException.class);
    assertThatThrownBy(() -> SecretVault.open(file, Optional.of("short")))
        .isInstanceOf(ConfigException.class)
        .hasMessageNotContaining("short ");
  }
}
