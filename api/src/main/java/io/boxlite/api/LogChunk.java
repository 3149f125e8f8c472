package io.boxlite.api;

/// Bytes of a log, of one output stream. Not to be changed.
///
/// @param source where they were written to
/// @param bytes as they were written, at least one; they may begin and end anywhere in a line or a
///   character
/// @since 0.1
public record LogChunk(Source source, byte[] bytes) {
  /// Output streams. What has a terminal, and the console, write to stdout only.
  public enum Source {
    /// Standard output.
    STDOUT,
    /// Standard error.
    STDERR
  }
}
