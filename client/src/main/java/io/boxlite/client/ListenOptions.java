package io.boxlite.client;

import java.nio.file.Path;
import java.util.Optional;

/// Where a supervisor shall listen by TCP, and for whom. Immutable.
///
/// @param host address or name of this machine
/// @param port 0: any
/// @param apiKey a key besides those that are stored
/// @param tlsCert PEM file with the certificate of the server and those that lead to its authority
/// @param tlsKey PEM file with its private key, PKCS #8
/// @param withoutKey whether everybody who reaches the port may do everything, on other addresses
///   than loopback too
/// @param hostPaths whether clients may name files and directories of this machine
/// @since 0.1
public record ListenOptions(
    String host,
    int port,
    Optional<String> apiKey,
    Optional<Path> tlsCert,
    Optional<Path> tlsKey,
    boolean withoutKey,
    boolean hostPaths) {
  /// Does not show the key.
  @Override
  public String toString() {
    return "ListenOptions[" + host + ":" + port + "]";
  }
}
