package io.boxlite.network;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;

/// The names that the host gives addresses itself, as in `/etc/hosts`; read again when it has
/// changed. Thread-safe. Kept as a table: some people block a hundred thousand names that way, and
/// a box may ask for many.
final class HostsFile {
  private static final long MAX_BYTES = 16L << 20;
  private static final Duration CHECK = Duration.ofSeconds(5);

  private final Path file;
  private Map<String, Integer> addresses = Map.of();
  private State read = State.NONE;
  private long checkedAt = System.nanoTime() - CHECK.toNanos();

  private record State(FileTime changed, long size) {
    static final State NONE = new State(FileTime.fromMillis(0), -1);
  }

  HostsFile(Path file) {
    this.file = file;
  }

  /// {@return the first IPv4 address of a name in lower case, or empty}
  synchronized OptionalInt address(String name) {
    if (System.nanoTime() - checkedAt >= CHECK.toNanos()) {
      refresh();
      checkedAt = System.nanoTime();
    }
    Integer address = addresses.get(name);
    return address == null ? OptionalInt.empty() : OptionalInt.of(address);
  }

  private void refresh() {
    try {
      BasicFileAttributes now = Files.readAttributes(file, BasicFileAttributes.class);
      State state = new State(now.lastModifiedTime(), now.size());
      if (!state.equals(read) && now.size() <= MAX_BYTES) {
        addresses = parse(Files.readAllLines(file, StandardCharsets.ISO_8859_1));
        read = state;
      }
    } catch (IOException _) {
      addresses = Map.of(); // a host without that file has no names in it
      read = State.NONE;
    }
  }

  private static Map<String, Integer> parse(List<String> lines) {
    Map<String, Integer> parsed = new HashMap<>();
    for (String line : lines) {
      int comment = line.indexOf('#');
      String[] words = (comment < 0 ? line : line.substring(0, comment)).strip().split("\\s+", -1);
      OptionalInt address = IpV4.parse(words[0]);
      for (int i = 1; i < words.length && address.isPresent(); i++) {
        HostNames.of(words[i]).ifPresent(name -> parsed.putIfAbsent(name, address.getAsInt()));
      }
    }
    return parsed;
  }
}
