package io.boxlite.network;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class BoxAuthorityTest {
  @TempDir Path home;
  private SecretVault vault;
  private Path file;

  @BeforeEach
  void open() {
    vault = SecretVault.open(home.resolve("secret.key"), Optional.empty());
    file = home.resolve("ca");
  }

  private String pem(Duration later) {
    return BoxAuthority.open(file, "box", vault, InstantSource.fixed(Instant.now().plus(later)))
        .pem();
  }

  @Test
  void itStaysUntilItIsAboutToEnd() throws Exception {
    String first = pem(Duration.ZERO);
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file)))
        .isEqualTo("rw-------");
    assertThat(Files.readString(file)).contains(first).doesNotContain("PRIVATE KEY");
    assertThat(pem(Duration.ofDays(300))).isEqualTo(first);
    String second = pem(Duration.ofDays(340));
    assertThat(second).isNotEqualTo(first);
    assertThat(pem(Duration.ofDays(640))).isEqualTo(second);
  }

  @Test
  void anotherKeyOrADamagedFileGivesANewOne() throws Exception {
    String first = pem(Duration.ZERO);
    Files.writeString(file, Files.readString(file).replace("SEALED", "SEALD"));
    String second = pem(Duration.ZERO);
    assertThat(second).isNotEqualTo(first);
    assertThat(BoxAuthority.open(file, "other", vault).pem()).isNotEqualTo(second);
  }

  @Test
  void opensslAcceptsWhatItSigns() throws Exception {
    BoxAuthority authority = BoxAuthority.open(file, "box", vault);
    Path ca = home.resolve("ca.pem");
    Files.writeString(ca, authority.pem());
    for (String host : new String[] {"api.test", "a".repeat(60) + "." + "b".repeat(60) + ".test"}) {
      try (var server =
          authority
              .certificates()
              .forHost(host)
              .getServerSocketFactory()
              .createServerSocket(0, 1, java.net.InetAddress.getLoopbackAddress())) {
        Thread.startVirtualThread(() -> {
          try (var socket = server.accept()) {
            socket.getInputStream().read();
          } catch (java.io.IOException e) {
            // openssl says it.
          }
        });
        Process openssl =
            new ProcessBuilder(
                    "openssl",
                    "s_client",
                    "-connect",
                    "127.0.0.1:" + server.getLocalPort(),
                    "-servername",
                    host,
                    "-CAfile",
                    ca.toString(),
                    "-verify_hostname",
                    host,
                    "-verify_return_error",
                    "-x509_strict")
                .redirectErrorStream(true)
                .redirectInput(new java.io.File("/dev/null"))
                .start();
        String said = new String(openssl.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(openssl.waitFor()).as(said).isZero();
        assertThat(said).contains("Verify return code: 0 (ok)").contains("TLSv1.3");
      }
    }
  }
}
