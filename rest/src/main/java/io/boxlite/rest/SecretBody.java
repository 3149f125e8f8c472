package io.boxlite.rest;

import io.avaje.jsonb.Json;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// A secret of a new box. Immutable.
///
/// @param name what the user calls it
/// @param value the value
/// @param hosts where it may go
/// @param placeholder what the box has instead; absent: `<BOXLITE_SECRET:name>`
/// @param plainHttp whether it may be sent without TLS
/// @since 0.1
@Json(naming = Json.Naming.LowerUnderscore)
public record SecretBody(
    @Nullable String name,
    @Nullable String value,
    @Nullable List<String> hosts,
    @Nullable String placeholder,
    @Nullable Boolean plainHttp) {
  /// Without the value.
  @Override
  public String toString() {
    return "SecretBody[name=" + name + ", hosts=" + hosts + "]";
  }
}
