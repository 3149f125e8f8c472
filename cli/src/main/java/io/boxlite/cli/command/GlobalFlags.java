package io.boxlite.cli.command;

import io.boxlite.api.HomeDirectory;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.ParseResult;

/// The flags that every verb has, before or after it.
///
/// @since 0.1
public final class GlobalFlags {
  /// Flags for remote servers: known, so that they are refused by name.
  private static final List<String> LATER = List.of("--url", "--profile", "--path-prefix");

  private static final List<String> LATER_VARIABLES =
      List.of("BOXLITE_REST_URL", "BOXLITE_PROFILE", "BOXLITE_REST_PATH_PREFIX");

  private static final Set<String> WITH_VALUE =
      Set.of("--home", "--registry", "--config", "--url", "--profile", "--path-prefix");

  private GlobalFlags() {}

  /// Adds them to the specification of a verb.
  ///
  /// @param spec to be changed
  public static void addTo(CommandSpec spec) {
    spec.addOption(
        OptionSpec.builder("-h", "--help")
            .arity("0")
            .type(boolean.class)
            .usageHelp(true)
            .description("Show this help")
            .build());
    spec.addOption(Specs.flag("Show details of failures", "--debug"));
    spec.addOption(
        Specs.text("PATH", "Home directory (BOXLITE_HOME, default ~/.boxlite)", "--home"));
    spec.addOption(
        Specs.texts("HOST", "Registry that is searched first for names without one", "--registry"));
    spec.addOption(Specs.text("FILE", "Configuration file, JSON", "--config"));
    for (String name : LATER) {
      spec.addOption(
          OptionSpec.builder(name)
              .arity("1")
              .type(List.class)
              .auxiliaryTypes(String.class)
              .hidden(true)
              .build());
    }
  }

  /// {@return the index of the verb among the arguments, or -1}
  ///
  /// @param arguments of the command line
  public static int verbIndex(String[] arguments) {
    for (int i = 0; i < arguments.length; i++) {
      if (WITH_VALUE.contains(arguments[i])) {
        i++;
      } else if (!arguments[i].startsWith("-")) {
        return i;
      }
    }
    return -1;
  }

  /// Refuses what this version cannot do yet, instead of running somewhere else than asked.
  ///
  /// @param parsed the arguments
  /// @param environment environment variables
  /// @throws CliException if such a flag or variable is given; names it
  public static void refuseLater(ParseResult parsed, Map<String, String> environment) {
    for (String name : LATER) {
      if (parsed.hasMatchedOption(name)) {
        throw CliException.failure(name + " is not available in this version");
      }
    }
    for (String name : LATER_VARIABLES) {
      if (!environment.getOrDefault(name, "").isEmpty()) {
        throw CliException.failure(name + " is set, but not available in this version; unset it");
      }
    }
  }

  /// {@return what the flags and the configuration file say, the flags first}
  ///
  /// @param parsed the arguments
  /// @throws CliException if the file cannot be read or is malformed
  /// @throws io.boxlite.api.ConfigException if the name of a registry is malformed
  public static Configuration configuration(ParseResult parsed) {
    String file = parsed.matchedOptionValue("--config", "");
    Configuration configuration =
        file.isEmpty() ? Configuration.EMPTY : ConfigFile.read(Path.of(file));
    List<String> hosts = Specs.list(parsed, "--registry");
    return hosts.isEmpty() ? configuration : configuration.searchedFirst(hosts);
  }

  /// {@return the home directory}
  ///
  /// @param parsed the arguments
  /// @param configuration used when there is no flag
  /// @param environment environment variables
  /// @throws io.boxlite.api.ConfigException if it is not absolute
  public static Path home(
      ParseResult parsed, Configuration configuration, Map<String, String> environment) {
    String home = parsed.matchedOptionValue("--home", configuration.home().orElse(""));
    return home.isEmpty()
        ? HomeDirectory.ofEnvironment(environment)
        : HomeDirectory.check(Path.of(home));
  }
}
