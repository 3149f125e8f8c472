package io.boxlite.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
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
    run(
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
        key.toString());
  }

  private String box(String... more) {
    List<String> arguments = new ArrayList<>(List.of("run", "-d"));
    List.of("allowed.test:80", "allowed.test:7", "metadata.test", "loopback.test", "inside.test")
        .forEach(rule -> arguments.addAll(List.of("--allow-net", rule)));
    arguments.addAll(List.of("--secret", "key=ENV:KEY,host=allowed.test,plain-http"));
    arguments.addAll(List.of(more));
    Map<String, String> key = Map.of("KEY", value);
    return TestHome.finish(home.start(key, arguments.toArray(String[]::new)), new byte[0])
        .ok()
        .out()
        .strip();
  }

  @Test
  void nothingOfARootInTheBoxGetsPastTheRules() throws IOException {
    String box = box("base", "sleep", "1000");
    home.run("cp", directory.resolve("probe").toString(), box + ":/probe").ok();
    String results =
        home.run("exec", box, "--", "/probe", "attack", OtherHosts.ALLOWED, OtherHosts.FORBIDDEN)
            .ok()
            .out();
    assertThat(results.lines())
        .containsExactlyInAnyOrderElementsOf(Files.readAllLines(Path.of("src/test/attacks.txt")));
    onlyTheAllowedHostGotWhatIsItsOwn();
    assertThat(names.questions)
        .isSubsetOf("allowed.test A", "metadata.test A", "loopback.test A", "inside.test A");
  }

  private void onlyTheAllowedHostGotWhatIsItsOwn() {
    List<String> arrivals = hosts.arrivals();
    assertThat(arrivals).anyMatch(line -> line.contains("/still"));
    assertThat(arrivals)
        .allMatch(line -> line.contains("\"at\":\"" + OtherHosts.ALLOWED))
        .filteredOn(line -> line.contains("HTTP/"))
        .allMatch(line -> line.toLowerCase(Locale.ROOT).contains("\"host\":\"allowed.test\""))
        .noneMatch(line -> line.contains("/wrong"))
        .noneMatch(line -> line.contains("\"target\":\"/smuggled"));
    assertThat(arrivals)
        .filteredOn(line -> line.contains("\"datagram\",\"body\""))
        .allMatch(
            line -> line.contains("\"body\":\"datagram\"") || line.contains("\"body\":\"raw\""));
    assertThat(arrivals)
        .filteredOn(line -> line.contains("\"kind\":\"connection\""))
        .allMatch(line -> line.contains(":80\"") || line.contains(":443\""));
  }

  @Test
  void curlPythonAndNodeReachWhatIsAllowedWithTheirSecrets() throws IOException {
    Path archive = directory.resolve("clients.tar");
    run("src/test/sh/clients-image.sh", directory.resolve("image").toString(), archive.toString());
    home.run("load", "-i", archive.toString()).ok();
    String box = box("clients:1", "sleep", "1000");
    home.run("cp", "src/test/clients", box + ":/clients").ok();
    assertThat(home.run("exec", box, "--", "python3", "/clients/client.py").ok().out().lines())
        .containsExactly(
            "python http: " + value,
            "python https: " + value,
            "python upload: " + value,
            "python events: 0 1 2",
            "python websocket: 101 hello",
            "python udp: hello",
            "python name denied: gaierror",
            "python address denied: ConnectionRefusedError",
            "python udp denied: ConnectionRefusedError");
    assertThat(home.run("exec", box, "--", "node", "/clients/client.mjs").ok().out().lines())
        .containsExactly(
            "node http: " + value,
            "node https: " + value,
            "node http2: HTTP/2.0 " + value,
            "node websocket: 101 hello",
            "node udp: hello",
            "node lookup: " + OtherHosts.ALLOWED,
            "node name denied: EAI_AGAIN", // what glibc calls REFUSED
            "node lookup denied: EREFUSED",
            "node address denied: ECONNREFUSED",
            "node udp denied: ECONNREFUSED");
    String curl = "curl -sS -m 20 -H \"X-Key: $BOXLITE_SECRET_KEY\" https://allowed.test/curl";
    assertThat(home.run("exec", box, "--", "sh", "-c", curl).ok().out())
        .contains("\"kind\":\"HTTP/2.0\"", value);
    assertThat(hosts.arrivals())
        .allMatch(line -> line.contains("\"at\":\"" + OtherHosts.ALLOWED))
        .noneMatch(line -> line.contains("BOXLITE_SECRET"));
  }

  private static void run(String... command) throws IOException {
    TestHome.finish(new ProcessBuilder(command).start(), new byte[0]).ok();
  }
}
