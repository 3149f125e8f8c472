package io.boxlite.cli.command;

import io.boxlite.api.ConfigException;
import io.boxlite.api.NetworkException;
import io.boxlite.client.ListenOptions;
import io.boxlite.client.LogLine;
import io.boxlite.client.RemoteServer;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParseResult;

/// `serve`: the supervisor of the home listens by TCP too, until this command ends.
final class ServeCommand implements Command {
  private static final int DEFAULT_PORT = 8100;
  private static final int MAX_KEY = 4096; // bytes
  private static final String KEY_VARIABLE = "BOXLITE_SERVE_API_KEY";
  private static final String FORMAT_VARIABLE = "BOXLITE_LOG_FORMAT";

  @Override
  public CommandSpec spec() {
    CommandSpec spec = Specs.command("Serve the REST API by TCP until it is interrupted");
    spec.addOption(
        Specs.text("ADDRESS", "Where to listen (0.0.0.0; 127.0.0.1 without a key)", "--host"));
    spec.addOption(Specs.value(Integer.class, "PORT", "Port (8100); 0: any", "--port"));
    spec.addOption(
        Specs.text("KEY", "API key of clients (other users can see it; see below)", "--api-key"));
    spec.addOption(Specs.flag("Read the API key from standard input", "--api-key-stdin"));
    spec.addOption(Specs.text("FILE", "Certificates of this server, PEM", "--tls-cert"));
    spec.addOption(Specs.text("FILE", "Private key of this server, PEM, PKCS #8", "--tls-key"));
    spec.addOption(
        Specs.flag("Listen for others without a key: they can do everything", "--insecure-no-key"));
    spec.addOption(
        Specs.flag("Let clients name files and directories of this host", "--allow-host-paths"));
    spec.addOption(
        Specs.text(
            "FORMAT", "What is written here: text (default) or JSON lines: json", "--log-format"));
    spec.usageMessage()
        .footer(
            "Keys: 'boxlite auth key create NAME' makes one that is stored;"
                + " BOXLITE_SERVE_API_KEY and --api-key-stdin give one for this run.");
    return spec;
  }

  @Override
  public int run(ParseResult parsed, CliContext context) throws IOException {
    Specs.noArguments(parsed);
    boolean json = isJson(parsed, context);
    Optional<String> key = key(parsed, context);
    RemoteServer server = context.server();
    boolean keys = key.isPresent() || !server.keys().isEmpty();
    ListenOptions order =
        new ListenOptions(
            parsed.matchedOptionValue("--host", keys ? "0.0.0.0" : "127.0.0.1"),
            parsed.matchedOptionValue("--port", DEFAULT_PORT),
            key,
            absolute(parsed, "--tls-cert"),
            absolute(parsed, "--tls-key"),
            Specs.has(parsed, "--insecure-no-key"),
            Specs.has(parsed, "--allow-host-paths"));
    if (parsed.hasMatchedOption("--api-key")) {
      context.warn(
          "other users of this host can see the key in the list of processes; use " + KEY_VARIABLE);
    }
    try (RemoteServer.Listening listening = server.listen(order);
        Interruption _ = Interruption.by(() -> finish(listening))) {
      String message = "BoxLite REST API server listening on " + listening.url();
      context.err().println(json ? LogLine.of("boxlite.serve", message).json() : message);
      if (!listening.isTraced() && wantsTraces(context.environment())) {
        context.warn(
            "no traces: the supervisor does not have the OTEL_ variables, or cannot use them; it"
                + " takes them from who starts it, so end it first if it runs already");
      }
      if (!listening.awaitEnd(line -> context.err().println(json ? line.json() : line.text()))) {
        throw new NetworkException(
            "supervisor_ended",
            "the supervisor has ended, see logs/supervisor.log in its home; boxes go on");
      }
    }
    return 0;
  }

  private static boolean isJson(ParseResult parsed, CliContext context) {
    String format =
        parsed.matchedOptionValue(
            "--log-format", context.environment().getOrDefault(FORMAT_VARIABLE, ""));
    return switch (format) {
      case "json" -> true;
      case "", "text" -> false;
      default ->
          throw new ConfigException(
              "invalid_log_format", "log format '" + format + "' must be text or json");
    };
  }

  private static boolean wantsTraces(Map<String, String> environment) {
    return environment.containsKey("OTEL_EXPORTER_OTLP_ENDPOINT")
        || environment.containsKey("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT");
  }

  /// The first signal: the end of what is worked on is waited for.
  private static void finish(RemoteServer.Listening listening) {
    try {
      listening.finish();
    } catch (IOException e) {
      // The supervisor has ended, which is seen elsewhere.
      return;
    }
  }

  private static Optional<String> key(ParseResult parsed, CliContext context) throws IOException {
    String given = parsed.matchedOptionValue("--api-key", "");
    if (Specs.has(parsed, "--api-key-stdin")) {
      given = new String(context.in().readNBytes(MAX_KEY), StandardCharsets.UTF_8).strip();
      if (given.isEmpty()) {
        throw CliException.usage("no API key on standard input");
      }
    } else if (given.isEmpty()) {
      given = context.environment().getOrDefault(KEY_VARIABLE, "");
    }
    return given.isEmpty() ? Optional.empty() : Optional.of(given);
  }

  /// The supervisor works elsewhere.
  private static Optional<Path> absolute(ParseResult parsed, String option) {
    String file = parsed.matchedOptionValue(option, "");
    return file.isEmpty() ? Optional.empty() : Optional.of(Path.of(file).toAbsolutePath());
  }
}
