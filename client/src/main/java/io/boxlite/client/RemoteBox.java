package io.boxlite.client;

import io.boxlite.api.Box;
import io.boxlite.api.BoxInfo;
import io.boxlite.api.BoxMetrics;
import io.boxlite.api.BoxNetwork;
import io.boxlite.api.BoxUpdate;
import io.boxlite.api.CommitOptions;
import io.boxlite.api.CopyOptions;
import io.boxlite.api.ExecOptions;
import io.boxlite.api.Execution;
import io.boxlite.api.ImageInfo;
import io.boxlite.api.LogOptions;
import io.boxlite.api.LogStream;
import io.boxlite.api.NetworkException;
import io.boxlite.api.NotFoundException;
import io.boxlite.api.Snapshots;
import io.boxlite.api.StorageException;
import io.boxlite.rest.BoxBody;
import io.boxlite.rest.BoxMapping;
import io.boxlite.rest.BoxMetricsBody;
import io.boxlite.rest.CloneBody;
import io.boxlite.rest.ExecutionBody;
import io.boxlite.rest.ExecutionIdBody;
import io.boxlite.rest.Frames;
import io.boxlite.rest.ImageBody;
import io.boxlite.rest.ImageMapping;
import io.boxlite.rest.JsonCodec;
import io.boxlite.rest.LogFrames;
import io.boxlite.rest.LogMapping;
import io.boxlite.rest.OptionMapping;
import io.boxlite.rest.Paths;
import io.boxlite.rest.StopBody;
import io.boxlite.rest.UpdateBoxBody;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// A box of another process.
final class RemoteBox implements Box {
  private final RestCaller caller;
  private final Sessions sessions;
  private final String id;

  RemoteBox(RestCaller caller, Sessions sessions, String id) {
    this.caller = caller;
    this.sessions = sessions;
    this.id = id;
  }

  @Override
  public String id() {
    return id;
  }

  @Override
  public BoxInfo info() {
    return BoxMapping.toInfo(caller.call(BoxBody.class, "GET", Paths.box(id), null));
  }

  @Override
  public void start() {
    caller.send("POST", startPath(), null);
  }

  /// Starts it, and tells what it was then: a box that removes itself may be gone a moment later.
  BoxInfo started() {
    return BoxMapping.toInfo(caller.call(BoxBody.class, "POST", startPath(), null));
  }

  private String startPath() {
    return Paths.box(id) + "/start";
  }

  @Override
  public void stop(Duration grace) {
    caller.send("POST", Paths.box(id) + "/stop", new StopBody(grace.toMillis() / 1000.0));
  }

  @Override
  public void remove(boolean force, boolean volumes) {
    caller.send(
        "DELETE", Paths.box(id) + "?force=" + force + (volumes ? "&volumes=true" : ""), null);
  }

  @Override
  public void pause() {
    caller.send("POST", Paths.box(id) + "/pause", null);
  }

  @Override
  public void unpause() {
    caller.send("POST", Paths.box(id) + "/unpause", null);
  }

  @Override
  public Optional<BoxInfo> waitFor(Duration limit) throws InterruptedException {
    String path = Paths.box(id) + "/wait?timeout_seconds=" + limit.toMillis() / 1000.0;
    try {
      byte[] end = caller.send("GET", path, null);
      return end.length == 0
          ? Optional.empty()
          : Optional.of(BoxMapping.toInfo(JsonCodec.read(BoxBody.class, end)));
    } catch (NetworkException e) {
      if (Thread.interrupted()) {
        throw new InterruptedException("interrupted while waiting for box " + id);
      }
      throw e;
    }
  }

  @Override
  public void update(BoxUpdate change) {
    caller.send("PATCH", Paths.box(id), UpdateBoxBody.of(change));
  }

  @Override
  public Execution exec(ExecOptions options) {
    ExecutionIdBody started =
        caller.call(
            ExecutionIdBody.class, "POST", Paths.box(id) + "/exec", OptionMapping.toBody(options));
    return new RemoteExecution(caller, sessions, id, started.executionId());
  }

  @Override
  public Execution attach() {
    return attach(false);
  }

  Execution attach(boolean stopOnDetach) {
    String path = Paths.box(id) + "/attach?raw=true" + (stopOnDetach ? "&stop_on_detach=true" : "");
    try {
      WebSocket socket = WebSocket.open(caller.connections(), path);
      Optional<String> executionId = socket.head().header(Frames.EXECUTION_ID_HEADER);
      if (executionId.isEmpty()) {
        socket.close();
        throw new IOException("the answer has no header " + Frames.EXECUTION_ID_HEADER);
      }
      RemoteExecution main = new RemoteExecution(caller, sessions, id, executionId.get());
      main.start(socket);
      return main;
    } catch (IOException e) {
      throw caller.unreachable(e);
    }
  }

  @Override
  public Optional<Execution> execution(String executionId) {
    try {
      ExecutionBody found =
          caller.call(ExecutionBody.class, "GET", Paths.execution(id, executionId), null);
      return Optional.of(new RemoteExecution(caller, sessions, id, found.executionId()));
    } catch (NotFoundException e) {
      if (e.reason().equals("execution_not_found")) {
        return Optional.empty();
      }
      throw e;
    }
  }

  @Override
  public LogStream logs(LogOptions options) {
    String query = LogMapping.toQuery(options) + "&" + LogMapping.FRAMES + "=true";
    return LogFrames.decode(caller.stream("GET", Paths.box(id) + "/logs?" + query, null));
  }

  @Override
  public List<String> copyIn(InputStream tar, String boxTarget, CopyOptions options) {
    return new RemoteFiles(caller, id).copyIn(tar, boxTarget, options);
  }

  @Override
  public void copyOut(String boxSource, CopyOptions options, TarConsumer consumer) {
    new RemoteFiles(caller, id).copyOut(boxSource, options, consumer);
  }

  @Override
  public BoxMetrics metrics() {
    return BoxMapping.toMetrics(
        caller.call(BoxMetricsBody.class, "GET", Paths.box(id) + "/metrics", null));
  }

  @Override
  public BoxNetwork network() {
    return new RemoteNetwork(caller, id);
  }

  @Override
  public void export(OutputStream archive) {
    try (InputStream from = caller.stream("POST", Paths.box(id) + "/export", null)) {
      from.transferTo(archive);
    } catch (IOException e) {
      throw new StorageException(
          "export_failed", "archive of box " + id + ": " + e.getMessage(), e, Map.of());
    }
  }

  @Override
  public Box cloneBox(Optional<String> name) {
    CloneBody body = new CloneBody(name.orElse(null));
    BoxBody made = caller.call(BoxBody.class, "POST", Paths.box(id) + "/clone", body);
    return new RemoteBox(caller, sessions, made.boxId());
  }

  @Override
  public Snapshots snapshots() {
    return new RemoteSnapshots(caller, id);
  }

  @Override
  public ImageInfo commit(CommitOptions options) {
    return ImageMapping.toInfo(
        caller.call(
            ImageBody.class, "POST", Paths.box(id) + "/commit", ImageMapping.toBody(options)));
  }
}
