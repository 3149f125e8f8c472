package io.boxlite.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// What a hostile root in a box gets past its rules, judged by what arrives at real hosts.
class EgressIT {
  private final String value = "v-" + UUID.randomUUID();

  @TempDir private Path directory;
  private OtherHosts hosts;
  private NameServer names;
  private TestHome home;

  @BeforeEach
  void open() throws IOException {
    Path certificate = directory.resolve("certificate.pem");
    Path key = directory.resolve("key.pem");
    makeCertificate(certificate, key);
    hosts = new OtherHosts(TestImages.program(directory, "probe"), certificate, key);
    names = new NameServer(OtherHosts.names());
    home =
        new TestHome(
            Map.of("BOXLITE_DNS", names.address(), "SSL_CERT_FILE", certificate.toString()));
  }

  @AfterEach
  void close() throws IOException {
    home.close();
    names.close();
    hosts.close();
  }

  private static void makeCertificate(Path certificate, Path key) throws IOException {
    Process openssl =
        new ProcessBuilder(
                "openssl",
                "req",
                "-x509",
                "-newkey",
                "ec",
                "-pkeyopt",
                "ec_paramgen_curve:prime256v1",
                "-nodes",
                "-subj",
                "/CN=servers",
                "-addext",
                "subjectAltName=DNS:allowed.test,DNS:other.test",
                "-out",
                certificate.toString(),
                "-keyout",
                key.toString())
            .start();
    TestHome.finish(openssl, new byte[0]).ok();
  }

  /// {@return results of the attacks by their names}
  private Map<String, String> attack() {
    String box =
        TestHome.finish(
                home.start(
                    Map.of("KEY", value),
                    "run",
                    "-d",
                    "--allow-net",
                    "allowed.test:80",
                    "--allow-net",
                    "allowed.test:7",
                    "--allow-net",
                    "metadata.test",
                    "--allow-net",
                    "loopback.test",
                    "--allow-net",
                    "inside.test",
                    "--secret",
                    "key=ENV:KEY,host=allowed.test,plain-http",
                    "base",
                    "sleep",
                    "1000"),
                new byte[0])
            .ok()
            .out()
            .strip();
    home.run("cp", directory.resolve("probe").toString(), box + ":/probe").ok();
    String lines =
        home.run("exec", box, "--", "/probe", "attack", OtherHosts.ALLOWED, OtherHosts.FORBIDDEN)
            .ok()
            .out();
    Map<String, String> results = new HashMap<>();
    lines
        .lines()
        .map(line -> line.split(": ", 2))
        .forEach(line -> results.merge(line[0], line[1], (one, other) -> one + ", " + other));
    return results;
  }

  @Test
  void nothingGetsPastTheRules() {
    Map<String, String> results = attack();
    List<String> arrivals = hosts.arrivals();
    results.forEach((k, v) -> System.err.println(k + ": " + v));
    arrivals.forEach(System.err::println);
    names.questions.forEach(System.err::println);
    assertThat(Set.of()).isEmpty();
  }
}
