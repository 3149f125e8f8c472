package io.boxlite.cli.command;

import io.boxlite.api.ConfigException;
import io.boxlite.api.Secret;
import io.boxlite.rest.JsonCodec;
import io.boxlite.rest.SecretMapping;
import io.boxlite.rest.SecretsBody;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParseResult;

/// The flags of `run` and `create` that give secrets to the box. A value is never an argument:
/// everybody on the host can read those.
final class SecretFlags {
  private static final int MAX_FILE = 16 << 20;

  private SecretFlags() {}

  static void add(CommandSpec spec) {
    spec.addOption(
        Specs.texts(
            "NAME=ENV:VAR|FILE:PATH,host=HOST[,...]",
            "Send a value of this host instead of its placeholder, to these hosts only",
            "--secret"));
    spec.addOption(Specs.texts("PATH", "JSON file with secrets", "--secret-file"));
  }

  static List<Secret> read(ParseResult parsed, CliContext context) {
    List<Secret> secrets = new ArrayList<>();
    Specs.list(parsed, "--secret").forEach(text -> secrets.add(secret(text, context)));
    Specs.list(parsed, "--secret-file").forEach(file -> secrets.addAll(file(file)));
    return secrets;
  }

  /// What is wrong may be a value: no message quotes more than the name.
  private static Secret secret(String text, CliContext context) {
    String[] parts = text.split(",", -1);
    int equals = parts[0].indexOf('=');
    if (equals < 1) {
      throw CliException.failure(
          "invalid --secret: expected NAME=ENV:VAR or NAME=FILE:PATH, then ,host=HOST");
    }
    String name = parts[0].substring(0, equals);
    List<String> hosts = new ArrayList<>();
    String placeholder = Secret.placeholderOf(name);
    boolean plainHttp = false;
    for (String part : List.of(parts).subList(1, parts.length)) {
      if (part.startsWith("host=")) {
        hosts.add(part.substring("host=".length()));
      } else if (part.startsWith("placeholder=")) {
        placeholder = part.substring("placeholder=".length());
      } else if (part.equals("plain-http")) {
        plainHttp = true;
      } else {
        throw invalid(name, "after its source come host=HOST, placeholder=TEXT or plain-http");
      }
    }
    String source = parts[0].substring(equals + 1);
    return new Secret(name, value(name, source, context), hosts, placeholder, plainHttp);
  }

  private static String value(String name, String source, CliContext context) {
    if (source.startsWith("ENV:")) {
      String variable = source.substring("ENV:".length());
      return Optional.ofNullable(context.environment().get(variable))
          .filter(value -> !value.isEmpty())
          .orElseThrow(() -> invalid(name, "variable '" + variable + "' is not set"));
    }
    if (source.startsWith("FILE:")) {
      String value = content(name, source.substring("FILE:".length()));
      if (value.isEmpty()) {
        throw invalid(name, "its file is empty");
      }
      return value;
    }
    throw invalid(
        name,
        "a value cannot be an argument, since every user of this host can read those; name a"
            + " variable (ENV:VAR) or a file (FILE:PATH) that holds it");
  }

  /// Without the line end that editors and `echo` put behind it.
  private static String content(String name, String file) {
    try {
      String text = new String(read(file), StandardCharsets.UTF_8);
      return text.endsWith("\r\n")
          ? text.substring(0, text.length() - 2)
          : text.endsWith("\n") ? text.substring(0, text.length() - 1) : text;
    } catch (IOException | InvalidPathException e) {
      throw invalid(name, "file '" + file + "' cannot be read: " + e);
    }
  }

  private static List<Secret> file(String file) {
    try {
      return SecretMapping.toSecrets(
          JsonCodec.readConfidentially(SecretsBody.class, read(file)).secrets());
    } catch (IOException | InvalidPathException | ConfigException e) {
      throw CliException.failure(
          "invalid --secret-file '"
              + file
              + "': "
              + (e instanceof ConfigException ? e.getMessage() : e.toString())
              + "; expected {\"secrets\":[{\"name\":…,\"value\":…,\"hosts\":[…]}]}");
    }
  }

  private static byte[] read(String file) throws IOException {
    try (InputStream in = Files.newInputStream(Path.of(file))) {
      return in.readNBytes(MAX_FILE);
    }
  }

  private static CliException invalid(String name, String why) {
    return CliException.failure("invalid --secret '" + name + "': " + why);
  }
}
