package io.boxlite.network.internal.proxy;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.StringWriter;
import java.math.BigInteger;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.KeyStore;
import java.security.PrivateKey;
import java.security.SecureRandom;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.security.spec.ECGenParameterSpec;
import java.security.spec.PKCS8EncodedKeySpec;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Date;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.Map;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.asn1.x500.X500NameBuilder;
import org.bouncycastle.asn1.x500.style.BCStyle;
import org.bouncycastle.asn1.x509.BasicConstraints;
import org.bouncycastle.asn1.x509.ExtendedKeyUsage;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.GeneralName;
import org.bouncycastle.asn1.x509.GeneralNames;
import org.bouncycastle.asn1.x509.KeyPurposeId;
import org.bouncycastle.asn1.x509.KeyUsage;
import org.bouncycastle.cert.X509v3CertificateBuilder;
import org.bouncycastle.cert.jcajce.JcaX509CertificateConverter;
import org.bouncycastle.cert.jcajce.JcaX509ExtensionUtils;
import org.bouncycastle.cert.jcajce.JcaX509v3CertificateBuilder;
import org.bouncycastle.operator.ContentSigner;
import org.bouncycastle.operator.OperatorCreationException;
import org.bouncycastle.operator.jcajce.JcaContentSignerBuilder;
import org.bouncycastle.util.io.pem.PemObject;
import org.bouncycastle.util.io.pem.PemWriter;

/// Certificates that an authority signs for hosts: valid from a day ago, since clocks of guests
/// differ, for 72 hours, and used for 24. The 256 last used are kept. Thread-safe.
public final class Certificates {
  private static final Duration SKEW = Duration.ofDays(1);
  private static final Duration AUTHORITY_LIFE = Duration.ofDays(366);
  private static final Duration LEAF_LIFE = Duration.ofDays(3);
  private static final Duration LEAF_USE = Duration.ofDays(1);
  private static final int KEPT = 256;
  private static final int MAX_COMMON_NAME = 64;
  private static final SecureRandom RANDOM = new SecureRandom();

  /// A certificate that signs others, and its key.
  ///
  /// @param certificate the certificate
  /// @param key its key
  public record Authority(X509Certificate certificate, PrivateKey key) {
    /// {@return one from its encodings}
    ///
    /// @param certificate DER
    /// @param key PKCS#8
    /// @throws GeneralSecurityException when they are none
    public static Authority parse(byte[] certificate, byte[] key) throws GeneralSecurityException {
      return new Authority(
          (X509Certificate)
              CertificateFactory.getInstance("X.509")
                  .generateCertificate(new ByteArrayInputStream(certificate)),
          KeyFactory.getInstance("EC").generatePrivate(new PKCS8EncodedKeySpec(key)));
    }

    @Override
    public String toString() {
      return "Authority";
    }
  }

  private record Leaf(SSLContext context, Instant until) {}

  private final Authority authority;
  private final InstantSource clock;
  private final KeyPair leafKey;
  private final Map<String, Leaf> leaves =
      new LinkedHashMap<>(16, 0.75f, true) {
        private static final long serialVersionUID = 1L;

        @Override
        protected boolean removeEldestEntry(Map.Entry<String, Leaf> eldest) {
          return size() > KEPT;
        }
      };

  /// Makes one.
  ///
  /// @param authority who signs
  /// @param clock what time it is
  public Certificates(Authority authority, InstantSource clock) {
    this.authority = authority;
    this.clock = clock;
    this.leafKey = keyPair();
  }

  /// {@return what a server of that host needs for TLS}
  ///
  /// @param host a host name in lower case
  public synchronized SSLContext forHost(String host) {
    Instant now = clock.instant();
    Leaf leaf = leaves.get(host);
    if (leaf == null || !leaf.until.isAfter(now) || leaf.until.isAfter(now.plus(LEAF_USE))) {
      leaf = new Leaf(context(leaf(host, now)), now.plus(LEAF_USE));
      leaves.put(host, leaf);
    }
    return leaf.context;
  }

  /// {@return a new authority, valid for a year}
  ///
  /// @param boxId of which box
  /// @param now the time
  public static Authority authority(String boxId, Instant now) {
    KeyPair pair = keyPair();
    BigInteger serial = serial();
    // The serial number makes the name differ from that of the authority before it.
    String number = HexFormat.of().formatHex(serial.toByteArray(), 0, 4);
    String shortId = boxId.substring(0, Math.min(24, boxId.length()));
    X500Name name =
        new X500NameBuilder()
            .addRDN(BCStyle.O, "BoxLite")
            .addRDN(BCStyle.CN, "BoxLite box " + shortId + " " + number)
            .build();
    try {
      JcaX509ExtensionUtils ids = new JcaX509ExtensionUtils();
      X509v3CertificateBuilder builder =
          new JcaX509v3CertificateBuilder(
                  name,
                  serial,
                  Date.from(now.minus(SKEW)),
                  Date.from(now.plus(AUTHORITY_LIFE)),
                  name,
                  pair.getPublic())
              .addExtension(Extension.basicConstraints, true, new BasicConstraints(0))
              .addExtension(
                  Extension.keyUsage, true, new KeyUsage(KeyUsage.keyCertSign | KeyUsage.cRLSign))
              .addExtension(
                  Extension.subjectKeyIdentifier,
                  false,
                  ids.createSubjectKeyIdentifier(pair.getPublic()));
      return new Authority(sign(builder, pair.getPrivate()), pair.getPrivate());
    } catch (IOException | GeneralSecurityException e) {
      throw new IllegalStateException("cannot make a certificate authority", e);
    }
  }

  /// {@return a block of PEM}
  ///
  /// @param type its type
  /// @param content its bytes
  public static String pem(String type, byte[] content) {
    StringWriter text = new StringWriter();
    try (PemWriter writer = new PemWriter(text)) {
      writer.writeObject(new PemObject(type, content));
    } catch (IOException e) {
      throw new IllegalStateException("cannot write to memory", e);
    }
    return text.toString();
  }

  private X509Certificate leaf(String host, Instant now) {
    X500NameBuilder name = new X500NameBuilder().addRDN(BCStyle.O, "BoxLite");
    if (host.length() <= MAX_COMMON_NAME) {
      name.addRDN(BCStyle.CN, host);
    }
    Instant end = authority.certificate.getNotAfter().toInstant();
    Instant until = now.plus(LEAF_LIFE);
    try {
      JcaX509ExtensionUtils ids = new JcaX509ExtensionUtils();
      X509v3CertificateBuilder builder =
          new JcaX509v3CertificateBuilder(
                  X500Name.getInstance(
                      authority.certificate.getSubjectX500Principal().getEncoded()),
                  serial(),
                  Date.from(now.minus(SKEW)),
                  Date.from(until.isAfter(end) ? end : until),
                  name.build(),
                  leafKey.getPublic())
              .addExtension(Extension.basicConstraints, true, new BasicConstraints(false))
              .addExtension(Extension.keyUsage, true, new KeyUsage(KeyUsage.digitalSignature))
              .addExtension(
                  Extension.extendedKeyUsage,
                  false,
                  new ExtendedKeyUsage(KeyPurposeId.id_kp_serverAuth))
              .addExtension(
                  Extension.subjectAlternativeName,
                  false,
                  new GeneralNames(new GeneralName(GeneralName.dNSName, host)))
              .addExtension(
                  Extension.subjectKeyIdentifier,
                  false,
                  ids.createSubjectKeyIdentifier(leafKey.getPublic()))
              .addExtension(
                  Extension.authorityKeyIdentifier,
                  false,
                  ids.createAuthorityKeyIdentifier(authority.certificate.getPublicKey()));
      return sign(builder, authority.key);
    } catch (IOException | GeneralSecurityException e) {
      throw new IllegalStateException("cannot make a certificate for " + host, e);
    }
  }

  private SSLContext context(X509Certificate certificate) {
    char[] none = new char[0];
    try {
      KeyStore store = KeyStore.getInstance("PKCS12");
      store.load(null, none);
      store.setKeyEntry("leaf", leafKey.getPrivate(), none, new X509Certificate[] {certificate});
      KeyManagerFactory keys = KeyManagerFactory.getInstance("PKIX");
      keys.init(store, none);
      SSLContext context = SSLContext.getInstance("TLS");
      context.init(keys.getKeyManagers(), null, null);
      return context;
    } catch (IOException | GeneralSecurityException e) {
      throw new IllegalStateException("cannot use a certificate of our own", e);
    }
  }

  private static X509Certificate sign(X509v3CertificateBuilder builder, PrivateKey key)
      throws CertificateException {
    try {
      ContentSigner signer = new JcaContentSignerBuilder("SHA256withECDSA").build(key);
      return new JcaX509CertificateConverter().getCertificate(builder.build(signer));
    } catch (OperatorCreationException e) {
      throw new IllegalStateException("ECDSA is not there", e);
    }
  }

  private static KeyPair keyPair() {
    try {
      KeyPairGenerator generator = KeyPairGenerator.getInstance("EC");
      generator.initialize(new ECGenParameterSpec("secp256r1"));
      return generator.generateKeyPair();
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("P-256 is not there", e);
    }
  }

  private static BigInteger serial() {
    return new BigInteger(126, RANDOM).setBit(126);
  }
}
