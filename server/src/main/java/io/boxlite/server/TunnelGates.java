package io.boxlite.server;

import io.boxlite.api.Box;
import io.boxlite.api.Boxlite;
import io.boxlite.api.NetworkException;
import io.boxlite.api.NotFoundException;
import io.boxlite.api.Tunnel;
import java.io.IOException;
import java.net.InetAddress;
import java.security.SecureRandom;
import java.util.Base64;
import java.util.HashMap;
import java.util.Map;

/// The [TunnelGate]s of a server, one for each port of a box that somebody asked a way to.
/// Thread-safe.
final class TunnelGates implements AutoCloseable {
  private static final int MOST = 256;
  private static final int TOKEN_BYTES = 18;

  private record Key(String box, int port, InetAddress local) {}

  private final Boxlite boxlite;
  private final SecureRandom random = new SecureRandom();
  private final Map<Key, TunnelGate> gates = new HashMap<>();
  private boolean closed;

  TunnelGates(Boxlite boxlite) {
    this.boxlite = boxlite;
  }

  /// {@return the way to a port of a box: the same one as long as it is used}
  ///
  /// @param local the address of this machine that the client has reached
  /// @throws NetworkException if no port can be had for it, or there are too many
  synchronized TunnelGate get(Box box, int port, InetAddress local) {
    gates.values().removeIf(TunnelGate::isClosed);
    Key key = new Key(box.id(), port, local);
    TunnelGate known = gates.get(key);
    if (known != null) {
      return known;
    }
    if (closed || gates.size() >= MOST) {
      throw new NetworkException(
          "too_many_tunnels", MOST + " ports of boxes have a way in already; try again later");
    }
    byte[] token = new byte[TOKEN_BYTES];
    random.nextBytes(token);
    String id = box.id();
    try {
      TunnelGate gate =
          new TunnelGate(
              local,
              Base64.getUrlEncoder().withoutPadding().encodeToString(token),
              () -> tunnel(id, port));
      gates.put(key, gate);
      return gate;
    } catch (IOException e) {
      throw new NetworkException(
          "no_port", "no port of " + local + " can be had: " + e.getMessage(), e, Map.of());
    }
  }

  private Tunnel tunnel(String box, int port) {
    return boxlite
        .get(box)
        .orElseThrow(() -> new NotFoundException("box_not_found", "box not found: " + box))
        .network()
        .tunnel(port);
  }

  @Override
  public synchronized void close() {
    closed = true;
    gates.values().forEach(TunnelGate::close);
    gates.clear();
  }
}
