package io.boxlite.image.internal.oci;

import io.boxlite.api.ImageException;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.regex.Pattern;

/// A SHA-256 digest. Its hex digits are safe in file names: they are checked.
///
/// @param hex 64 lower-case hex digits
public record Digest(String hex) {
  /// Digits of one.
  public static final int HEX_LENGTH = 64;

  private static final String PREFIX = "sha256:";
  private static final Pattern HEX = Pattern.compile("[0-9a-f]{" + HEX_LENGTH + "}");

  public Digest {
    if (!HEX.matcher(hex).matches()) {
      throw new ImageException("invalid_digest", "invalid digest: not 64 hex digits");
    }
  }

  /// Reads `sha256:` and 64 hex digits.
  public static Digest parse(String text) {
    if (!text.startsWith(PREFIX)) {
      throw new ImageException(
          "unsupported_digest", "unsupported digest: only sha256 with 64 hex digits is known");
    }
    return new Digest(text.substring(PREFIX.length()));
  }

  public static Digest of(byte[] content) {
    return finish(start().digest(content));
  }

  public static Digest finish(byte[] sha256) {
    return new Digest(HexFormat.of().formatHex(sha256));
  }

  public static MessageDigest start() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e); // every Java platform has it
    }
  }

  public byte[] bytes() {
    return HexFormat.of().parseHex(hex);
  }

  @Override
  public String toString() {
    return PREFIX + hex;
  }
}
