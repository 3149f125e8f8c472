package io.boxlite.vmm.qemu.internal.probe;

import io.boxlite.api.UnsupportedEngineException;
import io.boxlite.vmm.qemu.internal.command.Architecture;
import io.boxlite.vmm.qemu.internal.process.Programs;
import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// The QEMU program of this host. Immutable.
///
/// @param path of the program, absolute
/// @param version such as `7.2.22`
public record QemuBinary(Path path, String version) {
  private static final Pattern VERSION = Pattern.compile("version (\\d+(?:\\.\\d+)+)");
  private static final int MAX_OUTPUT_BYTES = 4096;
  private static final int LIMIT_SECONDS = 30;

  /// Finds it and asks for its version.
  ///
  /// @param architecture whose QEMU is wanted
  /// @param environment `BOXLITE_QEMU` names one, otherwise `PATH` is searched
  /// @return the program
  /// @throws UnsupportedEngineException if there is none that works, with what to do
  public static QemuBinary find(Architecture architecture, Map<String, String> environment) {
    String named = environment.getOrDefault("BOXLITE_QEMU", "");
    if (!named.isEmpty()) {
      Path path = Path.of(named);
      if (!path.isAbsolute() || !Files.isRegularFile(path) || !Files.isExecutable(path)) {
        throw new UnsupportedEngineException(
            "no_qemu",
            "BOXLITE_QEMU names "
                + named
                + ": not the absolute path of a program; correct or unset it");
      }
      return new QemuBinary(path, version(path));
    }
    Path path =
        Programs.find(architecture.binary(), environment)
            .orElseThrow(() ->
                new UnsupportedEngineException(
                    "no_qemu",
                    "no program "
                        + architecture.binary()
                        + " on PATH: apt-get install "
                        + architecture.debianPackage()
                        + ", or set BOXLITE_QEMU"));
    return new QemuBinary(path, version(path));
  }

  private static String version(Path path) {
    String output = output(path);
    Matcher matcher = VERSION.matcher(output);
    if (!output.contains("QEMU") || !matcher.find()) {
      throw new UnsupportedEngineException(
          "no_qemu", "program " + path + " does not say that it is QEMU: " + output.strip());
    }
    return matcher.group(1);
  }

  private static String output(Path path) {
    try {
      Process process =
          new ProcessBuilder(path.toString(), "--version")
              .redirectErrorStream(true)
              .redirectInput(new File("/dev/null"))
              .start();
      // A program that stays would be waited for without end. Not after its end: destroying closes
      // the stream, read or not.
      var _ =
          process
              .onExit()
              .orTimeout(LIMIT_SECONDS, TimeUnit.SECONDS)
              .exceptionally(late -> process.destroyForcibly());
      try (InputStream stream = process.getInputStream()) {
        return new String(stream.readNBytes(MAX_OUTPUT_BYTES), StandardCharsets.UTF_8);
      } finally {
        process.destroyForcibly();
      }
    } catch (IOException e) {
      throw new UnsupportedEngineException(
          "no_qemu", "program " + path + " cannot be run: " + e.getMessage(), e, Map.of());
    }
  }
}
