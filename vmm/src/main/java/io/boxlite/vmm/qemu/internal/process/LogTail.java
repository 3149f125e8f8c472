package io.boxlite.vmm.qemu.internal.process;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SeekableByteChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

/// The end of what a process wrote to its log since a moment. Immutable.
///
/// @param log the file
/// @param start its size at that moment
record LogTail(Path log, long start) {
  private static final int MAX_BYTES = 2048;

  /// {@return one that begins now}
  static LogTail from(Path log) {
    try {
      return new LogTail(log, Files.exists(log) ? Files.size(log) : 0);
    } catch (IOException e) {
      return new LogTail(log, 0);
    }
  }

  /// {@return the text in one line, without control characters; empty if there is none}
  String text() {
    try (SeekableByteChannel channel = Files.newByteChannel(log)) {
      channel.position(Math.max(start, channel.size() - MAX_BYTES));
      ByteBuffer bytes = ByteBuffer.allocate(MAX_BYTES);
      while (bytes.hasRemaining() && channel.read(bytes) >= 0) {
        // Until it is full or the file ends.
      }
      return StandardCharsets.UTF_8
          .decode(bytes.flip())
          .toString()
          .strip()
          .replaceAll("\\R+", "; ")
          .replaceAll("\\p{Cntrl}", "?");
    } catch (IOException e) {
      return "";
    }
  }
}
