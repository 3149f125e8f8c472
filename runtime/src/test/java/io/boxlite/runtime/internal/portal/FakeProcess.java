package io.boxlite.runtime.internal.portal;

import com.google.protobuf.ByteString;
import io.boxlite.protocol.agent.v1.AttachOpened;
import io.boxlite.protocol.agent.v1.AttachRequest;
import io.boxlite.protocol.agent.v1.AttachResponse;
import io.boxlite.protocol.agent.v1.ExitStatus;
import io.boxlite.protocol.agent.v1.OutputChunk;
import io.boxlite.protocol.agent.v1.StdinAck;
import io.boxlite.protocol.agent.v1.Stream;
import io.grpc.stub.StreamObserver;
import java.util.EnumMap;
import java.util.Map;

/// A process of the fake agent: keeps unacknowledged output, repeats it at each Attach, and waits
/// when the window is full, as docs/portal.md wants.
public final class FakeProcess {
  static final int WINDOW = 256 * 1024;
  private static final int CHUNK = 64 * 1024;

  private static final class Output {
    ByteString unacked = ByteString.EMPTY;
    long acked;
  }

  private final Map<Stream, Output> outputs = new EnumMap<>(Stream.class);
  private StreamObserver<AttachResponse> client;
  private ExitStatus exit;
  private ByteString stdin = ByteString.EMPTY;
  private long stdinReceived;
  private boolean eof;
  boolean keepStdin = true;
  boolean acksStdin = true;
  int stdinWindow = WINDOW;
  int maxUnacked;
  int attaches;

  FakeProcess() {
    outputs.put(Stream.STREAM_STDOUT, new Output());
    outputs.put(Stream.STREAM_STDERR, new Output());
  }

  void stdout(byte[] data) {
    write(Stream.STREAM_STDOUT, ByteString.copyFrom(data));
  }

  void stderr(byte[] data) {
    write(Stream.STREAM_STDERR, ByteString.copyFrom(data));
  }

  synchronized void write(Stream stream, ByteString data) {
    Output output = outputs.get(stream);
    for (int done = 0; done < data.size(); ) {
      int count = Math.min(CHUNK, data.size() - done);
      ByteString chunk = data.substring(done, done + count);
      while (output.unacked.size() + count > WINDOW) {
        await();
      }
      long offset = output.acked + output.unacked.size();
      output.unacked = output.unacked.concat(chunk);
      maxUnacked = Math.max(maxUnacked, output.unacked.size());
      send(stream, offset, chunk);
      done += count;
    }
  }

  private void await() {
    try {
      wait();
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  private void send(Stream stream, long offset, ByteString chunk) {
    if (client != null) {
      tell(
          AttachResponse.newBuilder()
              .setOutput(
                  OutputChunk.newBuilder().setStream(stream).setOffset(offset).setData(chunk))
              .build());
    }
  }

  /// A supervisor may go at any time: what it misses is sent again.
  private void tell(AttachResponse response) {
    try {
      client.onNext(response);
    } catch (io.grpc.StatusRuntimeException | IllegalStateException e) {
      client = null;
    }
  }

  public synchronized void exit(int code) {
    exit = ExitStatus.newBuilder().setCode(code).build();
    sendExit();
  }

  private void sendExit() {
    if (client != null && exit != null) {
      client.onNext(AttachResponse.newBuilder().setExit(exit).build());
      client.onCompleted();
      client = null;
    }
  }

  synchronized void detach(StreamObserver<AttachResponse> old) {
    if (client == old) {
      client = null;
    }
  }

  synchronized void attach(StreamObserver<AttachResponse> observer) {
    attaches++;
    client = observer;
    observer.onNext(
        AttachResponse.newBuilder()
            .setOpened(
                AttachOpened.newBuilder()
                    .setStdinOffset(stdinReceived)
                    .setStdinWindow(stdinWindow)
                    .setStdinClosed(eof))
            .build());
    outputs.forEach((stream, output) -> {
      for (int at = 0; at < output.unacked.size(); at += CHUNK) {
        int to = Math.min(output.unacked.size(), at + CHUNK);
        send(stream, output.acked + at, output.unacked.substring(at, to));
      }
    });
    sendExit();
    notifyAll();
  }

  synchronized void request(StreamObserver<AttachResponse> from, AttachRequest request) {
    if (from != client) {
      return; // of an Attach that was replaced
    }
    switch (request.getRequestCase()) {
      case STDIN -> stdin(request.getStdin().getData());
      case STDIN_EOF -> eof = true;
      case ACK -> {
        Output output = outputs.get(request.getAck().getStream());
        long by = request.getAck().getOffset() - output.acked;
        if (by > 0) {
          output.unacked = output.unacked.substring((int) by);
          output.acked += by;
        }
      }
      default -> throw new IllegalStateException();
    }
    notifyAll();
  }

  private void stdin(ByteString data) {
    if (data.size() > CHUNK) {
      throw new IllegalStateException("stdin chunk of " + data.size());
    }
    stdinReceived += data.size();
    if (keepStdin) {
      stdin = stdin.concat(data);
    }
    if (acksStdin) {
      ackStdin();
    }
  }

  synchronized void ackStdin() {
    if (client != null) {
      tell(
          AttachResponse.newBuilder()
              .setStdinAck(StdinAck.newBuilder().setOffset(stdinReceived))
              .build());
    }
  }

  synchronized ByteString awaitStdin(long count) {
    while (stdinReceived < count) {
      await();
    }
    return stdin;
  }

  synchronized long stdinReceived() {
    return stdinReceived;
  }

  synchronized ByteString awaitEof() {
    while (!eof) {
      await();
    }
    return stdin;
  }

  public synchronized void awaitAttaches(int count) {
    while (attaches < count) {
      await();
    }
  }

  synchronized long acked(Stream stream) {
    return outputs.get(stream).acked;
  }
}
