package io.boxlite.rest;

import io.boxlite.api.BoxOptions;
import io.boxlite.api.BoxOptions.PullPolicy;
import io.boxlite.api.ConfigException;
import io.boxlite.api.ExecOptions;
import io.boxlite.api.RestartPolicy;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// Turns the options of requests into those of the library and back. What this version cannot
/// honour is refused: an option that is dropped in silence is worse than an error.
///
/// @since 0.1
public final class OptionMapping {
  private static final double MAX_SECONDS = 1e9;

  private OptionMapping() {}

  /// {@return the body that asks for a box}
  ///
  /// @param options what the box shall be
  public static CreateBoxBody toBody(BoxOptions options) {
    boolean capabilities = !options.capAdd().isEmpty() || !options.capDrop().isEmpty();
    return new CreateBoxBody(
        options.name().orElse(null),
        options.image().orElse(null),
        options.rootfsPath().orElse(null),
        options.cpus(),
        options.memoryMib(),
        options.diskSizeGb().orElse(null),
        options.workingDir().orElse(null),
        options.env(),
        options.entrypoint().orElse(null),
        options.cmd().orElse(null),
        options.user().orElse(null),
        options.tty(),
        NetworkMapping.toBody(options.network()),
        options.detach(),
        capabilities
            ? new AdvancedBody(new AdvancedBody.Capabilities(options.capAdd(), options.capDrop()))
            : null,
        null,
        null,
        null,
        null,
        options.autoRemove(),
        options.noTemplate() ? (Boolean) true : null,
        options.restart().equals(RestartPolicy.NO) ? null : options.restart().toString(),
        options.healthCheck().map(HealthMapping::toBody).orElse(null),
        options.pull() == PullPolicy.MISSING ? null : options.pull().wireName(),
        null,
        SecretMapping.toBodies(options.network().secrets()),
        null,
        VolumeMapping.toBodies(options.volumes()),
        NetworkMapping.toBodies(options.network().ports()));
  }

  /// Reads what a box shall be.
  ///
  /// @param body the request
  /// @return the options
  /// @throws ConfigException if any is invalid or not available in this version; names it
  public static BoxOptions toOptions(CreateBoxBody body) {
    refuseUnavailable(body);
    AdvancedBody advanced = body.advanced();
    AdvancedBody.Capabilities capabilities = advanced == null ? null : advanced.capabilities();
    boolean autoDelete = positive("auto_delete", body.autoDelete());
    boolean autoRemove = autoDelete || Boolean.TRUE.equals(body.autoRemove());
    Boolean detach = body.detach();
    Integer cpus = body.cpus();
    Integer memory = body.memoryMib();
    String restart = body.restart();
    return new BoxOptions(
        Optional.ofNullable(body.name()),
        Optional.ofNullable(body.image()),
        Optional.ofNullable(body.rootfsPath()),
        cpus == null ? BoxOptions.DEFAULT_CPUS : cpus,
        memory == null ? BoxOptions.DEFAULT_MEMORY_MIB : memory,
        Optional.ofNullable(body.diskSizeGb()),
        Optional.ofNullable(body.workingDir()),
        values("env", body.env()),
        optionalItems("entrypoint", body.entrypoint()),
        optionalItems("cmd", body.cmd()),
        Optional.ofNullable(body.user()),
        Boolean.TRUE.equals(body.tty()),
        detach == null ? !autoRemove : detach,
        autoRemove,
        capabilities == null ? List.of() : items("advanced.capabilities.add", capabilities.add()),
        capabilities == null ? List.of() : items("advanced.capabilities.drop", capabilities.drop()),
        VolumeMapping.toMounts(body.volumes()),
        Boolean.TRUE.equals(body.noTemplate()),
        restart == null ? RestartPolicy.NO : RestartPolicy.parse(restart),
        Optional.ofNullable(body.healthCheck()).map(HealthMapping::toCheck),
        NetworkMapping.toOptions(body.network(), body.ports())
            .withSecrets(SecretMapping.toSecrets(body.secrets())),
        pullPolicy(body.pull()));
  }

  private static PullPolicy pullPolicy(@Nullable String name) {
    if (name == null) {
      return PullPolicy.MISSING;
    }
    return PullPolicy.ofWireName(name)
        .orElseThrow(() -> invalid("pull", "'" + name + "' must be missing, never or always"));
  }

  private static void refuseUnavailable(CreateBoxBody body) {
    refuse("security", body.security() != null);
    refuse("labels", present(body.labels()));
    refuse("auto_pause", positive("auto_pause", body.autoPause()));
    refuse("auto_stop", positive("auto_stop", body.autoStop()));
  }

  private static void refuse(String field, boolean asked) {
    if (asked) {
      throw new ConfigException(
          "unsupported_option", field + " is not available in this version; leave it out");
    }
  }

  private static boolean present(@Nullable Object value) {
    return switch (value) {
      case null -> false;
      case Collection<?> items -> !items.isEmpty();
      case Map<?, ?> fields -> !fields.isEmpty();
      default -> true;
    };
  }

  private static boolean positive(String field, @Nullable Long value) {
    if (value != null && value < 0) {
      throw invalid(field, "must not be negative");
    }
    return value != null && value > 0;
  }

  /// {@return the body that asks for a command}
  ///
  /// @param options what to run
  public static ExecBody toBody(ExecOptions options) {
    List<String> command = options.command();
    Optional<Duration> timeout = options.timeout();
    return new ExecBody(
        command.getFirst(),
        command.subList(1, command.size()),
        options.env(),
        timeout.isPresent() ? (Double) (timeout.get().toNanos() / 1e9) : null,
        options.workingDir().orElse(null),
        options.tty(),
        null,
        options.user().orElse(null),
        options.rows() == 0 ? null : (Integer) options.rows(),
        options.cols() == 0 ? null : (Integer) options.cols(),
        options.detach() ? (Boolean) true : null);
  }

  /// Reads what to run.
  ///
  /// @param body the request
  /// @return the options
  /// @throws ConfigException if any is invalid; names it
  public static ExecOptions toOptions(ExecBody body) {
    String program = body.command();
    if (program == null || program.isEmpty()) {
      throw invalid("command", "must name a program");
    }
    List<String> command = new ArrayList<>();
    command.add(program);
    command.addAll(items("args", body.args()));
    Integer rows = body.rows();
    Integer cols = body.cols();
    Duration timeout = seconds("timeout_seconds", body.timeoutSeconds(), Duration.ZERO);
    return new ExecOptions(
        command,
        values("env", body.env()),
        Optional.ofNullable(body.workingDir()),
        Optional.ofNullable(body.user()),
        Boolean.TRUE.equals(body.tty()),
        rows == null ? 0 : rows,
        cols == null ? 0 : cols,
        timeout.isZero() ? Optional.empty() : Optional.of(timeout),
        Boolean.TRUE.equals(body.detach()));
  }

  /// Reads a number of seconds.
  ///
  /// @param field its name, for the message
  /// @param value what the request says
  /// @param absent what it means when it says nothing
  /// @return the time
  /// @throws ConfigException if it is negative or beyond 1e9
  public static Duration seconds(String field, @Nullable Double value, Duration absent) {
    if (value == null) {
      return absent;
    }
    if (!(value >= 0 && value <= MAX_SECONDS)) {
      throw invalid(field, "must be a non-negative finite number");
    }
    return Duration.ofNanos((long) (value * 1e9));
  }

  private static Optional<List<String>> optionalItems(String field, @Nullable List<String> list) {
    return list == null ? Optional.empty() : Optional.of(items(field, list));
  }

  static List<String> items(String field, @Nullable List<String> list) {
    if (list == null) {
      return List.of();
    }
    for (@Nullable String item : list) {
      if (item == null) {
        throw invalid(field, "must not contain null");
      }
    }
    return list;
  }

  static Map<String, String> values(String field, @Nullable Map<String, String> map) {
    if (map == null) {
      return Map.of();
    }
    for (@Nullable String value : map.values()) {
      if (value == null) {
        throw invalid(field, "must not contain null");
      }
    }
    return map;
  }

  private static ConfigException invalid(String field, String problem) {
    return new ConfigException("invalid_" + field.replace('.', '_'), field + " " + problem);
  }
}
