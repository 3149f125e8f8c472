package io.boxlite.network;

import io.boxlite.api.StorageException;
import io.boxlite.network.internal.proxy.Certificates;
import io.boxlite.network.internal.proxy.PrivateFiles;
import io.boxlite.network.internal.proxy.UpstreamTls;
import java.io.IOException;
import java.io.StringReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.PrivateKey;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Optional;
import org.bouncycastle.util.io.pem.PemObject;
import org.bouncycastle.util.io.pem.PemReader;

/// The certificate authority of one box: an ECDSA key (P-256) that signs certificates for the hosts
/// to which its secrets go. The box trusts the certificate and never sees the key. Valid for a
/// year, and made anew when it is opened with less than 30 days left, so the box must be told
/// [#pem] at each start. It has no name constraints: the hosts of secrets may change while the box
/// runs, what it trusts only when it starts. Immutable, thread-safe.
///
/// @since 0.1
public final class BoxAuthority {
  private static final Duration RENEW = Duration.ofDays(30);
  private static final String KEY_BLOCK = "BOXLITE SEALED KEY";

  private final X509Certificate certificate;
  private final PrivateKey key;
  private final InstantSource clock;

  private BoxAuthority(Certificates.Authority authority, InstantSource clock) {
    this.certificate = authority.certificate();
    this.key = authority.key();
    this.clock = clock;
  }

  /// Opens the authority of a box, and makes it when there is none, when it is about to end, or
  /// when the vault has another key than the one that sealed it.
  ///
  /// @param file where it lies: the certificate and the sealed key in PEM, mode 0600
  /// @param boxId the box
  /// @param vault seals the key
  /// @return the authority
  /// @throws StorageException when the file cannot be read or written
  public static BoxAuthority open(Path file, String boxId, SecretVault vault) {
    return open(file, boxId, vault, InstantSource.system());
  }

  /// Opens the authority of a box that runs and trusts it: made anew only when it has ended.
  ///
  /// @param file as of [#open]
  /// @param boxId the box
  /// @param vault seals the key
  /// @return the authority
  /// @throws StorageException when the file cannot be read or written
  public static BoxAuthority reopen(Path file, String boxId, SecretVault vault) {
    return open(file, boxId, vault, InstantSource.system(), Duration.ZERO);
  }

  /// {@return what the host trusts, in PEM, for boxes that trust nobody}
  ///
  /// @param bundle further authorities, in PEM
  /// @throws io.boxlite.api.ConfigException when the bundle cannot be read
  public static String commonPem(Optional<Path> bundle) {
    return UpstreamTls.trusting(bundle).pem();
  }

  static BoxAuthority open(Path file, String boxId, SecretVault vault, InstantSource clock) {
    return open(file, boxId, vault, clock, RENEW);
  }

  private static BoxAuthority open(
      Path file, String boxId, SecretVault vault, InstantSource clock, Duration left) {
    Optional<Certificates.Authority> there =
        PrivateFiles.read(file)
            .flatMap(bytes -> parse(bytes, boxId, vault))
            .filter(
                a -> a.certificate().getNotAfter().toInstant().isAfter(clock.instant().plus(left)))
            .filter(a -> a.certificate().getNotBefore().toInstant().isBefore(clock.instant()));
    if (there.isPresent()) {
      return new BoxAuthority(there.get(), clock);
    }
    Certificates.Authority made = Certificates.authority(boxId, clock.instant());
    byte[] sealed = vault.sealBytes(context(boxId), made.key().getEncoded());
    String text =
        Certificates.pem("CERTIFICATE", encoded(made.certificate()))
            + Certificates.pem(KEY_BLOCK, sealed);
    PrivateFiles.replace(file, text.getBytes(StandardCharsets.US_ASCII));
    return new BoxAuthority(made, clock);
  }

  /// {@return the certificate that the box must trust, in PEM}
  public String pem() {
    return Certificates.pem("CERTIFICATE", encoded(certificate));
  }

  Certificates certificates() {
    return new Certificates(new Certificates.Authority(certificate, key), clock);
  }

  private static Optional<Certificates.Authority> parse(
      byte[] bytes, String boxId, SecretVault vault) {
    try (PemReader reader =
        new PemReader(new StringReader(new String(bytes, StandardCharsets.US_ASCII)))) {
      PemObject certificate = reader.readPemObject();
      PemObject key = reader.readPemObject();
      if (certificate == null || key == null || !key.getType().equals(KEY_BLOCK)) {
        return Optional.empty();
      }
      Optional<byte[]> opened = vault.openBytes(context(boxId), key.getContent());
      return opened.isEmpty()
          ? Optional.empty()
          : Optional.of(Certificates.Authority.parse(certificate.getContent(), opened.get()));
    } catch (IOException | GeneralSecurityException | IllegalArgumentException e) {
      // A damaged file is as good as none: the box is told of the new authority when it starts.
      return Optional.empty();
    }
  }

  private static String context(String boxId) {
    return "boxlite authority\0" + boxId;
  }

  private static byte[] encoded(X509Certificate certificate) {
    try {
      return certificate.getEncoded();
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("a certificate of our own has no encoding", e);
    }
  }

  /// Tells nothing of the key.
  @Override
  public String toString() {
    return "BoxAuthority[" + certificate.getSubjectX500Principal() + "]";
  }
}
