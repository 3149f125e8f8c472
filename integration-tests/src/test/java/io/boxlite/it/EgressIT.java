package io.boxlite.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.InetAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.UUID;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// What a hostile root in a box gets past its rules, judged by what arrives at real hosts.
class EgressIT {
  private static final List<String> RULES =
      List.of(
          "allowed.test:80",
          "allowed.test:7",
          "allowed.test:8443",
          "metadata.test",
          "loopback.test",
          "inside.test",
          "moving.test:19",
          "again.test:19",
          "rebound.test:19");

  /// docs/network.md, "Bounds".
  private static final long MOST_OF_A_NETWORK = 384;

  private static final long MOST_OF_THE_SUPERVISOR = 512;

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
    TestHome.onHost(
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
    RULES.forEach(rule -> arguments.addAll(List.of("--allow-net", rule)));
    arguments.addAll(List.of("--secret", "key=ENV:KEY,host=allowed.test,plain-http"));
    arguments.addAll(List.of(more));
    Map<String, String> key = Map.of("KEY", value);
    return TestHome.finish(home.start(key, arguments.toArray(String[]::new)), new byte[0])
        .ok()
        .out()
        .strip();
  }

  @Test
  void nothingOfARootInTheBoxGetsPastTheRulesOrTheBounds() throws IOException {
    names.turn(
        "moving.test",
        OtherHosts.addresses(OtherHosts.ALLOWED),
        OtherHosts.addresses(OtherHosts.MOVED));
    names.turn(
        "rebound.test",
        OtherHosts.addresses(OtherHosts.ALLOWED),
        OtherHosts.addresses(
            "127.0.0.1",
            "127.0.0.2",
            "0.0.0.0",
            "169.254.169.254",
            "192.168.127.254",
            "224.0.0.1"));
    String box = box("base", "sleep", "1000");
    give(box, "probe");
    // Mostly waits, for what lasts a minute.
    Process turning =
        home.start("exec", box, "--", "/probe", "turn", OtherHosts.ALLOWED, OtherHosts.MOVED);
    String results =
        home.run("exec", box, "--", "/probe", "attack", OtherHosts.ALLOWED, OtherHosts.FORBIDDEN)
            .ok()
            .out();
    assertThat(results.lines()).containsExactlyInAnyOrderElementsOf(expected("attacks.txt"));
    onlyTheAllowedHostGotWhatIsItsOwn();
    flood();
    assertThat(TestHome.finish(turning, new byte[0]).ok().out().lines())
        .containsExactlyElementsOf(expected("turns.txt"));
    assertThat(names.questions)
        .filteredOn(question -> !question.endsWith(".example.com A"))
        .isSubsetOf(
            Stream.concat(RULES.stream(), Stream.of("rebound.test"))
                .map(rule -> rule.replaceFirst(":.*", "") + " A")
                .toList());
    assertThat(names.questions).filteredOn("rebound.test A"::equals).hasSizeGreaterThan(1);
  }

  private static List<String> expected(String file) throws IOException {
    return Files.readAllLines(Path.of("src/test", file));
  }

  private void give(String box, String program) {
    home.run("cp", directory.resolve(program).toString(), box + ":/" + program).ok();
  }

  /// All floods at once, for ten seconds; the box may reach what they go to, so that they go all
  /// the way.
  private void flood() throws IOException {
    TestImages.flood(directory);
    names.all("example.com", InetAddress.ofLiteral(OtherHosts.ALLOWED));
    List<String> run =
        List.of("run", "-d", "--allow-net", "allowed.test", "--allow-net", "*.example.com");
    String[] open =
        Stream.concat(run.stream(), Stream.of("base", "sleep", "1000")).toArray(String[]::new);
    String bad = home.run(open).ok().out().strip();
    String good = home.run(open).ok().out().strip();
    give(bad, "flood");
    String floods =
        """
        nslookup allowed.test
        for f in "dns 192.168.127.1 53" "syn $0 80" "udp $0 1" "flows $0 80"; do
          timeout 10 /flood $f &
        done
        wait
        """;
    Process flooding = home.start("exec", bad, "--", "sh", "-c", floods, OtherHosts.ALLOWED);
    assertThat(get(good)).contains("/through");
    TestHome.finish(flooding, new byte[0]);
    assertThat(get(good)).contains("/through");
    assertThat(get(bad)).contains("/through");
    String log = "cat " + home.home() + "/boxes/" + bad + "/logs/network.jsonl*";
    assertThat(TestHome.onHost("sh", "-c", log).out())
        .as("floods of all kinds")
        .contains(".example.com", "\"udp\"", "\"tcp\"");
    assertThat(mostMemory("SupervisorMain"))
        .hasSize(1)
        .allMatch(most -> most < MOST_OF_THE_SUPERVISOR);
    assertThat(mostMemory("/boxlite-net ")).hasSize(3).allMatch(most -> most < MOST_OF_A_NETWORK);
  }

  private String get(String box) {
    return home.run(
            "exec",
            box,
            "--",
            "timeout",
            "60",
            "wget",
            "-q",
            "-O",
            "-",
            "http://allowed.test/through")
        .ok()
        .out();
  }

  /// {@return the most MiB that each process of a kind has had}
  private List<Long> mostMemory(String kind) throws IOException {
    List<Long> all = new ArrayList<>();
    for (ProcessHandle process : home.processes()) {
      if (TestHome.commandLine(process).contains(kind)) {
        String status = Files.readString(Path.of("/proc", "" + process.pid(), "status"));
        Matcher most = Pattern.compile("VmHWM:\\s+(\\d+) kB").matcher(status);
        assertThat(most.find()).isTrue();
        all.add(Long.parseLong(most.group(1)) / 1024);
      }
    }
    return all;
  }

  private void onlyTheAllowedHostGotWhatIsItsOwn() {
    List<String> arrivals = hosts.arrivals();
    assertThat(arrivals).anyMatch(line -> line.contains("/still"));
    assertThat(arrivals)
        .filteredOn(line -> !line.contains("\"at\":\"" + OtherHosts.ALLOWED))
        .allMatch(line -> line.contains("\"at\":\"" + OtherHosts.MOVED + ":19\""));
    assertThat(arrivals)
        .filteredOn(line -> line.contains("HTTP/"))
        .allMatch(line -> line.toLowerCase(Locale.ROOT).contains("\"host\":\"allowed.test\""))
        .noneMatch(line -> line.contains("/wrong"))
        .noneMatch(line -> line.contains("\"target\":\"/smuggled"))
        .noneMatch(line -> line.contains("\"target\":\"/" + value));
    assertThat(arrivals)
        .filteredOn(line -> line.contains("\"datagram\",\"body\""))
        .allMatch(
            line -> line.contains("\"body\":\"datagram\"") || line.contains("\"body\":\"raw\""));
    assertThat(arrivals)
        .filteredOn(line -> line.contains("\"kind\":\"connection\""))
        .allMatch(line -> line.matches(".*:(80|443|8443|19)\".*"));
  }

  @Test
  void curlPythonAndNodeReachWhatIsAllowedWithTheirSecrets() throws IOException {
    Path archive = directory.resolve("clients.tar");
    TestHome.onHost(
        "src/test/sh/clients-image.sh", directory.resolve("image").toString(), archive.toString());
    home.run("load", "-i", archive.toString()).ok();
    String box = box("clients:1", "sleep", "1000");
    home.run("cp", "src/test/clients", box + ":/clients").ok();
    assertThat(
            home.run("exec", box, "--", "python3", "/clients/client.py", OtherHosts.FORBIDDEN)
                .ok()
                .out()
                .lines())
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
    assertThat(
            home.run("exec", box, "--", "node", "/clients/client.mjs", OtherHosts.FORBIDDEN)
                .ok()
                .out()
                .lines())
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
}
