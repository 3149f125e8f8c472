package io.boxlite.rest;

import io.avaje.jsonb.Json;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Rules of a box's network that change. Immutable.
///
/// @param rules hosts, addresses and ranges
/// @param only whether nothing else is allowed any more
/// @since 0.1
@Json(naming = Json.Naming.LowerUnderscore)
public record RulesBody(@Nullable List<String> rules, @Nullable Boolean only) {
  /// {@return the rules}
  ///
  /// @throws io.boxlite.api.ConfigException if there are none
  public List<String> someRules() {
    List<String> some = OptionMapping.items("rules", rules);
    if (some.isEmpty()) {
      throw new io.boxlite.api.ConfigException("invalid_rules", "rules are missing");
    }
    return some;
  }
}
