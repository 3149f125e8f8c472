package io.boxlite.client;

import io.boxlite.api.Box;
import io.boxlite.api.BoxInfo;
import io.boxlite.api.BoxOptions;
import io.boxlite.api.BoxOptions.PullPolicy;
import io.boxlite.api.Boxlite;
import io.boxlite.api.BoxliteException;
import io.boxlite.api.ConfigException;
import io.boxlite.api.DiskUsage;
import io.boxlite.api.Execution;
import io.boxlite.api.ImageException;
import io.boxlite.api.ImageRegistry;
import io.boxlite.api.Images;
import io.boxlite.api.NetworkException;
import io.boxlite.api.NotFoundException;
import io.boxlite.api.RestOptions;
import io.boxlite.api.RuntimeInfo;
import io.boxlite.api.RuntimeMetrics;
import io.boxlite.api.Templates;
import io.boxlite.api.Volumes;
import io.boxlite.rest.BoxBody;
import io.boxlite.rest.BoxListBody;
import io.boxlite.rest.BoxMapping;
import io.boxlite.rest.CreateBoxBody;
import io.boxlite.rest.DiskUsageBody;
import io.boxlite.rest.ImageMapping;
import io.boxlite.rest.InfoBody;
import io.boxlite.rest.JsonCodec;
import io.boxlite.rest.MetricsBody;
import io.boxlite.rest.OptionMapping;
import io.boxlite.rest.Paths;
import io.boxlite.rest.PrincipalBody;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;

/// A runtime in another process, over REST. Everything that it can do fails with [NetworkException]
/// when that process does not answer.
///
/// Thread-safe.
///
/// @since 0.1
public final class RemoteBoxlite implements Boxlite {
  private static final Pattern NO_NAME = Pattern.compile("[/\\\\%]|^\\.*$");

  private final RestCaller caller;
  private final RemoteImages images;
  private final Sessions sessions = new Sessions();

  private RemoteBoxlite(RestConnections connections, List<ImageRegistry> registries) {
    caller = new RestCaller(connections);
    images = new RemoteImages(caller, registries);
  }

  /// Connects to a server's Unix socket.
  ///
  /// @param socket path of the socket
  /// @return the runtime, to be closed by the caller
  /// @throws NetworkException if nobody listens there
  public static RemoteBoxlite connect(Path socket) {
    return connect(socket, List.of());
  }

  /// Connects to a server by TCP and makes sure that it answers.
  ///
  /// @param options where it is
  /// @return the runtime, to be closed by the caller
  /// @throws NetworkException if nobody answers there
  /// @throws io.boxlite.api.ConfigException if the files of the options cannot be used
  public static RemoteBoxlite connect(RestOptions options) {
    RemoteBoxlite boxlite =
        new RemoteBoxlite(new RestConnections(RestTarget.Url.of(options)), options.registries());
    try {
      boxlite.caller.send("GET", Paths.CONFIG, null);
      return boxlite;
    } catch (BoxliteException e) {
      boxlite.close();
      throw e;
    }
  }

  private static RemoteBoxlite connect(Path socket, List<ImageRegistry> registries) {
    RestConnections connections = new RestConnections(new RestTarget.UnixSocket(socket));
    RemoteBoxlite boxlite = new RemoteBoxlite(connections, registries);
    try {
      connections.giveBack(connections.take());
    } catch (IOException e) {
      throw boxlite.caller.unreachable(e);
    }
    return boxlite;
  }

  /// [#find(Path, List)] without registries.
  ///
  /// @param socket path of the socket
  /// @return the runtime, to be closed by the caller; empty if nobody answers
  public static Optional<RemoteBoxlite> find(Path socket) {
    return find(socket, List.of());
  }

  /// Connects to a server's Unix socket and makes sure that it answers. One that is about to leave
  /// may accept a connection and end it without an answer; once it has answered, it stays until its
  /// last client has gone.
  ///
  /// @param socket path of the socket
  /// @param registries how registries are reached, when this client fetches or sends images; before
  ///   what the server was told
  /// @return the runtime, to be closed by the caller; empty if nobody answers
  public static Optional<RemoteBoxlite> find(Path socket, List<ImageRegistry> registries) {
    RemoteBoxlite boxlite;
    try {
      boxlite = connect(socket, registries);
    } catch (NetworkException e) {
      return Optional.empty();
    }
    try {
      boxlite.caller.send("GET", Paths.CONFIG, null);
      return Optional.of(boxlite);
    } catch (NetworkException e) {
      boxlite.close();
      return Optional.empty();
    } catch (BoxliteException e) {
      boxlite.close();
      throw e;
    }
  }

  /// The server fetches the image, with what it was told about registries; this client does it when
  /// it was told more.
  @Override
  public Box create(BoxOptions options) {
    Optional<String> image = options.image();
    if (images.registries().isEmpty() || image.isEmpty() || options.pull() == PullPolicy.NEVER) {
      return made(OptionMapping.toBody(options));
    }
    CreateBoxBody body = OptionMapping.toBody(options.withPull(PullPolicy.NEVER));
    if (options.pull() == PullPolicy.MISSING) {
      try {
        return made(body);
      } catch (ImageException e) {
        if (!e.reason().equals("image_not_in_store")) {
          throw e;
        }
      }
    }
    return made(OptionMapping.toBody(options.ofFetched(images.pull(image.get()))));
  }

  private Box made(CreateBoxBody body) {
    return box(caller.call(BoxBody.class, "POST", Paths.BOXES, body).boxId());
  }

  @Override
  public Box importBox(InputStream archive, Optional<String> name) {
    String query = name.map(text -> "?name=" + Paths.encode(text)).orElse("");
    byte[] made = caller.upload(Paths.BOXES + "/import" + query, archive);
    return box(JsonCodec.read(BoxBody.class, made).boxId());
  }

  @Override
  public Optional<Box> get(String idOrName) {
    if (NO_NAME.matcher(idOrName).find()) {
      return Optional.empty(); // a path cannot carry it, and no box has such a name
    }
    try {
      BoxBody found = caller.call(BoxBody.class, "GET", Paths.box(idOrName), null);
      return Optional.of(box(found.boxId()));
    } catch (NotFoundException e) {
      return Optional.empty();
    }
  }

  private RemoteBox box(String id) {
    return new RemoteBox(caller, sessions, id);
  }

  /// Opens the streams of a box's main command, as [Box#attach()] does, and may tie the box to
  /// them.
  ///
  /// @param boxId id of the box
  /// @param stopOnDetach whether the server stops the box when this connection ends before the main
  ///   command has
  /// @return the main command's execution
  /// @throws io.boxlite.api.InvalidStateException if the box is stopped or failed, or somebody is
  ///   attached
  public Execution attach(String boxId, boolean stopOnDetach) {
    return box(boxId).attach(stopOnDetach);
  }

  /// Starts a box, as [Box#start()] does, and tells what it was then. A box that removes itself
  /// when it stops may be gone a moment later.
  ///
  /// @param boxId id of the box
  /// @return what it was when it had started
  public BoxInfo start(String boxId) {
    return box(boxId).started();
  }

  @Override
  public List<BoxInfo> list() {
    List<BoxInfo> boxes = new ArrayList<>();
    for (BoxBody body : caller.call(BoxListBody.class, "GET", Paths.BOXES, null).boxes()) {
      boxes.add(BoxMapping.toInfo(body));
    }
    return List.copyOf(boxes);
  }

  /// {@return the supervisor as a server of others}
  ///
  /// @throws ConfigException if it is not one of this machine
  public RemoteServer server() {
    if (caller.connections().target() instanceof RestTarget.UnixSocket) {
      return new RemoteServer(caller);
    }
    throw new ConfigException(
        "server_is_remote",
        "this is done on the machine of the server, not through " + caller.connections().target());
  }

  /// {@return who this program is to the server}
  public Principal principal() {
    PrincipalBody body = caller.call(PrincipalBody.class, "GET", Paths.ME, null);
    return new Principal(
        body.sub(),
        body.principalType(),
        body.scopes(),
        Optional.ofNullable(body.email()),
        Optional.ofNullable(body.displayName()),
        Optional.ofNullable(body.pathPrefix()),
        Optional.ofNullable(body.expiresAt()));
  }

  @Override
  public Images images() {
    return images;
  }

  @Override
  public Volumes volumes() {
    return new RemoteVolumes(caller);
  }

  @Override
  public Templates templates() {
    return new RemoteTemplates(caller);
  }

  @Override
  public DiskUsage diskUsage() {
    return ImageMapping.toUsage(caller.call(DiskUsageBody.class, "GET", Paths.DISK_USAGE, null));
  }

  @Override
  public RuntimeInfo info() {
    return BoxMapping.toInfo(caller.call(InfoBody.class, "GET", Paths.INFO, null));
  }

  @Override
  public RuntimeMetrics metrics() {
    return BoxMapping.toMetrics(caller.call(MetricsBody.class, "GET", Paths.METRICS, null));
  }

  @Override
  public void close() {
    sessions.close();
    caller.connections().close();
  }
}
