package io.boxlite.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.NetworkInterface;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.Certificate;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Secrets of boxes, with real servers and curl: whom they reach, and that they are nowhere else.
class SecretIT {
  private static final char[] PASSWORD = "changeit".toCharArray();
  private static final String BUNDLE = "/etc/ssl/certs/ca-certificates.crt";
  private static final String MARK = "# The authority of this box";

  private final String value = "v-" + UUID.randomUUID();
  private final String plainValue = "p-" + UUID.randomUUID();
  private final String key = "k-" + UUID.randomUUID();

  @TempDir private Path directory;
  private InetAddress address;
  private KeyStore server;
  private EchoServers servers;
  private NameServer names;
  private TestHome home;

  @BeforeEach
  void open() throws Exception {
    address =
        NetworkInterface.networkInterfaces()
            .flatMap(NetworkInterface::inetAddresses)
            .filter(
                a -> a instanceof Inet4Address && !a.isLoopbackAddress() && !a.isLinkLocalAddress())
            .findFirst()
            .orElseThrow();
    server = keys();
    KeyManagerFactory keys = KeyManagerFactory.getInstance("PKIX");
    keys.init(server, PASSWORD);
    SSLContext context = SSLContext.getInstance("TLS");
    context.init(keys.getKeyManagers(), null, null);
    servers = new EchoServers(context);
    names = new NameServer(Map.of("api.test", address, "other.test", address));
    Path authorities =
        Files.writeString(directory.resolve("authorities.pem"), pem(server.getCertificate("s")));
    home =
        new TestHome(
            Map.of("BOXLITE_DNS", names.address(), "SSL_CERT_FILE", authorities.toString()));
  }

  @AfterEach
  void close() {
    home.close();
    names.close();
    servers.close();
  }

  /// {@return a key with a certificate of its own for the names of the servers}
  private KeyStore keys() throws IOException, GeneralSecurityException {
    Path file = directory.resolve("keys.p12");
    Process keytool =
        new ProcessBuilder(
                System.getProperty("java.home") + "/bin/keytool",
                "-genkeypair",
                "-alias",
                "s",
                "-keyalg",
                "EC",
                "-dname",
                "CN=servers",
                "-ext",
                "SAN=dns:api.test,dns:other.test",
                "-storetype",
                "PKCS12",
                "-keystore",
                file.toString(),
                "-storepass",
                "changeit")
            .start();
    TestHome.finish(keytool, new byte[0]).ok();
    return KeyStore.getInstance(file.toFile(), PASSWORD);
  }

  private static String pem(Certificate certificate) throws GeneralSecurityException {
    return "-----BEGIN CERTIFICATE-----\n"
        + Base64.getMimeEncoder(64, new byte[] {'\n'}).encodeToString(certificate.getEncoded())
        + "\n-----END CERTIFICATE-----\n";
  }

  private TestHome.Result sh(String box, String script) {
    return home.run("exec", box, "--", "sh", "-c", script);
  }

  private String curl(String box, String arguments) {
    return sh(box, "curl -sS -m 20 " + arguments).ok().out();
  }

  /// Puts this host's curl, and the libraries that it needs, into a box.
  private void giveCurl(String box) throws IOException {
    String curl = TestHome.onHost("sh", "-c", "command -v curl").out().strip();
    List<String> tar = new ArrayList<>(List.of("tar", "-chf", "-", "-C", "/", curl.substring(1)));
    Pattern.compile("/\\S+")
        .matcher(TestHome.onHost("ldd", curl).out())
        .results()
        .forEach(library -> tar.add(library.group().substring(1)));
    byte[] archive = TestHome.onHost(tar.toArray(String[]::new)).stdout();
    home.runWithInput(archive, "cp", "-", box + ":/").ok();
  }

  private String box(String... more) throws IOException {
    Path file = Files.writeString(directory.resolve("plain"), plainValue + "\n");
    List<String> arguments = new ArrayList<>(List.of("run", "-d"));
    arguments.addAll(
        List.of(
            "--secret",
            "key=ENV:TOKEN,host=api.test",
            "--secret",
            "plain=FILE:" + file + ",host=api.test,placeholder=PLACEHOLDER,plain-http"));
    arguments.addAll(List.of(more));
    arguments.addAll(List.of("base", "sleep", "1000"));
    return withKey(Map.of("TOKEN", value), arguments.toArray(String[]::new)).ok().out().strip();
  }

  /// A command that may start a supervisor, which then has the key.
  private TestHome.Result withKey(Map<String, String> variables, String... arguments) {
    Map<String, String> all = new HashMap<>(variables);
    all.put("BOXLITE_SECRET_KEY", key);
    return TestHome.finish(home.start(all, arguments), new byte[0]);
  }

  @Test
  void valuesReachTheirHostsAndNothingElse() throws Exception {
    String box = box("--name", "taken");
    giveCurl(box);
    String api = "https://api.test:" + servers.port();
    reachTheirHosts(box, api);
    reachNobodyElse(box, api);
    byPlainHttpOnlyWhenToldSo(box);
    assertThat(home.run("inspect", box).ok().out())
        .contains("\"Name\": \"key\"", "api.test")
        .doesNotContain(value, plainValue);
    sh(box, "echo changed > /note").ok();
    home.run("commit", box, "committed:1").ok();
    failedCreatesTellNothing();
    areNowhere();

    // Nobody has the key any more, then somebody has.
    home.killSupervisor();
    areNowhere();
    assertThat(home.run("inspect", box).ok().out()).contains("sealed with another key");
    assertThat(sh(box, "curl -sS -m 20 " + api).exitCode()).isNotZero();
    home.killSupervisor();
    assertThat(withKey(Map.of(), "inspect", box).ok().out()).doesNotContain("another key");
    assertThat(curl(box, "-H \"X-Key: $BOXLITE_SECRET_KEY\" " + api)).contains("X-key: " + value);
    String look =
        "cat /note; ls /usr/local/share/ca-certificates; grep -c '" + MARK + "' " + BUNDLE;
    assertThat(home.run("run", "--rm", "committed:1", "sh", "-c", look).out())
        .isEqualTo("changed\n0\n");
    home.run("rm", "-f", box).ok();
    assertThat(home.boxDirectories()).isEmpty();
    areNowhere();
  }

  private void reachTheirHosts(String box, String api) {
    assertThat(sh(box, "echo $BOXLITE_SECRET_KEY $BOXLITE_SECRET_PLAIN").ok().out())
        .isEqualTo("<BOXLITE_SECRET:key> PLACEHOLDER\n");
    assertThat(
            curl(
                box,
                "-H \"Authorization: Bearer $BOXLITE_SECRET_KEY\" '"
                    + api
                    + "/q?k=<BOXLITE_SECRET:key>&l=%3CBOXLITE_SECRET%3Akey%3E'"))
        .contains("Authorization: Bearer " + value, "/q?k=" + value + "&l=" + value);
    String basic =
        Base64.getEncoder().encodeToString(("user:" + value).getBytes(StandardCharsets.UTF_8));
    assertThat(curl(box, "-u 'user:<BOXLITE_SECRET:key>' " + api)).contains("Basic " + basic);
    assertThat(curl(box, "-d 'k=<BOXLITE_SECRET:key>' " + api))
        .contains("k=" + value, "Content-length: " + ("k=" + value).length());
    // Two chunks, with the placeholder over both.
    assertThat(
            sh(
                    box,
                    "(printf 'a<BOXLITE_SEC'; sleep 0.3; printf 'RET:key>b') | curl -sS -T - "
                        + api
                        + "/")
                .ok()
                .out())
        .contains("Transfer-encoding: chunked", "a" + value + "b");
    assertThat(
            curl(
                box,
                "--http2 -H 'X-Key: <BOXLITE_SECRET:key>' https://api.test:" + servers.http2Port()))
        .contains("x-key: " + value, ":authority: api.test");
  }

  private void reachNobodyElse(String box, String api) {
    String key = "-H 'X-Key: <BOXLITE_SECRET:key>' ";
    // By redirect.
    assertThat(curl(box, "-L " + key + api + "/to/other.test"))
        .contains("/there", "X-key: <BOXLITE_SECRET:key>")
        .doesNotContain(value);
    // TLS for one host, the request for another.
    int before = servers.requests.get();
    assertThat(curl(box, "-w '%{http_code}' -H 'Host: other.test' " + key + api)).endsWith("421");
    assertThat(servers.requests).hasValue(before);
    String other = "https://other.test:" + servers.port();
    assertThat(curl(box, "-H 'Host: api.test' " + key + other)).doesNotContain(value);
    // By address, and at an address that is not the host's.
    String port = ":" + servers.port();
    assertThat(curl(box, "-k " + key + "https://" + address.getHostAddress() + port))
        .doesNotContain(value);
    assertThat(curl(box, "-k --resolve api.test" + port + ":192.168.127.254 " + key + api))
        .contains("<BOXLITE_SECRET:key>")
        .doesNotContain(value);
  }

  private void byPlainHttpOnlyWhenToldSo(String box) {
    String url = "http://api.test:" + servers.plainPort();
    assertThat(curl(box, "-H 'X-Key: <BOXLITE_SECRET:key>' -H 'X-Plain: PLACEHOLDER' " + url))
        .contains("X-key: <BOXLITE_SECRET:key>", "X-plain: " + plainValue);
    String other = "http://other.test:" + servers.plainPort();
    assertThat(curl(box, "-H 'X-Plain: PLACEHOLDER' " + other)).contains("X-plain: PLACEHOLDER");
  }

  private void failedCreatesTellNothing() throws IOException {
    for (List<String> last : List.of(List.of("--name", "taken", "base"), List.of("missing:1"))) {
      List<String> arguments = new ArrayList<>(List.of("create", "--pull", "never"));
      arguments.addAll(List.of("--secret", "key=ENV:TOKEN,host=api.test"));
      arguments.addAll(last);
      TestHome.Result result = withKey(Map.of("TOKEN", value), arguments.toArray(String[]::new));
      assertThat(result.exitCode()).isNotZero();
      assertThat(result.out() + result.err())
          .containsAnyOf("taken", "missing:1")
          .doesNotContain(value);
    }
    assertThat(home.boxDirectories()).hasSize(1);
  }

  /// In no file of the home: state, logs, disks, the layer of the image that was made. In no
  /// argument or variable of a process of this host.
  private void areNowhere() throws IOException {
    assertThat(has(List.of("tar", "-cSf", "-", "-C", home.home().toString(), "."))).isFalse();
    String processes = "cat /proc/[0-9]*/environ /proc/[0-9]*/cmdline 2>/dev/null";
    assertThat(has(List.of("sh", "-c", processes))).isFalse();
    // What is looked for is found where it is.
    assertThat(has(List.of("tar", "-cSf", "-", "-C", directory.toString(), "."))).isTrue();
  }

  /// {@return whether what a command writes has a value in it}
  private boolean has(List<String> command) throws IOException {
    Process process =
        new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.DISCARD).start();
    String kept = "";
    boolean found = false;
    try (InputStream in = process.getInputStream()) {
      for (byte[] part = in.readNBytes(1 << 20); part.length > 0; part = in.readNBytes(1 << 20)) {
        String text = kept + new String(part, StandardCharsets.ISO_8859_1);
        found |= Stream.of(value, plainValue, key).anyMatch(text::contains);
        kept = text.substring(Math.max(0, text.length() - value.length()));
      }
    }
    return found;
  }

  @Test
  void programsOfManyKindsTrustTheAuthorityOfTheBox() throws Exception {
    String box = box("-e", "SSL_CERT_FILE=/mine.pem", "-e", "JAVA_HOME=/java");
    assertThat(sh(box, "env").ok().out())
        .contains(
            "SSL_CERT_FILE=/mine.pem\n",
            "REQUESTS_CA_BUNDLE=" + BUNDLE + "\n",
            "CURL_CA_BUNDLE=" + BUNDLE + "\n",
            "NODE_EXTRA_CA_CERTS=/usr/local/share/ca-certificates/boxlite-authority.crt\n");
    // The image has none: what the host trusts, and the authority.
    assertThat(count(box, "BEGIN CERT", BUNDLE)).isGreaterThan(1);
    Path jks = store("JKS", "changeit".toCharArray());
    Path pkcs12 = store("PKCS12", null);
    sh(
            box,
            """
            set -e
            rm /etc/ssl/certs/ca-certificates.crt; mkdir -p /etc/pki/ca-trust/extracted/pem /etc/pki/tls/certs
            mkdir -p /java/lib/security /usr/lib/jvm/one/lib/security
            echo first > /etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem
            ln -s ../../ca-trust/extracted/pem/tls-ca-bundle.pem /etc/pki/tls/certs/ca-bundle.crt
            printf mine > /mine.pem; chmod 640 /mine.pem; chown 5:6 /mine.pem
            ln -s ../../../../../../../../mine.pem /etc/ssl/cert.pem
            mkfifo /etc/ssl/ca-bundle.pem
            """)
        .ok();
    home.run("cp", jks.toString(), box + ":/java/lib/security/cacerts").ok();
    home.run("cp", pkcs12.toString(), box + ":/usr/lib/jvm/one/lib/security/cacerts").ok();
    for (int start = 0; start < 2; start++) { // each time as if it were the first
      home.run("restart", box).ok();
      assertThat(count(box, MARK, "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem")).isOne();
      assertThat(sh(box, "stat -c '%a %u %g' /mine.pem; head -n 1 /mine.pem").ok().out())
          .isEqualTo("640 5 6\nmine\n");
      assertThat(count(box, MARK, "/mine.pem")).isOne();
      assertThat(sh(box, "readlink /etc/ssl/cert.pem; echo $CURL_CA_BUNDLE").ok().out())
          .isEqualTo("../../../../../../../../mine.pem\n/etc/pki/tls/certs/ca-bundle.crt\n");
      trusts(box, "/java/lib/security/cacerts", "JKS", PASSWORD);
      trusts(box, "/usr/lib/jvm/one/lib/security/cacerts", "PKCS12", null);
    }
  }

  private int count(String box, String text, String file) {
    return Integer.parseInt(sh(box, "grep -c '" + text + "' " + file).ok().out().strip());
  }

  private Path store(String type, char[] password) throws IOException, GeneralSecurityException {
    KeyStore store = KeyStore.getInstance(type);
    store.load(null, null);
    store.setCertificateEntry("first", server.getCertificate("s"));
    Path file = directory.resolve(type);
    try (OutputStream out = Files.newOutputStream(file)) {
      store.store(out, password);
    }
    return file;
  }

  private void trusts(String box, String file, String type, char[] password)
      throws IOException, GeneralSecurityException {
    Path copy = directory.resolve("copy-" + type);
    home.run("cp", box + ":" + file, copy.toString()).ok();
    KeyStore store = KeyStore.getInstance(type);
    try (InputStream in = Files.newInputStream(copy)) {
      store.load(in, password);
    }
    assertThat(store.size()).isEqualTo(2);
    assertThat(store.isCertificateEntry("first")).isTrue();
    assertThat(store.getCertificate("boxlite").toString()).contains("BoxLite box");
  }
}
