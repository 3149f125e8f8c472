package io.boxlite.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/// What a command took.
///
/// @param millis from its start to its end
/// @param peakMib memory that it had at most, in MiB
record Measured(double millis, double peakMib) {
  /// Runs a command, which must succeed. What it prints is thrown away.
  ///
  /// @param environment variables on top of this process's
  /// @param command the command
  /// @return what it took
  static Measured run(Map<String, String> environment, List<String> command)
      throws IOException, InterruptedException {
    ProcessBuilder builder =
        new ProcessBuilder(command)
            .redirectOutput(ProcessBuilder.Redirect.DISCARD)
            .redirectError(ProcessBuilder.Redirect.INHERIT);
    builder.environment().putAll(environment);
    long start = System.nanoTime();
    Process process = builder.start();
    double peak = 0;
    while (!process.waitFor(10, TimeUnit.MILLISECONDS)) {
      peak = Math.max(peak, peakMib(process.toHandle()));
    }
    double millis = (System.nanoTime() - start) / 1e6;
    if (process.exitValue() != 0) {
      throw new IllegalStateException(command + " ended with " + process.exitValue());
    }
    return new Measured(millis, peak);
  }

  /// {@return what a process had in memory at most until now, in MiB; 0 when it has ended}
  ///
  /// @param process any
  static double peakMib(ProcessHandle process) {
    try {
      return field(Path.of("/proc", Long.toString(process.pid()), "status"), "VmHWM") / 1024.0;
    } catch (IOException _) {
      return 0;
    }
  }

  /// {@return a number of a process, in KiB if it is one of memory}
  ///
  /// Source: proc(5).
  ///
  /// @param file of `/proc`, such as `status`
  /// @param name of the line that has it
  static long field(Path file, String name) throws IOException {
    for (String line : Files.readAllLines(file)) {
      if (line.startsWith(name + ":")) {
        return Long.parseLong(line.replaceAll("[^0-9]", ""));
      }
    }
    throw new IOException(file + " has no " + name);
  }
}
