package io.boxlite.image.internal.registry;

import io.boxlite.api.ConfigException;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.TrustManager;
import javax.net.ssl.TrustManagerFactory;
import javax.net.ssl.X509ExtendedTrustManager;
import javax.net.ssl.X509TrustManager;

/// Whose certificates are believed for a registry. Immutable.
///
/// @param anybody whether all are
/// @param files PEM files with authorities, beside those of Java and of the system
record Trust(boolean anybody, List<Path> files) {
  private static final long MAX_FILE = 16 << 20;
  private static final Path DOCKER_CERTIFICATES = Path.of("/etc/docker/certs.d");
  private static final List<String> SYSTEM_BUNDLES =
      List.of(
          "/etc/ssl/certs/ca-certificates.crt",
          "/etc/pki/tls/certs/ca-bundle.crt",
          "/etc/ssl/cert.pem");
  private static final Pattern CERTIFICATE =
      Pattern.compile("-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----");

  Trust {
    files = List.copyOf(files);
  }

  /// What holds for a host.
  ///
  /// @param anybody whether its certificate is not checked
  /// @param caFile of its entry
  /// @param host with its port if one was given; without a slash
  static Trust of(boolean anybody, Optional<String> caFile, String host) {
    List<Path> files = new ArrayList<>();
    if (!anybody) {
      caFile.map(Path::of).ifPresent(files::add);
      try (DirectoryStream<Path> found =
          Files.newDirectoryStream(DOCKER_CERTIFICATES.resolve(host), "*.crt")) {
        found.forEach(files::add);
      } catch (IOException | java.nio.file.DirectoryIteratorException e) {
        // As a rule there is no such directory.
      }
    }
    return new Trust(anybody, files);
  }

  /// Reads the certificates: takes some 50 ms.
  ///
  /// @param environment with `SSL_CERT_FILE`
  /// @throws ConfigException if a file cannot be read or has no certificate; names it
  SSLContext context(Map<String, String> environment) {
    try {
      TrustManager[] managers =
          anybody ? new TrustManager[] {new Anybody()} : authorities(environment);
      return context(managers);
    } catch (GeneralSecurityException | IOException e) {
      throw new ConfigException(
          "invalid_certificates", "cannot set up TLS: " + Errors.text(e), e, Map.of());
    }
  }

  /// {@return a context that believes nobody, cheap to make}
  static SSLContext nobody() {
    try {
      return context(new TrustManager[] {new Nobody()});
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException(e); // every Java platform has TLS
    }
  }

  private static SSLContext context(TrustManager[] managers) throws GeneralSecurityException {
    SSLContext context = SSLContext.getInstance("TLS");
    context.init(null, managers, null);
    return context;
  }

  private TrustManager[] authorities(Map<String, String> environment)
      throws GeneralSecurityException, IOException {
    Set<X509Certificate> authorities = new LinkedHashSet<>();
    TrustManagerFactory factory =
        TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
    factory.init((KeyStore) null);
    for (TrustManager manager : factory.getTrustManagers()) {
      if (manager instanceof X509TrustManager known) {
        authorities.addAll(List.of(known.getAcceptedIssuers()));
      }
    }
    systemBundle(environment).ifPresent(file -> authorities.addAll(certificates(file)));
    for (Path file : files) {
      List<X509Certificate> more = certificates(file);
      if (more.isEmpty()) {
        throw new ConfigException(
            "invalid_certificates", "no PEM certificate in " + file + ": check its path");
      }
      authorities.addAll(more);
    }
    KeyStore store = KeyStore.getInstance(KeyStore.getDefaultType());
    store.load(null, null);
    int number = 0;
    for (X509Certificate authority : authorities) {
      store.setCertificateEntry("authority-" + number++, authority);
    }
    factory.init(store);
    return factory.getTrustManagers();
  }

  private static Optional<Path> systemBundle(Map<String, String> environment) {
    String chosen = environment.getOrDefault("SSL_CERT_FILE", "");
    List<String> places = chosen.isEmpty() ? SYSTEM_BUNDLES : List.of(chosen);
    return places.stream().map(Path::of).filter(Files::isReadable).findFirst();
  }

  // One bad certificate among hundreds of a system's bundle must not close all registries.
  private static List<X509Certificate> certificates(Path file) {
    List<X509Certificate> certificates = new ArrayList<>();
    try {
      CertificateFactory factory = CertificateFactory.getInstance("X.509");
      Matcher blocks = CERTIFICATE.matcher(read(file));
      while (blocks.find()) {
        byte[] block = blocks.group().getBytes(StandardCharsets.US_ASCII);
        try {
          if (factory.generateCertificate(new ByteArrayInputStream(block))
              instanceof X509Certificate certificate) {
            certificates.add(certificate);
          }
        } catch (CertificateException e) {
          // the others count
        }
      }
    } catch (IOException | CertificateException e) {
      throw new ConfigException(
          "invalid_certificates",
          "cannot read certificates of " + file + ": " + Errors.text(e),
          e,
          Map.of());
    }
    return certificates;
  }

  private static String read(Path file) throws IOException {
    try (InputStream in = Files.newInputStream(file)) {
      return new String(in.readNBytes((int) MAX_FILE), StandardCharsets.ISO_8859_1);
    }
  }

  // Only an extended trust manager also decides about host names.
  private static final class Anybody extends X509ExtendedTrustManager {
    @Override
    public void checkClientTrusted(X509Certificate[] chain, String type, Socket socket) {}

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String type, Socket socket) {}

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String type, SSLEngine engine) {}

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String type, SSLEngine engine) {}

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String type) {}

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String type) {}

    @Override
    public X509Certificate[] getAcceptedIssuers() {
      return new X509Certificate[0];
    }
  }

  private static final class Nobody implements X509TrustManager {
    @Override
    public void checkClientTrusted(X509Certificate[] chain, String type)
        throws CertificateException {
      throw new CertificateException("nobody is trusted");
    }

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String type)
        throws CertificateException {
      throw new CertificateException("nobody is trusted");
    }

    @Override
    public X509Certificate[] getAcceptedIssuers() {
      return new X509Certificate[0];
    }
  }
}
