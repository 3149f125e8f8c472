package io.boxlite.client;

import io.boxlite.api.ConfigException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.util.Map;
import java.util.Optional;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManager;
import javax.net.ssl.TrustManagerFactory;
import javax.net.ssl.X509TrustManager;

/// Which servers TLS connections of this program are made to.
///
/// @since 0.1
public final class Trust {
  private Trust() {}

  /// {@return makes connections to servers with certificates of the authorities that Java knows}
  ///
  /// @param caFile a PEM file of authorities that are trusted besides
  /// @throws ConfigException if the file cannot be read
  public static SSLContext context(Optional<Path> caFile) {
    try {
      SSLContext context = SSLContext.getInstance("TLS");
      TrustManager[] trust =
          caFile.isEmpty()
              ? null
              : new TrustManager[] {new Authorities(of((KeyStore) null), of(store(caFile.get())))};
      context.init(null, trust, null);
      return context;
    } catch (IOException | GeneralSecurityException e) {
      throw new ConfigException(
          "ca_file_unusable",
          "the authorities in " + caFile.orElseThrow() + " cannot be used: " + e,
          e,
          Map.of());
    }
  }

  private static KeyStore store(Path file) throws IOException, GeneralSecurityException {
    KeyStore store = KeyStore.getInstance("PKCS12");
    store.load(null, null);
    try (InputStream in = Files.newInputStream(file)) {
      for (Certificate each : CertificateFactory.getInstance("X.509").generateCertificates(in)) {
        store.setCertificateEntry("ca-" + store.size(), each);
      }
    }
    if (store.size() == 0) {
      throw new GeneralSecurityException("no certificate in it");
    }
    return store;
  }

  private static X509TrustManager of(@org.jspecify.annotations.Nullable KeyStore store)
      throws GeneralSecurityException {
    TrustManagerFactory factory = TrustManagerFactory.getInstance("PKIX");
    factory.init(store);
    return (X509TrustManager) factory.getTrustManagers()[0];
  }

  /// Trusts who either of two trusts.
  ///
  /// @param system the system's authorities
  /// @param own those of a file
  private record Authorities(X509TrustManager system, X509TrustManager own)
      implements X509TrustManager {
    @Override
    public void checkClientTrusted(X509Certificate[] chain, String type)
        throws java.security.cert.CertificateException {
      system.checkClientTrusted(chain, type);
    }

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String type)
        throws java.security.cert.CertificateException {
      try {
        own.checkServerTrusted(chain, type);
      } catch (java.security.cert.CertificateException e) {
        system.checkServerTrusted(chain, type);
      }
    }

    @Override
    public X509Certificate[] getAcceptedIssuers() {
      return own.getAcceptedIssuers();
    }
  }
}
