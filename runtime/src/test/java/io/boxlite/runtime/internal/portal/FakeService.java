package io.boxlite.runtime.internal.portal;

import com.google.protobuf.Any;
import com.google.rpc.ErrorInfo;
import io.boxlite.protocol.agent.v1.*;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.protobuf.StatusProto;
import io.grpc.stub.StreamObserver;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.function.BiConsumer;
import java.util.function.Consumer;

/// The fake agent's calls.
public final class FakeService extends AgentServiceGrpc.AgentServiceImplBase {
  final Map<String, FakeProcess> processes = new ConcurrentHashMap<>();
  public final BlockingQueue<String> released = new LinkedBlockingQueue<>();
  public volatile StatusRuntimeException failure;
  volatile boolean silent;
  public final BlockingQueue<String> killed = new LinkedBlockingQueue<>();
  final BlockingQueue<ExecSpec> executed = new LinkedBlockingQueue<>();
  final BlockingQueue<String> cancelled = new LinkedBlockingQueue<>();

  /// Acknowledgements of an export, and `-1` when it was cancelled.
  public final BlockingQueue<Long> exportAcks = new LinkedBlockingQueue<>();

  /// Every container that was asked for.
  public final java.util.List<CreateContainerRequest> created =
      new java.util.concurrent.CopyOnWriteArrayList<>();

  /// Answers an export when it begins.
  public volatile Consumer<StreamObserver<ExportChangesResponse>> export =
      StreamObserver::onCompleted;

  /// Whether [#hostile] follows an `opened`.
  public volatile boolean opensFirst = true;

  /// When set, answers every Attach instead of a process.
  public volatile BiConsumer<String, StreamObserver<AttachResponse>> hostile;

  public FakeProcess process(String id) {
    return processes.computeIfAbsent(id, k -> new FakeProcess());
  }

  /// Forgets all processes, as the agent of a new VM knows none.
  public void forget() {
    processes.clear();
  }

  public static StatusRuntimeException refusal(Status.Code code, String reason) {
    return StatusProto.toStatusRuntimeException(
        com.google.rpc.Status.newBuilder()
            .setCode(code.value())
            .setMessage("because\n of " + reason)
            .addDetails(
                Any.pack(
                    ErrorInfo.newBuilder().setDomain("boxlite.agent").setReason(reason).build()))
            .build());
  }

  private <T> void answer(StreamObserver<T> observer, T answer) {
    if (silent) {
      return;
    }
    if (failure != null) {
      observer.onError(failure);
      return;
    }
    observer.onNext(answer);
    observer.onCompleted();
  }

  @Override
  public void hello(HelloRequest request, StreamObserver<HelloResponse> observer) {
    answer(
        observer, HelloResponse.newBuilder().setProtocolVersion(1).setAgentVersion("fake").build());
  }

  @Override
  public void prepare(PrepareRequest request, StreamObserver<PrepareResponse> observer) {
    // What was sent comes back, so that a test sees that no byte was changed on the way.
    if (failure == null && !request.getEntropy().isEmpty()) {
      entropy = request.getEntropy();
    }
    answer(observer, PrepareResponse.getDefaultInstance());
  }

  @Override
  public void rehearse(RehearseRequest request, StreamObserver<RehearseResponse> observer) {
    answer(observer, RehearseResponse.getDefaultInstance());
  }

  volatile com.google.protobuf.ByteString entropy;

  @Override
  public void createContainer(
      CreateContainerRequest request, StreamObserver<CreateContainerResponse> observer) {
    process(request.getContainerId());
    created.add(request);
    answer(observer, CreateContainerResponse.getDefaultInstance());
  }

  @Override
  public void startContainer(
      StartContainerRequest request, StreamObserver<StartContainerResponse> observer) {
    answer(observer, StartContainerResponse.newBuilder().setPid(7).build());
  }

  @Override
  public void signal(SignalRequest request, StreamObserver<SignalResponse> observer) {
    answer(observer, SignalResponse.getDefaultInstance());
  }

  @Override
  public void kill(KillRequest request, StreamObserver<KillResponse> observer) {
    killed.add(request.getExecId());
    answer(observer, KillResponse.getDefaultInstance());
  }

  @Override
  public void resize(ResizeRequest request, StreamObserver<ResizeResponse> observer) {
    answer(observer, ResizeResponse.getDefaultInstance());
  }

  @Override
  public void shutdown(ShutdownRequest request, StreamObserver<ShutdownResponse> observer) {
    answer(
        observer,
        ShutdownResponse.newBuilder().setInitExit(ExitStatus.newBuilder().setSignal(15)).build());
  }

  @Override
  public void release(ReleaseRequest request, StreamObserver<ReleaseResponse> observer) {
    released.add(request.getExecId());
    answer(observer, ReleaseResponse.getDefaultInstance());
  }

  /// Takes everything, whatever [#failure] is.
  @Override
  public StreamObserver<CopyInRequest> copyIn(StreamObserver<CopyInResponse> observer) {
    return new StreamObserver<>() {
      private long chunks;

      @Override
      public void onNext(CopyInRequest request) {
        if (request.hasChunk()) {
          observer.onNext(CopyInResponse.newBuilder().setAcked(++chunks).build());
        }
      }

      @Override
      public void onError(Throwable failed) {}

      @Override
      public void onCompleted() {
        observer.onCompleted();
      }
    };
  }

  @Override
  public StreamObserver<ExportChangesRequest> exportChanges(
      StreamObserver<ExportChangesResponse> observer) {
    return new StreamObserver<>() {
      @Override
      public void onNext(ExportChangesRequest request) {
        if (request.getOffset() == 0) {
          export.accept(observer);
        } else {
          exportAcks.add(request.getOffset());
        }
      }

      @Override
      public void onError(Throwable failed) {
        exportAcks.add(-1L);
      }

      @Override
      public void onCompleted() {}
    };
  }

  @Override
  public StreamObserver<AttachRequest> attach(StreamObserver<AttachResponse> observer) {
    return new StreamObserver<>() {
      private FakeProcess process;
      private String id;

      @Override
      public void onNext(AttachRequest request) {
        if (request.hasOpen()) {
          id = request.getOpen().getExecId();
          if (request.getOpen().hasExec()) {
            executed.add(request.getOpen().getExec());
            if (silent) {
              return;
            }
            if (failure != null) {
              observer.onError(failure);
              return;
            }
            process(id);
          }
          if (hostile != null) {
            if (opensFirst) {
              observer.onNext(
                  AttachResponse.newBuilder()
                      .setOpened(AttachOpened.newBuilder().setStdinWindow(-1))
                      .build());
            }
            hostile.accept(id, observer);
            return;
          }
          process = processes.get(id);
          if (process == null) {
            observer.onError(refusal(Status.Code.NOT_FOUND, "exec_not_found"));
          } else {
            process.attach(observer);
          }
        } else if (process != null) {
          process.request(observer, request);
        }
      }

      @Override
      public void onError(Throwable failed) {
        cancelled.add(id);
        if (process != null) {
          process.detach(observer);
        }
      }

      @Override
      public void onCompleted() {}
    };
  }
}
