package io.boxlite.vmm.qemu.internal.probe;

import java.time.Instant;
import java.util.Map;
import java.util.Optional;

/// Whether KVM works here, as found by trying. Immutable.
///
/// @param usable whether a guest has booted under it
/// @param reason what happened, in words
/// @param checkedAt when
/// @param key what it holds for: another key means that it must be tried again
public record KvmVerdict(boolean usable, String reason, Instant checkedAt, String key) {

  Map<String, Object> toMap() {
    return Map.of(
        "usable", usable, "reason", reason, "checked_at", checkedAt.toString(), "key", key);
  }

  /// {@return the verdict; empty if the map is not one}
  static Optional<KvmVerdict> of(Map<String, Object> map) {
    if (map.get("usable") instanceof Boolean usable
        && map.get("reason") instanceof String reason
        && map.get("checked_at") instanceof String checkedAt
        && map.get("key") instanceof String key) {
      return Optional.of(new KvmVerdict(usable, reason, Instant.parse(checkedAt), key));
    }
    return Optional.empty();
  }
}
