package io.boxlite.server;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.Key;
import java.security.KeyStore;
import java.security.cert.Certificate;
import java.util.Base64;

/// A certificate for 127.0.0.1 that nobody but itself vouches for, and its key, both as PEM files.
record TestCertificate(Path certificate, Path key, Certificate parsed) {
  private static final String PASSWORD = "changeit";
  private static final Object LOCK = new Object();
  private static TestCertificate shared;

  /// {@return the one that all tests of this JVM use: to make one takes half a second}
  static TestCertificate shared() throws Exception {
    synchronized (LOCK) {
      if (shared == null) {
        shared = make(Files.createTempDirectory("boxlite-certificate"));
      }
      return shared;
    }
  }

  private static TestCertificate make(Path directory) throws Exception {
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
                "CN=server",
                "-ext",
                "SAN=ip:127.0.0.1",
                "-keystore",
                file.toString(),
                "-storepass",
                PASSWORD)
            .redirectErrorStream(true)
            .redirectOutput(ProcessBuilder.Redirect.DISCARD)
            .start();
    assertThat(keytool.waitFor()).isZero();
    KeyStore store = KeyStore.getInstance(file.toFile(), PASSWORD.toCharArray());
    Files.delete(file);
    Certificate certificate = store.getCertificate("s");
    Key key = store.getKey("s", PASSWORD.toCharArray());
    return new TestCertificate(
        kept(directory.resolve("certificate.pem"), pem("CERTIFICATE", certificate.getEncoded())),
        kept(directory.resolve("key.pem"), pem("PRIVATE KEY", key.getEncoded())),
        certificate);
  }

  private static Path kept(Path file, String text) throws IOException {
    file.getParent().toFile().deleteOnExit(); // in the reverse order of registration
    file.toFile().deleteOnExit();
    return Files.writeString(file, text);
  }

  private static String pem(String kind, byte[] content) {
    return "-----BEGIN "
        + kind
        + "-----\n"
        + Base64.getMimeEncoder(64, new byte[] {'\n'}).encodeToString(content)
        + "\n-----END "
        + kind
        + "-----\n";
  }
}
