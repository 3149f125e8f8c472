package io.boxlite.runtime.internal.portal;

import io.boxlite.protocol.agent.v1.CopyChunk;
import io.boxlite.protocol.agent.v1.ExportChangesRequest;
import io.boxlite.protocol.agent.v1.ExportChangesResponse;
import java.time.Duration;

/// What a box has changed; the window counts bytes. The box stands still until the stream has been
/// read to its end or is closed.
final class ChangesStream extends AgentTar<ExportChangesRequest, ExportChangesResponse> {
  private static final int WINDOW = 256 * 1024;

  /// @param patience how long the agent may take for the next bytes
  ChangesStream(Duration patience) {
    super("changes of the box", patience, WINDOW);
  }

  @Override
  CopyChunk chunk(ExportChangesResponse response) {
    return CopyChunk.newBuilder().setData(response.getData()).build();
  }

  @Override
  long weight(CopyChunk chunk) {
    return chunk.getData().size();
  }

  /// {@return what tells how much has been read; 0 begins the export}
  @Override
  ExportChangesRequest acknowledgement(long consumed) {
    return ExportChangesRequest.newBuilder().setOffset(consumed).build();
  }
}
