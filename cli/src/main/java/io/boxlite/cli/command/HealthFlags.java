package io.boxlite.cli.command;

import io.boxlite.api.BoxOptions;
import io.boxlite.api.ConfigException;
import io.boxlite.api.HealthCheck;
import io.boxlite.api.RestartPolicy;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.ParseResult;

/// The flags of `run` and `create` that keep a box alive: restart policy and health check.
final class HealthFlags {
  private static final Pattern PART =
      Pattern.compile("([0-9]{1,9}(?:\\.[0-9]{1,9})?)(ms|us|s|m|h)");

  private HealthFlags() {}

  static void add(CommandSpec spec) {
    spec.addOption(restart());
    spec.addOption(
        Specs.text("COMMAND", "Check whether it works, with the box's /bin/sh", "--health-cmd"));
    spec.addOption(Specs.text("TIME", "Between checks (default 30s)", "--health-interval"));
    spec.addOption(Specs.text("TIME", "What a check may take (default 30s)", "--health-timeout"));
    spec.addOption(
        Specs.value(
            Integer.class,
            "N",
            "Failures in a row that make it unhealthy (default 3)",
            "--health-retries"));
    spec.addOption(
        Specs.text(
            "TIME", "At first, let failures not count (default 0s)", "--health-start-period"));
    spec.addOption(Specs.flag("No check, whatever the image says", "--no-healthcheck"));
  }

  static void read(ParseResult parsed, BoxOptions.Builder options) {
    restart(parsed).ifPresent(options::restart);
    healthCheck(parsed).ifPresent(options::healthCheck);
  }

  static OptionSpec restart() {
    return Specs.text(
        "POLICY",
        "When to start it again: no (default), on-failure[:N], always, unless-stopped",
        "--restart");
  }

  static Optional<RestartPolicy> restart(ParseResult parsed) {
    Optional<RestartPolicy> policy = text(parsed, "--restart").map(HealthFlags::policy);
    if (policy.isPresent() && !policy.get().equals(RestartPolicy.NO) && Specs.has(parsed, "--rm")) {
      throw CliException.failure("--restart and --rm cannot be used together");
    }
    return policy;
  }

  private static RestartPolicy policy(String text) {
    try {
      return RestartPolicy.parse(text);
    } catch (ConfigException e) {
      throw CliException.failure("invalid --restart: " + e.getMessage());
    }
  }

  private static Optional<HealthCheck> healthCheck(ParseResult parsed) {
    boolean any =
        Stream.of("cmd", "interval", "timeout", "retries", "start-period")
            .anyMatch(name -> parsed.hasMatchedOption("--health-" + name));
    if (Specs.has(parsed, "--no-healthcheck")) {
      if (any) {
        throw CliException.failure("--no-healthcheck conflicts with --health-* options");
      }
      return Optional.of(HealthCheck.NONE);
    }
    if (!any) {
      return Optional.empty();
    }
    return Optional.of(
        new HealthCheck(
            text(parsed, "--health-cmd")
                .map(command -> List.of("CMD-SHELL", command))
                .orElse(List.of()),
            time(parsed, "--health-interval"),
            time(parsed, "--health-timeout"),
            time(parsed, "--health-start-period"),
            Optional.ofNullable(parsed.<Integer>matchedOptionValue("--health-retries", null))));
  }

  private static Optional<Duration> time(ParseResult parsed, String option) {
    return text(parsed, option).map(text -> duration(option, text));
  }

  /// As Go writes times: `1m30s`, `500ms`, `1.5h`.
  private static Duration duration(String option, String text) {
    Matcher part = PART.matcher(text);
    double seconds = 0;
    int end = 0;
    while (part.find() && part.start() == end) {
      seconds += Double.parseDouble(part.group(1)) * unit(part.group(2));
      end = part.end();
    }
    if (!text.equals("0") && (end == 0 || end < text.length())) {
      throw CliException.failure(
          "invalid " + option + " '" + text + "': expected a time such as 500ms, 30s or 1m30s");
    }
    return Duration.ofNanos(Math.round(seconds * 1e9));
  }

  private static double unit(String name) {
    return switch (name) {
      case "us" -> 1e-6;
      case "ms" -> 1e-3;
      case "m" -> 60;
      case "h" -> 3600;
      default -> 1;
    };
  }

  private static Optional<String> text(ParseResult parsed, String option) {
    return Optional.ofNullable(parsed.<String>matchedOptionValue(option, null));
  }
}
