package io.boxlite.cli;

import io.boxlite.api.ImageRegistry;
import io.boxlite.cli.terminal.Terminal;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// Runs command lines against a [FakeBoxlite] and keeps what they wrote.
final class CommandLineHarness {
  final FakeBoxlite boxlite = new FakeBoxlite();
  final Map<String, String> environment = new HashMap<>(Map.of("HOME", "/home/u"));
  final List<Path> homes = new ArrayList<>();
  List<ImageRegistry> registries = List.of();
  final FakeTerminal terminal = new FakeTerminal();
  byte[] stdin = new byte[0];
  OutputStream stdout = new ByteArrayOutputStream();
  private final ByteArrayOutputStream stderr = new ByteArrayOutputStream();

  int run(String... arguments) {
    return new Cli(
            new ByteArrayInputStream(stdin),
            stdout,
            stderr,
            environment,
            () -> terminal,
            (home, given) -> {
              homes.add(home);
              registries = given;
              return boxlite;
            })
        .run(arguments);
  }

  String out() {
    return ((ByteArrayOutputStream) stdout).toString(StandardCharsets.UTF_8);
  }

  String err() {
    return stderr.toString(StandardCharsets.UTF_8);
  }

  /// A terminal that only counts.
  static final class FakeTerminal implements Terminal {
    boolean present;
    boolean errorsShown;
    boolean outputShown;
    int raw;
    int restored;

    @Override
    public boolean isTerminal() {
      return present;
    }

    @Override
    public boolean showsErrors() {
      return errorsShown;
    }

    @Override
    public boolean showsOutput() {
      return outputShown;
    }

    @Override
    public Optional<Size> errorsSize() {
      return Optional.empty();
    }

    @Override
    public Optional<Size> size() {
      return present ? Optional.of(new Size(50, 132)) : Optional.empty();
    }

    @Override
    public RawMode raw() {
      raw++;
      return () -> restored++;
    }
  }
}
