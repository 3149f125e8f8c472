package io.boxlite.runtime.internal.portal;

import io.boxlite.protocol.agent.v1.CopyChunk;
import io.boxlite.protocol.agent.v1.CopyOutRequest;
import io.boxlite.protocol.agent.v1.CopyOutResponse;
import java.time.Duration;

/// Files of a box; the window counts chunks.
final class CopyOutStream extends AgentTar<CopyOutRequest, CopyOutResponse> {
  static final int WINDOW = 16;

  /// @param what names it in messages
  /// @param patience how long the agent may take for the next chunk
  CopyOutStream(String what, Duration patience) {
    super(what, patience, WINDOW);
  }

  @Override
  CopyChunk chunk(CopyOutResponse response) {
    return response.getChunk();
  }

  @Override
  long weight(CopyChunk chunk) {
    return 1;
  }

  @Override
  CopyOutRequest acknowledgement(long consumed) {
    return CopyOutRequest.newBuilder().setAcked(consumed).build();
  }
}
