package io.boxlite.image.internal.registry;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.boxlite.api.ConfigException;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Proxy;
import java.net.ProxySelector;
import java.net.SocketAddress;
import java.net.URI;
import java.net.URISyntaxException;
import java.net.URLDecoder;
import java.util.Base64;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/// The proxies of the environment: `HTTP_PROXY`, `HTTPS_PROXY`, `NO_PROXY`, upper or lower case.
/// Loopback is never proxied. Immutable.
final class Proxies extends ProxySelector {
  private record Server(String host, int port, Optional<String> authorization) {}

  private static final String TUNNEL_SCHEMES = "jdk.http.auth.tunneling.disabledSchemes";

  private final Optional<Server> http;
  private final Optional<Server> https;
  private final List<String> exceptions;

  /// Reads the environment.
  ///
  /// @throws ConfigException if a proxy is malformed; names the variable, not its value
  Proxies(Map<String, String> environment) {
    http = server(environment, "HTTP_PROXY");
    https = server(environment, "HTTPS_PROXY");
    exceptions =
        List.of(value(environment, "NO_PROXY").toLowerCase(Locale.ROOT).split("[,\\s]+", -1));
    if (https.isPresent()
        && https.get().authorization.isPresent()
        && System.getProperty(TUNNEL_SCHEMES) == null) {
      // HttpClient does not send names and passwords to a proxy that tunnels unless it is told so,
      // and only listens before its first use.
      System.setProperty(TUNNEL_SCHEMES, "");
    }
  }

  private static String value(Map<String, String> environment, String name) {
    String value = environment.getOrDefault(name, "");
    return (value.isEmpty() ? environment.getOrDefault(name.toLowerCase(Locale.ROOT), "") : value)
        .strip();
  }

  private static Optional<Server> server(Map<String, String> environment, String name) {
    String value = value(environment, name);
    if (value.isEmpty()) {
      return Optional.empty();
    }
    try {
      URI uri = new URI(value.contains("://") ? value : "http://" + value);
      if ("http".equalsIgnoreCase(uri.getScheme()) && uri.getHost() != null) {
        return Optional.of(
            new Server(
                Addresses.host(uri),
                uri.getPort() < 0 ? 80 : uri.getPort(),
                Optional.ofNullable(uri.getRawUserInfo()).map(Proxies::authorization)));
      }
    } catch (URISyntaxException | IllegalArgumentException e) {
      // Falls through: its message would show the password.
    }
    throw new ConfigException(
        "invalid_proxy", name + " must be http://[user:password@]host[:port]: check its value");
  }

  private static String authorization(String userInfo) {
    int colon = userInfo.indexOf(':');
    String user = colon < 0 ? userInfo : userInfo.substring(0, colon);
    String password = colon < 0 ? "" : userInfo.substring(colon + 1);
    String text = decoded(user) + ":" + decoded(password);
    return "Basic " + Base64.getEncoder().encodeToString(text.getBytes(UTF_8));
  }

  private static String decoded(String text) {
    return URLDecoder.decode(text.replace("+", "%2B"), UTF_8);
  }

  private Optional<Server> serverFor(URI uri) {
    boolean secure = "https".equals(uri.getScheme());
    Optional<Server> server = secure ? https : http;
    String host = Addresses.host(uri);
    if (server.isEmpty() || Addresses.isLoopback(host)) {
      return Optional.empty();
    }
    int port = uri.getPort() < 0 ? (secure ? 443 : 80) : uri.getPort();
    return exceptions.stream().anyMatch(rule -> matches(rule, host, port))
        ? Optional.empty()
        : server;
  }

  private static boolean matches(String rule, String host, int port) {
    if (rule.isEmpty() || rule.equals("*")) {
      return !rule.isEmpty();
    }
    Optional<InetAddress> address = Addresses.literal(host);
    if (rule.contains("/")) {
      return address.isPresent() && inNetwork(address.get(), rule);
    }
    String name = rule;
    int colon = rule.lastIndexOf(':');
    if (colon > 0 && (rule.indexOf(':') == colon || rule.startsWith("["))) {
      if (rule.charAt(colon - 1) == ']' || rule.indexOf(':') == colon) {
        if (!rule.substring(colon + 1).equals(Integer.toString(port))) {
          return false;
        }
        name = rule.substring(0, colon);
      }
    }
    name = Addresses.unbracketed(name);
    Optional<InetAddress> literal = Addresses.literal(name);
    if (literal.isPresent()) {
      return literal.equals(address);
    }
    if (name.startsWith("*.")) {
      name = name.substring(1);
    }
    return name.startsWith(".")
        ? host.endsWith(name)
        : host.equals(name) || host.endsWith("." + name);
  }

  private static boolean inNetwork(InetAddress address, String cidr) {
    int slash = cidr.indexOf('/');
    Optional<InetAddress> network =
        Addresses.literal(Addresses.unbracketed(cidr.substring(0, slash)));
    int bits;
    try {
      bits = Integer.parseInt(cidr.substring(slash + 1));
    } catch (NumberFormatException e) {
      return false;
    }
    byte[] one = address.getAddress();
    byte[] other = network.map(InetAddress::getAddress).orElse(new byte[0]);
    if (one.length != other.length || bits < 0 || bits > one.length * 8) {
      return false;
    }
    for (int bit = 0; bit < bits; bit++) {
      int mask = 0x80 >> bit % 8;
      if ((one[bit / 8] & mask) != (other[bit / 8] & mask)) {
        return false;
      }
    }
    return true;
  }

  /// {@return whether a proxy is asked for this}
  boolean isProxied(URI uri) {
    return serverFor(uri).isPresent();
  }

  /// {@return the value of `Proxy-Authorization` for this; HttpClient sends it to the proxy alone}
  Optional<String> authorization(URI uri) {
    return serverFor(uri).flatMap(Server::authorization);
  }

  @Override
  public List<Proxy> select(URI uri) {
    return List.of(
        serverFor(uri)
            .map(server ->
                new Proxy(Proxy.Type.HTTP, new InetSocketAddress(server.host, server.port)))
            .orElse(Proxy.NO_PROXY));
  }

  @Override
  public void connectFailed(URI uri, SocketAddress proxy, IOException failure) {
    // The request fails with it.
  }
}
