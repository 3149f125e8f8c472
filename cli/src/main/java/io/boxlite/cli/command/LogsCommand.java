package io.boxlite.cli.command;

import io.boxlite.api.Box;
import io.boxlite.api.BoxLog;
import java.io.IOException;
import java.io.InputStream;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParseResult;

/// `logs`: shows what a box wrote.
final class LogsCommand implements Command {
  private static final int BUFFER_BYTES = 64 * 1024;
  private static final int MAX_TAIL = 1_000_000;

  @Override
  public CommandSpec spec() {
    CommandSpec spec = Specs.command("Show what the main command of a box wrote");
    spec.addOption(
        Specs.value(Integer.class, "N", "Only the last N lines (0: all)", "-n", "--tail"));
    spec.addOption(Specs.flag("Go on with what is written later", "-f", "--follow"));
    spec.addOption(Specs.flag("The console of the guest's kernel instead", "--console"));
    spec.addPositional(Specs.arguments("BOX", "Id, unique prefix of it, or name"));
    return spec;
  }

  @Override
  public int run(ParseResult parsed, CliContext context) throws IOException {
    String target = Specs.onlyArgument(parsed, "BOX");
    int tail = parsed.matchedOptionValue("--tail", 0);
    if (tail < 0 || tail > MAX_TAIL) {
      throw CliException.usage("--tail must be between 0 and " + MAX_TAIL + ", not " + tail);
    }
    Box box = context.box(target);
    BoxLog log = Specs.has(parsed, "--console") ? BoxLog.CONSOLE : BoxLog.INIT;
    long start = tail == 0 ? 0 : tailStart(box, log, tail);
    try (InputStream in = box.logs(log, Specs.has(parsed, "--follow"))) {
      in.skipNBytes(start);
      copy(in, context);
    }
    return 0;
  }

  /// {@return the offset at which the last lines of the log begin}
  private static long tailStart(Box box, BoxLog log, int lines) throws IOException {
    // A ring of the offsets of the newest line starts: the log itself may be of any size.
    long[] starts = new long[lines];
    long count = 0;
    long offset = 0;
    boolean atStart = true;
    byte[] buffer = new byte[BUFFER_BYTES];
    try (InputStream in = box.logs(log, false)) {
      for (int read = in.read(buffer); read >= 0; read = in.read(buffer)) {
        for (int i = 0; i < read; i++) {
          if (atStart) {
            starts[(int) (count++ % lines)] = offset + i;
          }
          atStart = buffer[i] == '\n';
        }
        offset += read;
      }
    }
    return count <= lines ? 0 : starts[(int) (count % lines)];
  }

  private static void copy(InputStream in, CliContext context) throws IOException {
    byte[] buffer = new byte[BUFFER_BYTES];
    for (int read = in.read(buffer); read >= 0; read = in.read(buffer)) {
      try {
        context.rawOut().write(buffer, 0, read);
      } catch (IOException e) {
        // Whoever read it has gone, as with `boxlite logs | head`.
        return;
      }
    }
  }
}
