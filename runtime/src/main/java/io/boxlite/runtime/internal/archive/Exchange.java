package io.boxlite.runtime.internal.archive;

import io.boxlite.runtime.internal.layout.HomeLayout;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/// What writing and reading archives share.
final class Exchange {
  private Exchange() {}

  static Path make(Path directory) {
    HomeLayout.createPrivate(directory);
    return directory;
  }

  static MessageDigest sha256() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java has SHA-256", e);
    }
  }

  static String checksum(MessageDigest digest) {
    return "sha256:" + HexFormat.of().formatHex(digest.digest());
  }
}
