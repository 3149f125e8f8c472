package io.boxlite.image.internal.registry;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.boxlite.api.BoxliteException;
import io.boxlite.api.ImageRegistry;
import io.boxlite.api.ImageRegistry.Credentials;
import io.boxlite.image.ImageReference;
import io.boxlite.image.internal.oci.Descriptor;
import io.boxlite.image.internal.oci.Digest;
import io.boxlite.image.internal.oci.MediaTypes;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.PrivateKey;
import java.security.Signature;
import java.security.spec.PKCS8EncodedKeySpec;
import java.time.Instant;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Against Debian's docker-registry.
class RealRegistryTest {
  private static final String PASSWORD = "geheim";
  private static final String HTPASSWD =
      "user:$2y$05$Bca6IOjy3uxVXTp6NJd4P.HXIUQznBfY2RhJ4IOtJQqy13QCi2VP2\n";

  @TempDir Path directory;

  static final class Counting implements Repository.Listener {
    final AtomicLong bytes = new AtomicLong();
    final AtomicLong retries = new AtomicLong();

    @Override
    public void transferred(long transferred) {
      bytes.set(transferred);
    }

    @Override
    public void retrying() {
      retries.incrementAndGet();
    }
  }

  private static ImageRegistry entry(
      String host, boolean skipVerify, Optional<Credentials> credentials, Optional<String> caFile) {
    return new ImageRegistry(host, false, skipVerify, false, credentials, caFile, List.of());
  }

  private static byte[] random(int size) {
    byte[] content = new byte[size];
    new Random(7).nextBytes(content);
    return content;
  }

  /// Pushes an image of one layer and pulls it again.
  private static void roundTrip(Registries registries, String host) throws IOException {
    ImageReference name = ImageReference.parse(host + "/some/app:1");
    byte[] layer = random(3 << 20);
    Descriptor blob = Descriptor.of(MediaTypes.LAYER, Digest.of(layer), layer.length);
    Repository to = registries.push(name, List.of());
    Counting sent = new Counting();
    assertThat(to.putBlob(blob, () -> new ByteArrayInputStream(layer), sent)).isTrue();
    assertThat(sent.bytes.get()).isEqualTo(layer.length);
    assertThat(to.putBlob(blob, () -> new ByteArrayInputStream(layer), sent)).isFalse();
    byte[] empty = "{}".getBytes(UTF_8);
    Descriptor config = Descriptor.of(MediaTypes.CONFIG, Digest.of(empty), empty.length);
    to.putBlob(config, () -> new ByteArrayInputStream(empty), sent);
    byte[] manifest =
        ("{\"schemaVersion\":2,\"mediaType\":\""
                + MediaTypes.MANIFEST
                + "\",\"config\":"
                + json(config)
                + ",\"layers\":["
                + json(blob)
                + "]}")
            .getBytes(UTF_8);
    to.putManifest("1", MediaTypes.MANIFEST, manifest);

    Repository from = registries.pull(name, List.of());
    Repository.Document document = from.manifest("1");
    assertThat(document.content()).isEqualTo(manifest);
    assertThat(document.mediaType()).isEqualTo(MediaTypes.MANIFEST);
    assertThat(from.manifest(Digest.of(manifest).toString()).content()).isEqualTo(manifest);
    try (InputStream in = from.blob(blob, 0, new Counting())) {
      assertThat(in.readAllBytes()).isEqualTo(layer);
    }
    try (InputStream in = from.blob(blob, 1000, new Counting())) {
      assertThat(in.readAllBytes()).isEqualTo(Arrays.copyOfRange(layer, 1000, layer.length));
    }
    assertThat(from.hasBlob(Digest.of(new byte[1]))).isFalse();
    assertReason("not_found", () -> from.manifest("none"));
  }

  private static String json(Descriptor descriptor) {
    return "{\"mediaType\":\""
        + descriptor.type()
        + "\",\"digest\":\""
        + descriptor.checkedDigest()
        + "\",\"size\":"
        + descriptor.size()
        + "}";
  }

  static void assertReason(String reason, org.assertj.core.api.ThrowableAssert.ThrowingCallable c) {
    assertThatThrownBy(c)
        .isInstanceOfSatisfying(
            BoxliteException.class,
            e -> assertThat(e.reason()).as(e.getMessage()).isEqualTo(reason));
  }

  private Registries registries(ImageRegistry... entries) {
    return new Registries(
        Map.of("HOME", directory.toString(), "PATH", directory + ":" + System.getenv("PATH")),
        List.of(entries));
  }

  @Test
  void imageIsPushedAndPulledOverHttpOnLoopback() throws Exception {
    try (LocalRegistry server = LocalRegistry.start(directory);
        Registries registries = registries()) {
      roundTrip(registries, server.host());
    }
  }

  private LocalRegistry withPassword() throws Exception {
    Path file = directory.resolve("htpasswd");
    Files.writeString(file, HTPASSWD);
    return LocalRegistry.start(
        directory, "", "auth:\n  htpasswd:\n    realm: \"a, b\"\n    path: " + file + "\n");
  }

  @Test
  void passwordOfTheEntryIsSent() throws Exception {
    try (LocalRegistry server = withPassword();
        Registries registries =
            registries(
                entry(
                    server.host(),
                    false,
                    Optional.of(new Credentials.Basic("user", PASSWORD)),
                    Optional.empty()))) {
      roundTrip(registries, server.host());
    }
  }

  @Test
  void passwordOfDockersConfigurationIsSent() throws Exception {
    try (LocalRegistry server = withPassword();
        Registries registries = registries()) {
      String auth = Base64.getEncoder().encodeToString(("user:" + PASSWORD).getBytes(UTF_8));
      Path config = Files.createDirectories(directory.resolve(".docker")).resolve("config.json");
      Files.writeString(
          config, "{\"auths\":{\"http://" + server.host() + "/v2/\":{\"auth\":\"" + auth + "\"}}}");
      roundTrip(registries, server.host());
      Files.writeString(config, "{\"auths\":");
      Repository repository =
          registries.pull(ImageReference.parse(server.host() + "/some/app"), List.of());
      assertThatThrownBy(() -> repository.manifest("1")).hasMessageContaining(config.toString());
    }
  }

  @Test
  void credentialHelperIsAsked() throws Exception {
    try (LocalRegistry server = withPassword();
        Registries registries = registries()) {
      Path program = directory.resolve("docker-credential-test");
      Files.writeString(
          program,
          "#!/bin/sh\nread host\ntest \"$1 $host\" = 'get "
              + server.host()
              + "' || { echo 'credentials not found in native keychain'; exit 1; }\n"
              + "echo '{\"Username\":\"user\",\"Secret\":\""
              + PASSWORD
              + "\"}'\n");
      Files.setPosixFilePermissions(program, PosixFilePermissions.fromString("rwx------"));
      Files.writeString(
          Files.createDirectories(directory.resolve(".docker")).resolve("config.json"),
          "{\"credsStore\":\"test\"}");
      roundTrip(registries, server.host());
    }
  }

  @Test
  void withoutOrWithWrongPasswordIsUnauthorized() throws Exception {
    try (LocalRegistry server = withPassword();
        Registries anonymous = registries();
        Registries wrong =
            registries(
                entry(
                    server.host(),
                    false,
                    Optional.of(new Credentials.Basic("user", "falsch")),
                    Optional.empty()))) {
      ImageReference name = ImageReference.parse(server.host() + "/some/app");
      assertReason("unauthorized", () -> anonymous.pull(name, List.of()).manifest("1"));
      assertReason("unauthorized", () -> wrong.pull(name, List.of()).manifest("1"));
    }
  }

  @Test
  void privateAuthorityIsTrustedOnlyWhenSaid() throws Exception {
    openssl("req -x509 -newkey rsa:2048 -nodes -days 2 -keyout ca.key -out ca.pem -subj /CN=Test");
    openssl("req -newkey rsa:2048 -nodes -keyout server.key -out server.csr -subj /CN=server");
    Files.writeString(directory.resolve("ext"), "subjectAltName=IP:127.0.0.1\n");
    openssl(
        "x509 -req -in server.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -out server.pem"
            + " -extfile ext");
    String tls =
        "  tls:\n    certificate: "
            + directory.resolve("server.pem")
            + "\n    key: "
            + directory.resolve("server.key")
            + "\n";
    try (LocalRegistry server = LocalRegistry.start(directory, tls, "")) {
      String file = directory.resolve("ca.pem").toString();
      try (Registries with =
          registries(entry(server.host(), false, Optional.empty(), Optional.of(file)))) {
        roundTrip(with, server.host());
      }
      String byName = server.host().replace("127.0.0.1", "localhost");
      try (Registries skipping =
          registries(entry(byName, true, Optional.empty(), Optional.empty()))) {
        skipping.pull(ImageReference.parse(byName + "/some/app"), List.of()).manifest("1");
      }
      try (Registries without = registries()) {
        Repository refused =
            without.pull(ImageReference.parse(server.host() + "/some/app"), List.of());
        assertReason("untrusted_certificate", () -> refused.manifest("1"));
      }
    }
  }

  @Test
  void tokenOfATokenServerIsUsed() throws Exception {
    openssl("req -x509 -newkey rsa:2048 -nodes -days 2 -keyout t.key -out t.pem -subj /CN=Tokens");
    openssl("pkcs8 -topk8 -nocrypt -in t.key -outform DER -out t.der");
    PrivateKey key =
        KeyFactory.getInstance("RSA")
            .generatePrivate(
                new PKCS8EncodedKeySpec(Files.readAllBytes(directory.resolve("t.der"))));
    String certificate =
        Files.readString(directory.resolve("t.pem")).replaceAll("-----[A-Z ]+-----|\\s", "");
    HostileRegistry.Behaviour tokens =
        (asked, out) -> {
          try {
            boolean known =
                asked.header("Authorization").equals(new Login.Password("user", PASSWORD).header());
            String token = token(key, certificate, known ? "\"pull\",\"push\"" : "");
            HostileRegistry.send(out, 200, "", ("{\"token\":\"" + token + "\"}").getBytes(UTF_8));
          } catch (GeneralSecurityException e) {
            throw new IOException(e);
          }
        };
    try (HostileRegistry tokenServer = new HostileRegistry(tokens);
        LocalRegistry server =
            LocalRegistry.start(
                directory,
                "",
                "auth:\n  token:\n    realm: http://"
                    + tokenServer.host()
                    + "/token\n    service: test\n    issuer: tester\n    rootcertbundle: "
                    + directory.resolve("t.pem")
                    + "\n");
        Registries with =
            registries(
                entry(
                    server.host(),
                    false,
                    Optional.of(new Credentials.Basic("user", PASSWORD)),
                    Optional.empty()));
        Registries without = registries()) {
      roundTrip(with, server.host());
      assertThat(tokenServer.asked).hasSizeLessThan(5);
      ImageReference name = ImageReference.parse(server.host() + "/some/app");
      assertReason("unauthorized", () -> without.pull(name, List.of()).manifest("1"));
    }
  }

  private static String token(PrivateKey key, String certificate, String actions)
      throws GeneralSecurityException {
    long now = Instant.now().getEpochSecond();
    String header = "{\"typ\":\"JWT\",\"alg\":\"RS256\",\"x5c\":[\"" + certificate + "\"]}";
    String claims =
        "{\"iss\":\"tester\",\"sub\":\"user\",\"aud\":\"test\",\"jti\":\"1\",\"exp\":"
            + (now + 300)
            + ",\"nbf\":"
            + (now - 60)
            + ",\"iat\":"
            + now
            + ",\"access\":[{\"type\":\"repository\",\"name\":\"some/app\",\"actions\":["
            + actions
            + "]}]}";
    Base64.Encoder base64 = Base64.getUrlEncoder().withoutPadding();
    String signed =
        base64.encodeToString(header.getBytes(UTF_8))
            + "."
            + base64.encodeToString(claims.getBytes(UTF_8));
    Signature signature = Signature.getInstance("SHA256withRSA");
    signature.initSign(key);
    signature.update(signed.getBytes(UTF_8));
    return signed + "." + base64.encodeToString(signature.sign());
  }

  private void openssl(String arguments) throws IOException, InterruptedException {
    List<String> command = new java.util.ArrayList<>(List.of("openssl"));
    command.addAll(List.of(arguments.split(" ")));
    Process process =
        new ProcessBuilder(command)
            .directory(directory.toFile())
            .redirectErrorStream(true)
            .redirectOutput(directory.resolve("openssl.log").toFile())
            .start();
    assertThat(process.waitFor()).as(arguments).isZero();
  }
}
