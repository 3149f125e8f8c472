package io.boxlite.network.internal.proxy;

import io.boxlite.api.ConfigException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
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
import org.jspecify.annotations.Nullable;

/// TLS towards servers: their certificate must be of an authority that the host trusts, and name
/// the host that the box asked for. Thread-safe.
public final class UpstreamTls {
  /// Read once: it takes some tenths of a second.
  private static final class OfJdk {
    static final X509Certificate[] ISSUERS = ofJdk();
  }

  /// The last one: making one takes a quarter of a second, and all boxes of a runtime have the
  /// same.
  private static volatile @Nullable UpstreamTls last;

  /// A bundle as it was when it was read.
  private record Source(Optional<Path> bundle, Optional<FileTime> changed) {
    static Source of(Optional<Path> bundle) {
      try {
        return new Source(
            bundle,
            bundle.isPresent()
                ? Optional.of(Files.getLastModifiedTime(bundle.get()))
                : Optional.empty());
      } catch (IOException e) {
        throw unreadable(bundle.orElseThrow(), e);
      }
    }
  }

  private final Source source;
  private final SSLContext context;
  private final String pem;

  private UpstreamTls(Source source) throws GeneralSecurityException, IOException {
    List<X509Certificate> authorities = new ArrayList<>(List.of(OfJdk.ISSUERS));
    source.bundle.ifPresent(file -> authorities.addAll(read(file)));
    this.source = source;
    this.context = context(authorities);
    StringBuilder text = new StringBuilder();
    for (X509Certificate authority : authorities) {
      text.append(Certificates.pem("CERTIFICATE", authority.getEncoded()));
    }
    this.pem = text.toString();
  }

  /// {@return one that trusts what this JDK trusts, and a bundle}
  ///
  /// @param bundle further authorities, in PEM; read again when it has changed
  /// @throws ConfigException when the bundle cannot be read
  public static UpstreamTls trusting(Optional<Path> bundle) {
    Source source = Source.of(bundle);
    UpstreamTls known = last;
    if (known != null && known.source.equals(source)) {
      return known;
    }
    try {
      UpstreamTls made = new UpstreamTls(source);
      last = made;
      return made;
    } catch (IOException | GeneralSecurityException e) {
      throw new IllegalStateException("cannot read the authorities that the JDK trusts", e);
    }
  }

  private static SSLContext context(List<X509Certificate> authorities)
      throws GeneralSecurityException, IOException {
    KeyStore store = KeyStore.getInstance("PKCS12");
    store.load(null, null);
    int number = 0;
    for (X509Certificate authority : authorities) {
      store.setCertificateEntry("authority-" + number++, authority);
    }
    TrustManagerFactory factory = TrustManagerFactory.getInstance("PKIX");
    factory.init(store);
    SSLContext context = SSLContext.getInstance("TLS");
    context.init(null, factory.getTrustManagers(), null);
    return context;
  }

  /// {@return what it trusts, in PEM}
  public String pem() {
    return pem;
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

  private static List<X509Certificate> read(Path bundle) {
    try (InputStream in = Files.newInputStream(bundle)) {
      return CertificateFactory.getInstance("X.509").generateCertificates(in).stream()
          .map(X509Certificate.class::cast)
          .toList();
    } catch (IOException | GeneralSecurityException e) {
      throw unreadable(bundle, e);
    }
  }

  private static ConfigException unreadable(Path bundle, Exception e) {
    return new ConfigException(
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
