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
    spec.addOption(Specs.text("URL", "Server in place of the home (BOXLITE_REST_URL)", "--url"));
    spec.addOption(
        Specs.text("NAME", "Profile of auth login (BOXLITE_PROFILE, default)", "--profile"));
    spec.addOption(
        Specs.text(
            "PREFIX", "Path prefix at the server (BOXLITE_REST_PATH_PREFIX)", "--path-prefix"));
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
