package io.boxlite.rest;

import io.avaje.jsonb.Json;
import org.jspecify.annotations.Nullable;

/// Where a supervisor shall listen by TCP, for as long as the request lasts. Immutable.
///
/// @param host address or name of this machine
/// @param port 0: any
/// @param apiKey a key besides those that are stored; absent: none
/// @param tlsCert PEM file with the certificate of the server and those that lead to its authority
/// @param tlsKey PEM file with its private key, PKCS #8
/// @param withoutKey whether everybody who reaches the port may do everything, on other addresses
///   than loopback too
/// @param hostPaths whether clients may name files and directories of this machine
/// @since 0.1
@Json(naming = Json.Naming.LowerUnderscore)
public record ListenBody(
    String host,
    int port,
    @Nullable String apiKey,
    @Nullable String tlsCert,
    @Nullable String tlsKey,
    @Nullable Boolean withoutKey,
    @Nullable Boolean hostPaths) {
  /// Does not show the key.
  @Override
  public String toString() {
    return "ListenBody[" + host + ":" + port + "]";
  }
}
