package io.boxlite.runtime.internal.vm;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// How much memory the host has. Source: `/proc/meminfo`, proc(5).
final class HostMemory {
  private static final Path FILE = Path.of("/proc/meminfo");
  private static final Pattern LINE = Pattern.compile("(?m)^(MemTotal|MemAvailable): *(\\d+) kB$");
  private static final long MIB = 1024;

  /// Kept free for everything else: this part of all memory, and at least this much.
  private static final int RESERVE_PART = 10;

  private static final long RESERVE_MIB = 1024;

  private HostMemory() {}

  /// {@return whether one more VM of that size, should it use all its memory, leaves enough for
  /// everything else; false when that cannot be known}
  ///
  /// @param memoryMib of the VM, in MiB
  static boolean hasRoomFor(int memoryMib) {
    try {
      return hasRoomFor(memoryMib, Files.readString(FILE, StandardCharsets.US_ASCII));
    } catch (IOException _) {
      return false;
    }
  }

  static boolean hasRoomFor(int memoryMib, String meminfo) {
    long total = -1;
    long available = -1;
    Matcher lines = LINE.matcher(meminfo);
    while (lines.find()) {
      long mib = Long.parseLong(lines.group(2)) / MIB;
      if (lines.group(1).equals("MemTotal")) {
        total = mib;
      } else {
        available = mib;
      }
    }
    long reserve = Math.max(RESERVE_MIB, total / RESERVE_PART);
    return total >= 0 && available - memoryMib >= reserve;
  }
}
