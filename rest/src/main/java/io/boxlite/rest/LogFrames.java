package io.boxlite.rest;

import io.boxlite.api.LogChunk;
import io.boxlite.api.LogStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.util.Optional;

/// A log whose output streams are kept apart on one connection, as Docker's protocol does it: each
/// chunk follows a head of 8 bytes, one for the stream, three that are 0, and its length,
/// big-endian.
///
/// @since 0.1
public final class LogFrames {
  /// The content type of such an answer.
  public static final String CONTENT_TYPE = "application/vnd.docker.multiplexed-stream";

  private static final int HEAD_BYTES = 8;

  /// More than a server sends: 64 KiB of line ends with a time before each.
  private static final int MAX_LENGTH = 4 << 20;

  private LogFrames() {}

  /// {@return a log as frames; closing it closes the log}
  ///
  /// @param log what is to be sent
  public static InputStream encode(LogStream log) {
    return new Framed(log).bytes();
  }

  /// {@return the log of frames; closing it closes the stream}
  ///
  /// @param frames what a server answered
  public static LogStream decode(InputStream frames) {
    return new Unframed(frames);
  }

  /// A log whose chunks have heads.
  private record Framed(LogStream log) implements LogStream {
    @Override
    public Optional<LogChunk> next() throws IOException {
      return log.next().map(chunk -> new LogChunk(chunk.source(), frame(chunk)));
    }

    private static byte[] frame(LogChunk chunk) {
      byte stream = chunk.source() == LogChunk.Source.STDERR ? Frames.STDERR : Frames.STDOUT;
      int length = chunk.bytes().length;
      return ByteBuffer.allocate(HEAD_BYTES + length)
          .put(stream)
          .position(HEAD_BYTES - Integer.BYTES)
          .putInt(length)
          .put(chunk.bytes())
          .array();
    }

    @Override
    public void close() {
      log.close();
    }
  }

  private record Unframed(InputStream frames) implements LogStream {
    @Override
    public Optional<LogChunk> next() throws IOException {
      byte[] head = frames.readNBytes(HEAD_BYTES);
      if (head.length == 0) {
        return Optional.empty();
      }
      if (head.length < HEAD_BYTES) {
        throw cutOff();
      }
      int length = ByteBuffer.wrap(head).getInt(HEAD_BYTES - Integer.BYTES);
      if (length < 0 || length > MAX_LENGTH) {
        throw new IOException("the server sent a frame of " + length + " bytes");
      }
      byte[] bytes = frames.readNBytes(length);
      if (bytes.length < length) {
        throw cutOff();
      }
      return Optional.of(new LogChunk(source(head[0]), bytes));
    }

    private static LogChunk.Source source(byte stream) throws IOException {
      return switch (stream) {
        case Frames.STDOUT -> LogChunk.Source.STDOUT;
        case Frames.STDERR -> LogChunk.Source.STDERR;
        default -> throw new IOException("the server sent a frame of stream " + stream);
      };
    }

    private static EOFException cutOff() {
      return new EOFException("the server ended in the middle of a frame");
    }

    @Override
    public void close() {
      try {
        frames.close();
      } catch (IOException _) {
        // The connection is gone, which was the aim.
      }
    }
  }
}
