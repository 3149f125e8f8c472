package io.boxlite.rest;

import java.util.List;

/// What an API key may allow. The names are those of the published servers.
///
/// @since 0.1
public final class Scopes {
  /// All of them.
  public static final List<String> ALL =
      List.of(
          "box:read",
          "box:write",
          "box:exec",
          "box:delete",
          "image:read",
          "image:write",
          "snapshot:read",
          "snapshot:write",
          "snapshot:delete",
          "volume:read",
          "volume:write",
          "runtime:read",
          "runtime:write",
          "me:read");

  private Scopes() {}
}
