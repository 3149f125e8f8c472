package io.boxlite.image.internal.registry;

import io.boxlite.api.ConfigException;
import io.boxlite.api.ImageRegistry;
import io.boxlite.image.ImageReference;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.ReentrantLock;
import java.util.stream.Stream;

/// Reaches registries; one for the life of a store. Thread-safe. Opens no connection and reads no
/// file before it has to.
public final class Registries implements AutoCloseable {
  private static final String HTTP = "http://";
  private static final String HTTPS = "https://";
  private static final int MIRROR_TRIES = 2; // there is somebody else to ask

  private final Map<String, String> environment;
  private final List<ImageRegistry> registries;
  private final Patience patience;
  private final Proxies proxies;
  private final Tokens tokens;
  private final Map<Trust, Transport> secure = new ConcurrentHashMap<>();
  private final ReentrantLock lock = new ReentrantLock();
  private Optional<Transport> plain = Optional.empty();
  private volatile boolean closed;

  /// Makes it from `DOCKER_CONFIG`, `HOME`, `PATH`, `HTTP_PROXY`, `HTTPS_PROXY`, `NO_PROXY` and
  /// `SSL_CERT_FILE` of an environment.
  ///
  /// @param environment the variables
  /// @param registries how registries are reached
  /// @throws ConfigException if a proxy is malformed
  public Registries(Map<String, String> environment, List<ImageRegistry> registries) {
    this(environment, registries, Patience.DEFAULT);
  }

  Registries(Map<String, String> environment, List<ImageRegistry> registries, Patience patience) {
    this.environment = Map.copyOf(environment);
    this.registries = List.copyOf(registries);
    this.patience = patience;
    proxies = new Proxies(environment);
    tokens = new Tokens(patience);
  }

  /// The repository of an image, to pull from. Mirrors of its registry are asked before it.
  ///
  /// @param name of the image
  /// @param first entries that go before those of this
  /// @return the repository; nothing has been asked yet
  public Repository pull(ImageReference name, List<ImageRegistry> first) {
    List<ImageRegistry> entries = entries(first);
    ImageRegistry entry = entry(name.registry(), entries);
    Repository registry = repository(entry, name.path(), "pull", patience);
    if (entry.mirrors().isEmpty()) {
      return registry;
    }
    List<Repository> mirrors = new ArrayList<>();
    for (String mirror : entry.mirrors()) {
      mirrors.add(
          repository(
              mirrorEntry(mirror, entries),
              name.path(),
              "pull",
              patience.withTries(Math.min(MIRROR_TRIES, patience.tries()))));
    }
    return new MirroredRepository(mirrors, registry);
  }

  /// The repository of an image, to push to.
  ///
  /// @param name of the image
  /// @param first entries that go before those of this
  /// @return the repository; nothing has been asked yet
  public Repository push(ImageReference name, List<ImageRegistry> first) {
    return repository(entry(name.registry(), entries(first)), name.path(), "pull,push", patience);
  }

  /// Where a name is looked for: a name without a registry at each with `search`, then at Docker
  /// Hub; any other there where it says.
  ///
  /// @param userText as the user typed it
  /// @param first entries that go before those of this
  /// @return the full names, in this order, at least one
  /// @throws ConfigException if the name is malformed
  public List<ImageReference> candidates(String userText, List<ImageRegistry> first) {
    ImageReference hub = ImageReference.parse(userText);
    int slash = userText.indexOf('/');
    if (!hub.registry().equals(Endpoint.DOCKER_HUB)
        || (slash > 0 && Endpoint.isDockerHub(userText.substring(0, slash)))) {
      return List.of(hub);
    }
    Set<ImageReference> found = new LinkedHashSet<>();
    String path =
        hub.path().startsWith("library/") && !userText.startsWith("library/")
            ? hub.path().substring("library/".length())
            : hub.path();
    for (ImageRegistry entry : entries(first)) {
      if (entry.search()) {
        found.add(
            Endpoint.isDockerHub(entry.host())
                ? hub
                : new ImageReference(entry.host(), path, hub.tag(), hub.digest()));
      }
    }
    found.add(hub);
    return List.copyOf(found);
  }

  private List<ImageRegistry> entries(List<ImageRegistry> first) {
    return Stream.concat(first.stream(), registries.stream()).toList();
  }

  private static ImageRegistry entry(String host, List<ImageRegistry> entries) {
    boolean hub = Endpoint.isDockerHub(host);
    return entries.stream()
        .filter(entry -> entry.isFor(host) || (hub && Endpoint.isDockerHub(entry.host())))
        .findFirst()
        .orElseGet(() -> entry(host, false));
  }

  private static ImageRegistry entry(String host, boolean plainHttp) {
    return new ImageRegistry(
        host, plainHttp, false, false, Optional.empty(), Optional.empty(), List.of());
  }

  private static ImageRegistry mirrorEntry(String mirror, List<ImageRegistry> entries) {
    boolean plainHttp = mirror.startsWith(HTTP);
    String host =
        plainHttp
            ? mirror.substring(HTTP.length())
            : mirror.startsWith(HTTPS) ? mirror.substring(HTTPS.length()) : mirror;
    ImageRegistry known = entry(host, entries);
    return new ImageRegistry(
        host,
        plainHttp || (known.plainHttp() && !mirror.startsWith(HTTPS)),
        known.skipVerify(),
        false,
        known.credentials(),
        known.caFile(),
        List.of());
  }

  private Repository repository(
      ImageRegistry entry, String path, String actions, Patience itsPatience) {
    Trust trust = Trust.of(entry.skipVerify(), entry.caFile(), entry.host());
    Endpoint endpoint = new Endpoint(entry, () -> secure(trust), this::plain, proxies);
    Authenticator authenticator =
        new Authenticator(
            endpoint,
            tokens,
            () -> login(entry, endpoint.name(), path),
            "repository:" + path + ":" + actions);
    return new RemoteRepository(new RegistryCaller(endpoint, path, authenticator, itsPatience));
  }

  private Optional<Login> login(ImageRegistry entry, String host, String path) {
    if (entry.credentials().isPresent()) {
      return Optional.of(
          switch (entry.credentials().get()) {
            case ImageRegistry.Credentials.Basic(String username, String password) ->
                new Login.Password(username, password);
            case ImageRegistry.Credentials.Bearer(String token) -> new Login.Bearer(token);
          });
    }
    return DockerConfig.read(environment).flatMap(config -> config.login(host, path));
  }

  // One for all registries with the same trust: each has a thread and a pool of connections.
  private Transport secure(Trust trust) {
    checkOpen();
    Transport known = secure.get(trust);
    if (known != null) {
      return known;
    }
    lock.lock();
    try {
      checkOpen();
      Transport made = secure.get(trust);
      if (made == null) {
        made = new Transport(trust.context(environment), proxies, patience);
        secure.put(trust, made);
      }
      return made;
    } finally {
      lock.unlock();
    }
  }

  private Transport plain() {
    lock.lock();
    try {
      checkOpen();
      Transport made = plain.orElseGet(() -> new Transport(Trust.nobody(), proxies, patience));
      plain = Optional.of(made);
      return made;
    } finally {
      lock.unlock();
    }
  }

  private void checkOpen() {
    if (closed) {
      throw new io.boxlite.api.InvalidStateException("closed", "the image store is closed");
    }
  }

  /// Ends all transfers: they fail. A second call does nothing.
  @Override
  public void close() {
    lock.lock();
    try {
      closed = true;
      plain.ifPresent(Transport::close);
      secure.values().forEach(Transport::close);
    } finally {
      lock.unlock();
    }
  }
}
