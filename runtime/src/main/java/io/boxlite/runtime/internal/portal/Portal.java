package io.boxlite.runtime.internal.portal;

import io.boxlite.api.ExecOptions;
import io.boxlite.api.ExitStatus;
import io.boxlite.api.PortalException;
import io.boxlite.protocol.agent.v1.CreateContainerRequest;
import io.boxlite.protocol.agent.v1.ExecRecord;
import io.boxlite.protocol.agent.v1.HelloResponse;
import io.boxlite.protocol.agent.v1.PrepareRequest;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletionStage;

/// A session with the agent of one VM.
public final class Portal implements AutoCloseable {
  private Portal() {}

  /// Connects to the socket that QEMU serves and waits until the agent answers.
  public static Portal connect(Path portalSocket, Duration timeout) {
    throw new UnsupportedOperationException();
  }

  public HelloResponse hello() {
    throw new UnsupportedOperationException();
  }

  public void prepare(PrepareRequest request) {
    throw new UnsupportedOperationException();
  }

  public void createContainer(CreateContainerRequest request) {
    throw new UnsupportedOperationException();
  }

  /// {@return init's pid in the VM}
  public int startContainer() {
    throw new UnsupportedOperationException();
  }

  /// {@return the pid in the VM}
  public int exec(String execId, ExecOptions options) {
    throw new UnsupportedOperationException();
  }

  public void signal(String execId, int signal) {
    throw new UnsupportedOperationException();
  }

  public void kill(String execId) {
    throw new UnsupportedOperationException();
  }

  public void resize(String execId, int rows, int cols) {
    throw new UnsupportedOperationException();
  }

  public List<ExecRecord> listExecs() {
    throw new UnsupportedOperationException();
  }

  public void release(String execId) {
    throw new UnsupportedOperationException();
  }

  /// {@return how init ended, empty when it was never started}
  public Optional<ExitStatus> shutdown(Duration grace) {
    throw new UnsupportedOperationException();
  }

  /// {@return completes with the cause, never exceptionally, when the portal is dead}
  public CompletionStage<PortalException> onLost() {
    throw new UnsupportedOperationException();
  }

  public boolean isLost() {
    throw new UnsupportedOperationException();
  }

  @Override
  public void close() {}
}
