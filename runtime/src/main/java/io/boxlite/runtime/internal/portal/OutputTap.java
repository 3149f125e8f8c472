package io.boxlite.runtime.internal.portal;

import io.boxlite.protocol.agent.v1.Stream;
import java.io.IOException;
import java.nio.ByteBuffer;

/// Sees every byte that a process writes, once and in order of arrival, whether or not somebody
/// reads its streams. Called by one thread at a time, never by the event loop; while it works the
/// process's output waits.
@FunctionalInterface
public interface OutputTap {
  /// Takes bytes.
  ///
  /// @param stream stdout or stderr
  /// @param offset of the first byte in that stream, counted by the agent from the process's start
  /// @param data the bytes, valid during the call only
  /// @throws IOException if they cannot be kept; the session logs it and goes on
  void accept(Stream stream, long offset, ByteBuffer data) throws IOException;
}
