package io.boxlite.server;

import io.boxlite.api.ConfigException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.KeyStore;
import java.security.PrivateKey;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.eclipse.jetty.util.ssl.SslContextFactory;

/// Reads what a server proves its name with: certificates and a private key (PKCS #8, RFC 5958) as
/// PEM files.
final class TlsIdentity {
  private static final Pattern KEY =
      Pattern.compile("-----BEGIN PRIVATE KEY-----([A-Za-z0-9+/=\\s]+)-----END PRIVATE KEY-----");
  private static final List<String> ALGORITHMS = List.of("EC", "RSA", "Ed25519");

  private TlsIdentity() {}

  /// {@return what Jetty's connections use}
  ///
  /// @throws ConfigException if a file cannot be read, or is not such a file, or both do not belong
  ///   together
  static SslContextFactory.Server read(Path certificates, Path key) {
    char[] password = new char[0]; // of a store that never leaves the memory
    try {
      KeyStore store = KeyStore.getInstance("PKCS12");
      store.load(null, password);
      store.setKeyEntry("server", privateKey(key), password, certificates(certificates));
      SslContextFactory.Server tls = new SslContextFactory.Server();
      tls.setKeyStore(store);
      tls.setKeyStorePassword("");
      tls.setIncludeProtocols("TLSv1.3", "TLSv1.2");
      tls.setSniRequired(false);
      return tls;
    } catch (IOException e) {
      throw new ConfigException(
          "tls_unreadable",
          "cannot read the TLS files " + certificates + " and " + key + ": " + e,
          e,
          Map.of());
    } catch (GeneralSecurityException e) {
      throw new ConfigException(
          "tls_invalid",
          "the TLS files " + certificates + " and " + key + " are unusable: " + e.getMessage(),
          e,
          Map.of());
    }
  }

  private static Certificate[] certificates(Path file)
      throws IOException, GeneralSecurityException {
    try (InputStream in = Files.newInputStream(file)) {
      Certificate[] chain =
          CertificateFactory.getInstance("X.509")
              .generateCertificates(in)
              .toArray(Certificate[]::new);
      if (chain.length == 0) {
        throw new GeneralSecurityException("no certificate in " + file);
      }
      return chain;
    }
  }

  private static PrivateKey privateKey(Path file) throws IOException, GeneralSecurityException {
    Matcher pem = KEY.matcher(Files.readString(file, StandardCharsets.US_ASCII));
    if (!pem.find()) {
      throw new GeneralSecurityException(
          "no PEM block PRIVATE KEY in " + file + "; openssl pkcs8 -topk8 -nodes makes one");
    }
    PKCS8EncodedKeySpec encoded =
        new PKCS8EncodedKeySpec(Base64.getMimeDecoder().decode(pem.group(1)));
    for (String algorithm : ALGORITHMS) {
      try {
        return KeyFactory.getInstance(algorithm).generatePrivate(encoded);
      } catch (GeneralSecurityException _) {
        // It is a key of another algorithm.
      }
    }
    throw new GeneralSecurityException(file + " is no key of " + String.join(", ", ALGORITHMS));
  }
}
