package io.boxlite.vmm.qemu.internal.process;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;

/// What `/proc/<pid>/stat` says of a process. Immutable.
///
/// @param state one letter; `Z` and `X` are ended
/// @param cpuTicks user and system time, in clock ticks
/// @param startTime clock ticks since the host booted
/// @param residentPages pages of memory
record ProcStat(char state, long cpuTicks, long startTime, long residentPages) {
  /// USER_HZ: part of the kernel's interface, 100 on all architectures that we run on.
  private static final long TICKS_PER_SECOND = 100;

  /// Reads it.
  ///
  /// @return empty if there is no such process
  static Optional<ProcStat> of(long pid) {
    try {
      byte[] bytes = Files.readAllBytes(Path.of("/proc", Long.toString(pid), "stat"));
      return Optional.of(parse(new String(bytes, StandardCharsets.ISO_8859_1)));
    } catch (IOException e) {
      // Not there, or gone while it was read (ESRCH).
      return Optional.empty();
    }
  }

  /// The second field is the program's name in brackets and may hold anything, brackets too.
  static ProcStat parse(String line) {
    String[] fields = line.substring(line.lastIndexOf(')') + 2).split(" ", -1);
    return new ProcStat(
        fields[0].charAt(0),
        Long.parseLong(fields[11]) + Long.parseLong(fields[12]),
        Long.parseLong(fields[19]),
        Long.parseLong(fields[21].strip()));
  }

  boolean ended() {
    return state == 'Z' || state == 'X';
  }

  Duration cpuTime() {
    return Duration.ofNanos(Math.multiplyExact(cpuTicks, 1_000_000_000L / TICKS_PER_SECOND));
  }
}
