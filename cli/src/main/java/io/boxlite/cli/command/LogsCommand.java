package io.boxlite.cli.command;

import io.boxlite.api.BoxLog;
import io.boxlite.api.LogChunk;
import io.boxlite.api.LogOptions;
import io.boxlite.api.LogStream;
import java.io.IOException;
import java.io.OutputStream;
import java.time.Instant;
import java.time.ZoneId;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParseResult;

/// `logs`: shows what a box wrote, on the stream that it was written to.
final class LogsCommand implements Command {
  @Override
  public CommandSpec spec() {
    CommandSpec spec = Specs.command("Show what the main command of a box wrote");
    spec.addOption(Specs.text("N", "Only the last N lines (0 or all: all)", "-n", "--tail"));
    spec.addOption(Specs.flag("Go on with what is written later", "-f", "--follow"));
    spec.addOption(
        Specs.text(
            "TIME",
            "Only since then: 2026-03-04T05:06:07Z, or 10m for ten minutes ago",
            "--since"));
    spec.addOption(Specs.text("TIME", "Only until then, as --since", "--until"));
    spec.addOption(Specs.flag("Begin each line with its time", "-t", "--timestamps"));
    spec.addOption(Specs.flag("The console of the guest's kernel instead", "--console"));
    spec.addPositional(Specs.arguments("BOX", "Id, unique prefix of it, or name"));
    return spec;
  }

  @Override
  public int run(ParseResult parsed, CliContext context) throws IOException {
    String target = Specs.onlyArgument(parsed, "BOX");
    LogOptions options = options(parsed);
    try (LogStream log = context.box(target).logs(options)) {
      Optional<LogChunk> chunk = log.next();
      while (chunk.isPresent() && write(chunk.get(), context)) {
        chunk = log.next();
      }
    }
    return 0;
  }

  private static LogOptions options(ParseResult parsed) {
    boolean console = Specs.has(parsed, "--console");
    for (String flag : List.of("--since", "--until", "--timestamps")) {
      if (console && parsed.hasMatchedOption(flag)) {
        throw CliException.usage(flag + " cannot be used with --console, whose lines have no time");
      }
    }
    return new LogOptions(
        console ? BoxLog.CONSOLE : BoxLog.INIT,
        Specs.has(parsed, "--follow"),
        tail(parsed.matchedOptionValue("--tail", "all")),
        moment(parsed, "--since"),
        moment(parsed, "--until"),
        Specs.has(parsed, "--timestamps"));
  }

  private static OptionalLong tail(String value) {
    if (value.equals("all")) {
      return OptionalLong.empty();
    }
    if (!value.matches("[0-9]{1,18}")) {
      throw CliException.usage("--tail must be a number of lines or all, not '" + value + "'");
    }
    long lines = Long.parseLong(value);
    return lines == 0 ? OptionalLong.empty() : OptionalLong.of(lines);
  }

  private static Optional<Instant> moment(ParseResult parsed, String flag) {
    String value = parsed.matchedOptionValue(flag, "");
    if (!parsed.hasMatchedOption(flag)) {
      return Optional.empty();
    }
    Optional<Instant> time = Moments.parse(value, Instant.now(), ZoneId.systemDefault());
    if (time.isEmpty()) {
      throw CliException.usage(
          flag
              + " must be a time (2026-03-04T05:06:07Z, or seconds since 1970) or how long ago (90s,"
              + " 1h30m), not '"
              + value
              + "'");
    }
    return time;
  }

  /// {@return false when nobody reads it any more, as with `boxlite logs | head`}
  private static boolean write(LogChunk chunk, CliContext context) {
    OutputStream to =
        chunk.source() == LogChunk.Source.STDERR ? context.rawErr() : context.rawOut();
    try {
      to.write(chunk.bytes());
      to.flush();
      return true;
    } catch (IOException e) {
      return false;
    }
  }
}
