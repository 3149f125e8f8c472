package io.boxlite.rest;

import io.avaje.jsonb.Json;
import io.boxlite.api.BoxUpdate;
import io.boxlite.api.RestartPolicy;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// What is to be changed of a box; what is left out stays. Immutable.
///
/// @param cpus virtual CPUs
/// @param memoryMib memory in MiB
/// @param diskSizeGb size of its disk in GiB
/// @param restart as of a new box
/// @since 0.1
@Json(naming = Json.Naming.LowerUnderscore)
public record UpdateBoxBody(
    @Nullable Integer cpus,
    @Nullable Integer memoryMib,
    @Nullable Integer diskSizeGb,
    @Nullable String restart) {

  /// {@return the body that asks for a change}
  ///
  /// @param change what is to be changed
  public static UpdateBoxBody of(BoxUpdate change) {
    return new UpdateBoxBody(
        change.cpus().orElse(null),
        change.memoryMib().orElse(null),
        change.diskSizeGb().orElse(null),
        change.restart().map(RestartPolicy::toString).orElse(null));
  }

  /// {@return the change that it asks for}
  ///
  /// @throws io.boxlite.api.ConfigException if there is no such policy
  public BoxUpdate toUpdate() {
    return new BoxUpdate(
        Optional.ofNullable(cpus),
        Optional.ofNullable(memoryMib),
        Optional.ofNullable(diskSizeGb),
        Optional.ofNullable(restart).map(RestartPolicy::parse));
  }
}
