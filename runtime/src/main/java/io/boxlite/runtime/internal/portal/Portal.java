package io.boxlite.runtime.internal.portal;

import io.boxlite.api.BoxliteException;
import io.boxlite.api.CopyOptions;
import io.boxlite.api.ExitStatus;
import io.boxlite.api.PortalException;
import io.boxlite.protocol.agent.v1.AgentServiceGrpc;
import io.boxlite.protocol.agent.v1.AgentServiceGrpc.AgentServiceBlockingStub;
import io.boxlite.protocol.agent.v1.CopyInOpen;
import io.boxlite.protocol.agent.v1.CopyOutOpen;
import io.boxlite.protocol.agent.v1.CopyOutRequest;
import io.boxlite.protocol.agent.v1.CreateContainerRequest;
import io.boxlite.protocol.agent.v1.ExecRecord;
import io.boxlite.protocol.agent.v1.HelloRequest;
import io.boxlite.protocol.agent.v1.HelloResponse;
import io.boxlite.protocol.agent.v1.KillRequest;
import io.boxlite.protocol.agent.v1.Layer;
import io.boxlite.protocol.agent.v1.ListExecsRequest;
import io.boxlite.protocol.agent.v1.PrepareRequest;
import io.boxlite.protocol.agent.v1.RehearseRequest;
import io.boxlite.protocol.agent.v1.ReleaseRequest;
import io.boxlite.protocol.agent.v1.ReleaseResponse;
import io.boxlite.protocol.agent.v1.ResizeRequest;
import io.boxlite.protocol.agent.v1.ShutdownRequest;
import io.boxlite.protocol.agent.v1.ShutdownResponse;
import io.boxlite.protocol.agent.v1.SignalRequest;
import io.boxlite.protocol.agent.v1.StandStillRequest;
import io.boxlite.protocol.agent.v1.StartContainerRequest;
import io.boxlite.protocol.agent.v1.Volume;
import io.boxlite.runtime.internal.disk.LayersDisk;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.StreamObserver;
import java.io.IOException;
import java.io.InputStream;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ClosedByInterruptException;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/// A session with the agent of one VM over one connection of its portal socket (docs/portal.md). It
/// never reconnects: when the connection is lost the portal is dead, says so through [#onLost()],
/// and every call throws. Whoever owns the box then connects a new one.
///
/// Calls block, each with a limit of its own, and throw exceptions of `io.boxlite.api`:
/// [PortalException] with reason `unreachable`, `timeout`, `interrupted` or `protocol_error` when
/// the agent gave no proper answer, others when it refused. Thread-safe.
public final class Portal implements AutoCloseable {
  /// Version of `agent.proto` that this side speaks.
  public static final int PROTOCOL_VERSION = 1;

  // Generous: twenty boxes that boot at once under emulation on two cores are slow, not dead.
  private static final Duration QUICK = Duration.ofSeconds(30);
  static final Duration SLOW = Duration.ofMinutes(2);

  private static final Duration STILL = Duration.ofSeconds(12);

  /// Of what the image has at the places of its volumes there may be much to copy.
  private static final Duration FILL = Duration.ofMinutes(30);

  private final PortalChannel channel;
  private final AgentServiceBlockingStub blocking;
  private final AtomicReference<@Nullable PortalException> loss = new AtomicReference<>();
  private final CompletableFuture<PortalException> lost = new CompletableFuture<>();

  private Portal(SocketChannel socket) {
    channel = new PortalChannel(socket, this::lose);
    blocking = AgentServiceGrpc.newBlockingStub(channel.grpc());
    channel.start();
  }

  /// Connects to the socket that QEMU serves and waits until the agent answers. The guest may still
  /// be booting.
  ///
  /// @param portalSocket path of at most 106 bytes
  /// @param timeout for all of it
  /// @return the portal, with no call made yet
  /// @throws PortalException reason `timeout`, `unreachable` (no socket, or the VM ended),
  ///   `protocol_error`, `protocol_mismatch` or `interrupted`
  public static Portal connect(Path portalSocket, Duration timeout) {
    return connect(portalSocket, timeout, PortalSync.GARBAGE_LIMIT);
  }

  static Portal connect(Path portalSocket, Duration timeout, long garbageLimit) {
    SocketChannel socket = null;
    try {
      socket = SocketChannel.open(UnixDomainSocketAddress.of(portalSocket));
      int version = PortalSync.run(socket, timeout, garbageLimit);
      if (version != PROTOCOL_VERSION) {
        throw new PortalException(
            "protocol_mismatch",
            "the guest agent speaks protocol "
                + Integer.toUnsignedString(version)
                + ", not "
                + PROTOCOL_VERSION
                + ": restart the box");
      }
      Portal portal = new Portal(socket);
      socket = null;
      return portal;
    } catch (ClosedByInterruptException e) {
      throw PortalSync.interrupted(e);
    } catch (IOException e) {
      throw new PortalException(
          "unreachable", "portal " + portalSocket + ": " + e.getMessage(), e, Map.of());
    } finally {
      closeQuietly(socket);
    }
  }

  private static void closeQuietly(@Nullable SocketChannel socket) {
    try {
      if (socket != null) {
        socket.close();
      }
    } catch (IOException e) {
      // Nothing is lost with it, and the failure under way says more.
    }
  }

  /// {@return versions and state of the agent; the first call to make}
  public HelloResponse hello() {
    HelloRequest request =
        HelloRequest.newBuilder()
            .setProtocolVersion(PROTOCOL_VERSION)
            .setSupervisorVersion(
                String.valueOf(
                    Portal.class.getModule().getDescriptor() == null
                        ? ""
                        : Portal.class.getModule().getDescriptor().rawVersion().orElse("")))
            .build();
    return call("hello", QUICK, stub -> stub.hello(request));
  }

  /// Has the agent make and remove a container of nothing, so that the next one is made faster.
  ///
  /// @param layers where the layers are on the disk in that slot
  /// @throws io.boxlite.api.StorageException if the guest cannot find or mount the disks
  /// @throws io.boxlite.api.InvalidStateException if a container was created
  public void rehearse(List<LayersDisk.Extent> layers) {
    RehearseRequest request = RehearseRequest.newBuilder().addAllLayers(layers(layers)).build();
    call("rehearsal", SLOW, stub -> stub.rehearse(request));
  }

  /// {@return the same for the agent}
  ///
  /// @param extents where layers are
  public static List<Layer> layers(List<LayersDisk.Extent> extents) {
    return extents.stream()
        .map(extent ->
            Layer.newBuilder().setOffset(extent.offset()).setLength(extent.length()).build())
        .toList();
  }

  /// Makes the VM one of its own, whatever it was restored from; may be repeated.
  ///
  /// @param request clock, entropy
  public void prepare(PrepareRequest request) {
    call("prepare", QUICK, stub -> stub.prepare(request));
  }

  /// Mounts and makes the container, without running anything.
  ///
  /// @param request what it consists of
  /// @throws io.boxlite.api.StorageException if the guest cannot find or mount the disks
  /// @throws io.boxlite.api.InvalidStateException if there is one already
  public void createContainer(CreateContainerRequest request) {
    boolean fills = request.getVolumesList().stream().anyMatch(Volume::getFill);
    call("create container", fills ? FILL : SLOW, stub -> stub.createContainer(request));
  }

  /// Runs init, once.
  ///
  /// @param command names init in messages
  /// @return its pid in the VM
  /// @throws io.boxlite.api.ExecException if its command, directory, user or group is not there
  /// @throws io.boxlite.api.InvalidStateException if it was started before
  public int startContainer(String command) {
    return call(
            command, SLOW, stub -> stub.startContainer(StartContainerRequest.getDefaultInstance()))
        .getPid();
  }

  /// Sends a signal to the process itself.
  ///
  /// @param execId its id
  /// @param signal 1 to 64
  /// @throws io.boxlite.api.NotFoundException if the agent does not know it
  /// @throws io.boxlite.api.InvalidStateException if it has ended
  public void signal(String execId, int signal) {
    SignalRequest request = SignalRequest.newBuilder().setExecId(execId).setSignal(signal).build();
    call("execution " + execId, QUICK, stub -> stub.signal(request));
  }

  /// Kills the process and all that descends from it. No error when it has ended.
  ///
  /// @param execId its id
  public void kill(String execId) {
    KillRequest request = KillRequest.newBuilder().setExecId(execId).build();
    call("execution " + execId, QUICK, stub -> stub.kill(request));
  }

  /// Sets the size of the process's terminal.
  ///
  /// @param execId its id
  /// @param rows 1 to 65535
  /// @param cols 1 to 65535
  /// @throws io.boxlite.api.NotFoundException if the agent does not know it
  /// @throws io.boxlite.api.InvalidStateException if it has no terminal
  public void resize(String execId, int rows, int cols) {
    ResizeRequest request =
        ResizeRequest.newBuilder().setExecId(execId).setRows(rows).setCols(cols).build();
    call("execution " + execId, QUICK, stub -> stub.resize(request));
  }

  /// {@return every process whose record was not released, init among them}
  public List<ExecRecord> listExecs() {
    return call("executions", QUICK, stub -> stub.listExecs(ListExecsRequest.getDefaultInstance()))
        .getExecsList();
  }

  /// Makes the agent forget an ended process and its output. No error when it is unknown.
  ///
  /// @param execId its id
  public void release(String execId) {
    call("execution " + execId, QUICK, stub -> stub.release(releaseRequest(execId)));
  }

  private static ReleaseRequest releaseRequest(String execId) {
    return ReleaseRequest.newBuilder().setExecId(execId).build();
  }

  /// Releases without waiting. When that fails the record stays until the VM ends, nothing worse.
  void releaseLater(String execId) {
    AgentServiceGrpc.newStub(channel.grpc())
        .withDeadlineAfter(QUICK.toMillis(), TimeUnit.MILLISECONDS)
        .release(
            releaseRequest(execId),
            new StreamObserver<>() {
              @Override
              public void onNext(ReleaseResponse response) {}

              @Override
              public void onError(Throwable failure) {}

              @Override
              public void onCompleted() {}
            });
  }

  /// Makes all processes of the box stand still, and tells what the box has changed of its layers.
  ///
  /// @return a tar; the box goes on when it has been read to its end, or is closed. Its reads throw
  ///   [io.boxlite.api.InvalidStateException] when the agent refuses
  public InputStream exportChanges() {
    ChangesStream changes = new ChangesStream(SLOW);
    var _ = AgentServiceGrpc.newStub(channel.grpc()).exportChanges(changes);
    changes.send(changes.acknowledgement(0));
    return changes;
  }

  /// Makes all processes of the box stand still, with all that was written on its disk.
  ///
  /// @return to be closed by the caller, so that the box goes on
  /// @throws io.boxlite.api.InvalidStateException if it does not come to stand still
  public StandStill standStill() {
    StandStill still = new StandStill();
    AgentServiceGrpc.newStub(channel.grpc())
        .standStill(StandStillRequest.getDefaultInstance(), still);
    still.await(STILL);
    return still;
  }

  /// Unpacks a tar in the container.
  ///
  /// @param tar read to its end, not closed
  /// @param target path in the container
  /// @param options how
  /// @return what was skipped
  public List<String> copyIn(InputStream tar, String target, CopyOptions options) {
    CopyInCall call = new CopyInCall("copy to " + target, SLOW);
    var _ = AgentServiceGrpc.newStub(channel.grpc()).copyIn(call);
    CopyInOpen open =
        CopyInOpen.newBuilder()
            .setPath(target)
            .setNoOverwrite(!options.overwrite())
            .setRenameTop(options.includeParent())
            .build();
    return call.send(open, tar);
  }

  /// Reads files of the container.
  ///
  /// @param source path in the container
  /// @param options how
  /// @return a tar, to be read and closed by one thread
  public InputStream copyOut(String source, CopyOptions options) {
    CopyOutStream tar = new CopyOutStream("copy of " + source, SLOW);
    var _ = AgentServiceGrpc.newStub(channel.grpc()).copyOut(tar);
    CopyOutOpen open =
        CopyOutOpen.newBuilder()
            .setPath(source)
            .setRecursive(options.recursive())
            .setFollowSymlinks(options.followSymlinks())
            .setIncludeParent(options.includeParent())
            .build();
    tar.send(CopyOutRequest.newBuilder().setOpen(open).build());
    return tar;
  }

  /// Ends the container, unmounts and syncs; then the VM powers itself off.
  ///
  /// @param grace between the stop signal and SIGKILL, up to 49 days
  /// @return how init ended, empty when it was never started
  public Optional<ExitStatus> shutdown(Duration grace) {
    long millis = Math.clamp(TimeUnit.MILLISECONDS.convert(grace), 0, 0xffff_ffffL);
    ShutdownRequest request = ShutdownRequest.newBuilder().setGraceMs((int) millis).build();
    ShutdownResponse response =
        call("shutdown", QUICK.plusMillis(millis), stub -> stub.shutdown(request));
    return response.hasInitExit()
        ? Optional.of(exitStatus(response.getInitExit()))
        : Optional.empty();
  }

  /// Checks and converts.
  ///
  /// @param status from the agent
  /// @return the same for the API
  /// @throws PortalException if it is impossible
  public static ExitStatus exitStatus(io.boxlite.protocol.agent.v1.ExitStatus status) {
    int code = status.getCode();
    int signal = status.getSignal();
    if (code < 0 || code > 255 || signal < 0 || signal > 127) {
      throw new PortalException(
          "protocol_error", "the guest agent sent exit code " + code + ", signal " + signal);
    }
    return new ExitStatus(code, signal, status.getTimedOut());
  }

  private <T> T call(String what, Duration limit, Function<AgentServiceBlockingStub, T> rpc) {
    try {
      return rpc.apply(blocking.withDeadlineAfter(limit.toMillis(), TimeUnit.MILLISECONDS));
    } catch (StatusRuntimeException e) {
      throw AgentErrors.map(what, e);
    }
  }

  /// Opens the Attach call of one process.
  void attach(Attachment attachment) {
    var _ = AgentServiceGrpc.newStub(channel.grpc()).attach(attachment);
  }

  /// {@return completes, never exceptionally, with the cause once the portal is dead; after
  /// [#close()] too. Its actions run on a virtual thread of their own}
  public CompletionStage<PortalException> onLost() {
    return lost.minimalCompletionStage();
  }

  /// {@return whether it is dead}
  public boolean isLost() {
    return loss.get() != null;
  }

  /// Declares the portal dead. The first cause counts. Does not block.
  void lose(BoxliteException cause) {
    PortalException reason =
        cause instanceof PortalException portalCause
            ? portalCause
            : new PortalException("protocol_error", String.valueOf(cause.getMessage()));
    if (loss.compareAndSet(null, reason)) {
      channel.shutdown();
      Thread.ofVirtual().name("boxlite-portal-lost").start(() -> lost.complete(reason));
    }
  }

  /// Ends the session on this side; processes in the box go on, their sessions become detached.
  @Override
  public void close() {
    lose(new PortalException("unreachable", "the portal was closed"));
    channel.awaitClosed();
  }
}
