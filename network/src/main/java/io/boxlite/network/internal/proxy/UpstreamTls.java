package io.boxlite.network.internal.proxy;

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
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import javax.net.ssl.SNIHostName;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.TrustManager;
import javax.net.ssl.TrustManagerFactory;
import javax.net.ssl.X509TrustManager;

/// TLS towards servers: their certificate must be of an authority that the host trusts, and name
/// the host that the box asked for. Thread-safe.
public final class UpstreamTls {
  /// Read once: it takes some tenths of a second.
  private static final class OfJdk {
    static final X509Certificate[] ISSUERS = ofJdk();
  }

  private final SSLContext context;

  private UpstreamTls(SSLContext context) {
    this.context = context;
  }

  /// {@return one that trusts what this JDK trusts, and a bundle}
  ///
  /// @param bundle further authorities, in PEM
  /// @throws ConfigException when the bundle cannot be read
  public static UpstreamTls trusting(Optional<Path> bundle) {
    try {
      KeyStore store = KeyStore.getInstance("PKCS12");
      store.load(null, null);
      int number = 0;
      for (Certificate certificate : authorities(bundle)) {
        store.setCertificateEntry("authority-" + number++, certificate);
      }
      TrustManagerFactory factory = TrustManagerFactory.getInstance("PKIX");
      factory.init(store);
      SSLContext context = SSLContext.getInstance("TLS");
      context.init(null, factory.getTrustManagers(), null);
      return new UpstreamTls(context);
    } catch (IOException | GeneralSecurityException e) {
      throw new IllegalStateException("cannot read the authorities that the JDK trusts", e);
    }
  }

  /// {@return what this JDK trusts, and a bundle}
  ///
  /// @param bundle further authorities, in PEM
  /// @throws ConfigException when the bundle cannot be read
  public static List<Certificate> authorities(Optional<Path> bundle) {
    List<Certificate> all = new ArrayList<>(List.of(OfJdk.ISSUERS));
    bundle.ifPresent(file -> all.addAll(read(file)));
    return all;
  }

  SSLEngine engine(String host, int port, List<String> protocols) {
    SSLEngine engine = context.createSSLEngine(host, port);
    engine.setUseClientMode(true);
    SSLParameters parameters = engine.getSSLParameters();
    parameters.setEndpointIdentificationAlgorithm("HTTPS");
    parameters.setServerNames(List.of(new SNIHostName(host)));
    parameters.setProtocols(new String[] {"TLSv1.3", "TLSv1.2"});
    parameters.setApplicationProtocols(protocols.toArray(String[]::new));
    engine.setSSLParameters(parameters);
    return engine;
  }

  private static X509Certificate[] ofJdk() {
    try {
      TrustManagerFactory factory = TrustManagerFactory.getInstance("PKIX");
      factory.init((KeyStore) null);
      for (TrustManager manager : factory.getTrustManagers()) {
        if (manager instanceof X509TrustManager x509) {
          return x509.getAcceptedIssuers();
        }
      }
      return new X509Certificate[0];
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("cannot read the authorities that the JDK trusts", e);
    }
  }

  private static Collection<? extends Certificate> read(Path bundle) {
    try (InputStream in = Files.newInputStream(bundle)) {
      return CertificateFactory.getInstance("X.509").generateCertificates(in);
    } catch (IOException | GeneralSecurityException e) {
      throw new ConfigException(
          "certificate_bundle",
          "cannot read the certificates in "
              + bundle
              + ": "
              + e.getMessage()
              + "; give a file with certificates in PEM",
          e,
          Map.of());
    }
  }
}
