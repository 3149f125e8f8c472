package io.boxlite.api;

import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// Collects every violation of some options, so that one exception names them all.
final class OptionChecks {
  private final String subject;
  private final List<String> violations = new ArrayList<>();

  OptionChecks(String subject) {
    this.subject = subject;
  }

  OptionChecks require(boolean condition, String field, String rule) {
    if (!condition) {
      violations.add(field + " " + rule);
    }
    return this;
  }

  OptionChecks noNul(String field, Collection<String> values) {
    return require(
        values.stream().noneMatch(v -> v.indexOf('\0') >= 0), field, "must not contain NUL");
  }

  OptionChecks absolute(String field, Optional<String> path) {
    return require(
        path.isEmpty() || path.get().startsWith("/"),
        field,
        "'" + path.orElse("") + "' must be an absolute path");
  }

  OptionChecks env(Map<String, String> env) {
    env.keySet()
        .forEach(name ->
            require(
                !name.isEmpty() && name.indexOf('=') < 0,
                "env",
                "name '" + name + "' must not be empty or contain '='"));
    return noNul("env", env.keySet()).noNul("env", env.values());
  }

  OptionChecks sizes(int cpus, int memoryMib, Optional<Integer> diskSizeGb) {
    int hostCpus = Runtime.getRuntime().availableProcessors();
    return require(
            cpus >= 1 && cpus <= hostCpus,
            "CPU count",
            "must be between 1 and " + hostCpus + ", not " + cpus)
        .require(
            memoryMib >= BoxOptions.MIN_MEMORY_MIB && memoryMib <= BoxOptions.MAX_MEMORY_MIB,
            "memory_mib",
            "must be between "
                + BoxOptions.MIN_MEMORY_MIB
                + " and "
                + BoxOptions.MAX_MEMORY_MIB
                + " MiB, not "
                + memoryMib)
        .require(
            diskSizeGb.isEmpty() || (diskSizeGb.get() >= 1 && diskSizeGb.get() <= 1024),
            "disk_size_gb",
            "must be between 1 and 1024 GB, not " + diskSizeGb.orElse(0));
  }

  void throwIfAny() {
    if (!violations.isEmpty()) {
      throw new ConfigException(
          "invalid_" + subject + "_options", String.join("; ", violations), null, Map.of());
    }
  }
}
