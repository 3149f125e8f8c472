package io.boxlite.image.internal.registry;

import io.boxlite.api.ImageRegistry;
import java.io.EOFException;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.net.ConnectException;
import java.net.HttpURLConnection;
import java.net.InetSocketAddress;
import java.net.ProtocolException;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.net.URI;
import java.net.URISyntaxException;
import java.net.http.HttpRequest;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;
import javax.net.ssl.SSLHandshakeException;
import javax.net.ssl.SSLProtocolException;
import javax.net.ssl.SSLSocket;

/// One host of a registry: where it is, by which scheme, and what it may send us to. Thread-safe.
final class Endpoint {
  static final String DOCKER_HUB = "docker.io";
  private static final String DOCKER_HUB_HOST = "registry-1.docker.io";
  private static final int MAX_REDIRECTS = 5;
  private static final int MAX_PORT = 65_535;
  private static final int PROBE_MILLIS = 5000;

  private enum Scheme {
    UNKNOWN,
    HTTP,
    HTTPS
  }

  private final ImageRegistry entry;
  private final Supplier<Transport> secure;
  private final Supplier<Transport> plain;
  private final Proxies proxies;
  private final String host;
  private final ReentrantLock probing = new ReentrantLock();
  private volatile Scheme scheme;

  /// @param entry of the host
  /// @param secure what speaks TLS with it
  /// @param plain what speaks http
  Endpoint(
      ImageRegistry entry, Supplier<Transport> secure, Supplier<Transport> plain, Proxies proxies) {
    this.entry = entry;
    this.secure = secure;
    this.plain = plain;
    this.proxies = proxies;
    host = isDockerHub(entry.host()) ? DOCKER_HUB_HOST : entry.host().toLowerCase(Locale.ROOT);
    scheme =
        entry.plainHttp()
            ? Scheme.HTTP
            : Addresses.isLoopback(Addresses.host(URI.create("https://" + host)))
                ? Scheme.UNKNOWN
                : Scheme.HTTPS;
  }

  static boolean isDockerHub(String host) {
    return host.equalsIgnoreCase(DOCKER_HUB)
        || host.equalsIgnoreCase("index.docker.io")
        || host.equalsIgnoreCase(DOCKER_HUB_HOST);
  }

  /// {@return the host as image references have it}
  String name() {
    return isDockerHub(host) ? DOCKER_HUB : host;
  }

  ImageRegistry entry() {
    return entry;
  }

  /// {@return the root of its API; asks a registry on loopback whether it speaks TLS}
  URI base() throws IOException {
    if (scheme == Scheme.UNKNOWN) {
      probing.lock();
      try {
        if (scheme == Scheme.UNKNOWN) {
          scheme = speaksTls() ? Scheme.HTTPS : Scheme.HTTP;
        }
      } finally {
        probing.unlock();
      }
    }
    return URI.create((scheme == Scheme.HTTP ? "http://" : "https://") + host + "/v2/");
  }

  // Asks for no more than a handshake, believing nobody: a certificate that it shows is enough.
  private boolean speaksTls() throws IOException {
    URI uri = URI.create("https://" + host);
    int port = uri.getPort() < 0 ? 443 : uri.getPort();
    if (port > MAX_PORT) {
      return true; // the request says what is wrong
    }
    try (Socket socket = new Socket()) {
      socket.connect(new InetSocketAddress(Addresses.host(uri), port), PROBE_MILLIS);
      socket.setSoTimeout(PROBE_MILLIS);
      try (SSLSocket tls =
          (SSLSocket)
              Trust.nobody().getSocketFactory().createSocket(socket, uri.getHost(), port, true)) {
        tls.startHandshake();
        return true;
      } catch (SSLHandshakeException e) {
        return !(e.getCause() instanceof EOFException);
      } catch (SSLProtocolException e) {
        return true;
      } catch (IOException e) {
        if (Thread.currentThread().isInterrupted()) {
          throw (IOException) new InterruptedIOException("interrupted").initCause(e);
        }
        return false;
      }
    } catch (ConnectException | SocketTimeoutException e) {
      if (uri.getPort() < 0) {
        return false; // nothing at 443; port 80 remains
      }
      throw e;
    }
  }

  /// Sends a request, and follows where the registry sends it.
  ///
  /// @param authorization for the host of the request; no other host gets it
  /// @throws ProtocolException if it is sent where it must not go
  /// @throws IOException if there is no proper answer
  Answer send(Outgoing request, Optional<String> authorization) throws IOException {
    URI first = request.uri();
    Outgoing next = request;
    for (int redirects = 0; ; redirects++) {
      Optional<String> login = isSameHost(first, next.uri()) ? authorization : Optional.empty();
      Answer answer = sendOnce(next, login);
      Optional<String> location = answer.header("Location");
      if (!isRedirection(answer.status()) || !request.isSafe() || location.isEmpty()) {
        return answer;
      }
      answer.discard();
      if (redirects == MAX_REDIRECTS) {
        throw new ProtocolException("more than " + MAX_REDIRECTS + " redirections");
      }
      next = next.to(target(next.uri(), location.get()));
    }
  }

  private Answer sendOnce(Outgoing request, Optional<String> authorization) throws IOException {
    if (request.uri().getPort() > MAX_PORT) {
      throw new ProtocolException("no port has the number " + request.uri().getPort());
    }
    HttpRequest.Builder builder = HttpRequest.newBuilder(request.uri());
    request.headers().forEach(builder::setHeader);
    authorization.ifPresent(value -> builder.setHeader("Authorization", value));
    proxies
        .authorization(request.uri())
        .ifPresent(value -> builder.setHeader("Proxy-Authorization", value));
    builder.method(request.method(), request.body());
    Transport transport = (request.uri().getScheme().equals("https") ? secure : plain).get();
    return transport.send(builder.build(), request.sending());
  }

  private static boolean isRedirection(int status) {
    return status == HttpURLConnection.HTTP_MOVED_PERM
        || status == HttpURLConnection.HTTP_MOVED_TEMP
        || status == HttpURLConnection.HTTP_SEE_OTHER
        || status == 307
        || status == 308;
  }

  static boolean isSameHost(URI one, URI other) {
    return one.getScheme().equals(other.getScheme())
        && Addresses.host(one).equals(Addresses.host(other))
        && port(one) == port(other);
  }

  private static int port(URI uri) {
    return uri.getPort() >= 0 ? uri.getPort() : uri.getScheme().equals("https") ? 443 : 80;
  }

  /// Reads a URL that the registry names, and checks whether we go there.
  ///
  /// @param from what it is relative to
  /// @param location as it was sent
  /// @throws ProtocolException if it is malformed, leads from https to http, or from elsewhere to
  ///   this machine or its link
  URI target(URI from, String location) throws IOException {
    URI to;
    try {
      to = from.resolve(new URI(escaped(location.strip())));
    } catch (URISyntaxException | IllegalArgumentException e) {
      throw (IOException)
          new ProtocolException("it sends us to a malformed URL: " + Errors.clean(location))
              .initCause(e);
    }
    String targetScheme = to.getScheme() == null ? "" : to.getScheme().toLowerCase(Locale.ROOT);
    if (!(targetScheme.equals("https") || targetScheme.equals("http")) || to.getHost() == null) {
      throw new ProtocolException("it sends us to no http URL: " + Errors.clean(location));
    }
    if (from.getScheme().equals("https") && targetScheme.equals("http")) {
      throw new ProtocolException("it sends us from https to http: " + to.getHost());
    }
    if (!isSameHost(from, to) && isLocal(to) && !isLocal(base())) {
      throw new ProtocolException("it sends us to an address of this machine: " + to.getHost());
    }
    return to;
  }

  private boolean isLocal(URI uri) {
    return Addresses.isLocal(Addresses.host(uri), !proxies.isProxied(uri));
  }

  // Some storage servers send characters that a URI may not have.
  private static String escaped(String location) {
    StringBuilder escaped = new StringBuilder(location.length());
    for (int i = 0; i < location.length(); i++) {
      char c = location.charAt(i);
      if (" \"<>\\^`{|}".indexOf(c) >= 0) {
        escaped.append('%').append(String.format(Locale.ROOT, "%02X", (int) c));
      } else {
        escaped.append(c);
      }
    }
    return escaped.toString();
  }
}
