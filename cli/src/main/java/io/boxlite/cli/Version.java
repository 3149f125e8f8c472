package io.boxlite.cli;

/// The version of this program.
final class Version {
  /// What `--version` prints: from the manifest of the jar, so that the parent pom is its one
  /// source.
  static final String LINE = "boxlite " + number();

  private Version() {}

  private static String number() {
    String version = Version.class.getPackage().getImplementationVersion();
    return version == null ? "unpackaged" : version;
  }
}
