package io.boxlite.network;

import io.boxlite.api.ConfigException;
import io.boxlite.api.Secret;
import io.boxlite.api.StorageException;
import io.boxlite.network.internal.proxy.PrivateFiles;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import javax.crypto.AEADBadTagException;
import javax.crypto.Cipher;
import javax.crypto.Mac;
import javax.crypto.SecretKey;
import javax.crypto.SecretKeyFactory;
import javax.crypto.spec.GCMParameterSpec;
import javax.crypto.spec.PBEKeySpec;
import javax.crypto.spec.SecretKeySpec;
import org.jspecify.annotations.Nullable;

/// Seals secrets for the disk: AES-256-GCM, each under a nonce of its own, bound to its box, name
/// and place, so that what was sealed for one box cannot be opened as another's. Immutable.
///
/// @since 0.1
public final class SecretVault {
  private static final byte[] MAGIC = {'B', 'L', 'S', 1};
  private static final int KEY = 32;
  private static final int NONCE = 12;
  private static final int CHECK = 8;
  private static final int MAX_SECRETS = 1024;
  private static final int MAX_SEALED = 1 << 20;
  private static final int MIN_PASSPHRASE = 12;
  private static final int ROUNDS = 600_000;

  private final SecretKey key;
  private final byte[] check;
  private final SecureRandom random = new SecureRandom();

  private SecretVault(byte[] key) {
    this.key = new SecretKeySpec(key, "AES");
    this.check = checkOf(key);
  }

  /// Opens the vault of a home. The file has 32 random bytes and is made once, with mode 0600. They
  /// are the key; when a key is given instead, they are the salt of its passphrase.
  ///
  /// @param file where the random bytes are or will be
  /// @param given what `BOXLITE_SECRET_KEY` says: base64 of 32 bytes, or else a passphrase of at
  ///   least 12 characters (PBKDF2 with HMAC-SHA-256, 600,000 rounds: takes some tenths of a
  ///   second)
  /// @return the vault
  /// @throws ConfigException when the file is readable by others or is none of ours, or the
  ///   passphrase is short
  /// @throws StorageException when the file cannot be read or made
  public static SecretVault open(Path file, Optional<String> given) {
    Optional<byte[]> direct = given.flatMap(SecretVault::decodeKey);
    if (direct.isPresent()) {
      return new SecretVault(direct.get());
    }
    given.ifPresent(passphrase -> {
      if (passphrase.length() < MIN_PASSPHRASE) {
        throw new ConfigException(
            "secret_key",
            "BOXLITE_SECRET_KEY is not usable: it is neither base64 of 32 bytes nor a passphrase of at"
                + " least 12 characters; make one with: openssl rand -base64 32");
      }
    });
    byte[] bytes = PrivateFiles.readOrMake(file, KEY, () -> random(KEY));
    return new SecretVault(given.map(passphrase -> derive(passphrase, bytes)).orElse(bytes));
  }

  /// Seals the secrets of a box.
  ///
  /// @param boxId the box
  /// @param secrets what it has
  /// @return what may lie on the disk; the names of the secrets are readable in it
  public byte[] seal(String boxId, List<Secret> secrets) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (DataOutputStream out = new DataOutputStream(bytes)) {
      out.write(MAGIC);
      out.write(check);
      out.writeInt(secrets.size());
      for (int i = 0; i < secrets.size(); i++) {
        Secret secret = secrets.get(i);
        out.writeUTF(secret.name());
        byte[] sealed = encrypt(context(boxId, i, secrets.size(), secret.name()), encode(secret));
        out.writeInt(sealed.length);
        out.write(sealed);
      }
    } catch (IOException e) {
      throw new IllegalArgumentException("secret cannot be sealed: its name is too long");
    }
    return bytes.toByteArray();
  }

  /// Opens what [#seal] made.
  ///
  /// @param boxId the box for which it was sealed
  /// @param sealed what it made
  /// @return the secrets, in their order
  /// @throws ConfigException when this vault's key is another, or the bytes were changed or are
  ///   another box's
  public List<Secret> open(String boxId, byte[] sealed) {
    try (DataInputStream in = new DataInputStream(new ByteArrayInputStream(sealed))) {
      if (!Arrays.equals(in.readNBytes(MAGIC.length), MAGIC)) {
        throw damaged(boxId, null);
      }
      if (!Arrays.equals(in.readNBytes(CHECK), check)) {
        throw new ConfigException(
            "secret_key",
            "secrets of box "
                + boxId
                + " cannot be read: they were sealed with another key; set BOXLITE_SECRET_KEY (or restore"
                + " the key file of the home) as it was when they were given, or create the box anew with"
                + " its secrets");
      }
      int count = in.readInt();
      if (count < 0 || count > MAX_SECRETS) {
        throw damaged(boxId, null);
      }
      List<Secret> secrets = new ArrayList<>();
      for (int i = 0; i < count; i++) {
        String name = in.readUTF();
        int length = in.readInt();
        if (length < 0 || length > MAX_SEALED) {
          throw damaged(boxId, null);
        }
        byte[] bytes = new byte[length];
        in.readFully(bytes);
        secrets.add(decode(name, decrypt(context(boxId, i, count, name), bytes)));
      }
      if (in.read() >= 0) {
        throw damaged(boxId, null);
      }
      return List.copyOf(secrets);
    } catch (IOException | GeneralSecurityException e) {
      throw damaged(boxId, e);
    }
  }

  /// Seals other bytes.
  byte[] sealBytes(String context, byte[] plain) {
    return encrypt(context.getBytes(StandardCharsets.UTF_8), plain);
  }

  /// Opens what [#sealBytes] made; empty when the key or the context is another, or the bytes were
  /// changed.
  Optional<byte[]> openBytes(String context, byte[] sealed) {
    try {
      return Optional.of(decrypt(context.getBytes(StandardCharsets.UTF_8), sealed));
    } catch (GeneralSecurityException e) {
      return Optional.empty();
    }
  }

  private byte[] encrypt(byte[] context, byte[] plain) {
    byte[] nonce = new byte[NONCE];
    random.nextBytes(nonce);
    try {
      Cipher cipher = Cipher.getInstance("AES/GCM/NoPadding");
      cipher.init(Cipher.ENCRYPT_MODE, key, new GCMParameterSpec(128, nonce));
      cipher.updateAAD(context);
      byte[] sealed = Arrays.copyOf(nonce, NONCE + cipher.getOutputSize(plain.length));
      cipher.doFinal(plain, 0, plain.length, sealed, NONCE);
      return sealed;
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("AES-GCM is not there", e);
    }
  }

  private byte[] decrypt(byte[] context, byte[] sealed) throws GeneralSecurityException {
    if (sealed.length < NONCE) {
      throw new AEADBadTagException("too short");
    }
    Cipher cipher = Cipher.getInstance("AES/GCM/NoPadding");
    cipher.init(Cipher.DECRYPT_MODE, key, new GCMParameterSpec(128, sealed, 0, NONCE));
    cipher.updateAAD(context);
    return cipher.doFinal(sealed, NONCE, sealed.length - NONCE);
  }

  /// With their number and place, so that none can be left out.
  private static byte[] context(String boxId, int place, int count, String name) {
    return ("boxlite secret\0" + boxId + "\0" + place + "\0" + count + "\0" + name)
        .getBytes(StandardCharsets.UTF_8);
  }

  private static byte[] encode(Secret secret) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (DataOutputStream out = new DataOutputStream(bytes)) {
      writeText(out, secret.value());
      writeText(out, secret.placeholder());
      out.writeBoolean(secret.plainHttp());
      out.writeInt(secret.hosts().size());
      for (String host : secret.hosts()) {
        writeText(out, host);
      }
    }
    return bytes.toByteArray();
  }

  private static Secret decode(String name, byte[] plain) throws IOException {
    try (DataInputStream in = new DataInputStream(new ByteArrayInputStream(plain))) {
      String value = readText(in);
      String placeholder = readText(in);
      boolean plainHttp = in.readBoolean();
      List<String> hosts = new ArrayList<>();
      for (int left = in.readInt(); left > 0; left--) {
        hosts.add(readText(in));
      }
      return new Secret(name, value, hosts, placeholder, plainHttp);
    }
  }

  private static void writeText(DataOutputStream out, String text) throws IOException {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    out.writeInt(bytes.length);
    out.write(bytes);
  }

  private static String readText(DataInputStream in) throws IOException {
    return new String(in.readNBytes(in.readInt()), StandardCharsets.UTF_8);
  }

  private static ConfigException damaged(String boxId, @Nullable Exception cause) {
    return new ConfigException(
        "secrets_damaged",
        "secrets of box "
            + boxId
            + " cannot be read: their file was changed or belongs to another box; create the box anew with"
            + " its secrets",
        cause,
        Map.of());
  }

  private static Optional<byte[]> decodeKey(String text) {
    try {
      return Optional.of(Base64.getDecoder().decode(text.strip())).filter(k -> k.length == KEY);
    } catch (IllegalArgumentException e) {
      return Optional.empty();
    }
  }

  private static byte[] derive(String passphrase, byte[] salt) {
    PBEKeySpec spec = new PBEKeySpec(passphrase.toCharArray(), salt, ROUNDS, KEY * 8);
    try {
      return SecretKeyFactory.getInstance("PBKDF2WithHmacSHA256").generateSecret(spec).getEncoded();
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("PBKDF2 is not there", e);
    } finally {
      spec.clearPassword();
    }
  }

  private static byte[] checkOf(byte[] key) {
    try {
      Mac mac = Mac.getInstance("HmacSHA256");
      mac.init(new SecretKeySpec(key, "HmacSHA256"));
      return Arrays.copyOf(
          mac.doFinal("boxlite key check".getBytes(StandardCharsets.US_ASCII)), CHECK);
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("HMAC is not there", e);
    }
  }

  private static byte[] random(int count) {
    byte[] bytes = new byte[count];
    new SecureRandom().nextBytes(bytes);
    return bytes;
  }

  /// Tells nothing.
  @Override
  public String toString() {
    return "SecretVault";
  }
}
