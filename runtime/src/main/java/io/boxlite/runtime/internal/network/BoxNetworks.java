package io.boxlite.runtime.internal.network;

import io.boxlite.api.AlreadyExistsException;
import io.boxlite.api.BoxliteException;
import io.boxlite.api.NetworkException;
import io.boxlite.api.NetworkOptions;
import io.boxlite.api.PortMapping;
import io.boxlite.api.PublishedPort;
import io.boxlite.api.internal.SocketPaths;
import io.boxlite.network.Egress;
import io.boxlite.network.EgressLog;
import io.boxlite.network.EgressPolicy;
import io.boxlite.network.EgressRules;
import io.boxlite.network.Names;
import io.boxlite.runtime.RuntimeOptions;
import io.boxlite.runtime.internal.layout.BoxLayout;
import io.boxlite.runtime.internal.vm.HelperProcess;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;

/// The networks of a runtime's boxes (docs/network.md). Thread-safe.
public final class BoxNetworks {
  /// Of the guest's network card: what the VM driver gives it.
  private static final int MTU = 65520;

  private static final String ANY = "0.0.0.0";

  private final RuntimeOptions options;
  private final SocketPaths sockets;
  private final Names names;

  /// The boxes that ports of the host lead into.
  private final Map<PublishedPort, String> holders = new ConcurrentHashMap<>();

  /// @param options of the runtime
  public BoxNetworks(RuntimeOptions options) {
    this.options = options;
    this.names = options.resolvers().isEmpty() ? Names.ofHost() : Names.of(options.resolvers());
    this.sockets = new SocketPaths(options.temporaryDirectory());
  }

  /// Starts the process of a box's network, in the background.
  ///
  /// @param network what the box has
  /// @param files of the box
  /// @return it, to be closed by the caller; empty when the box has none
  public Optional<HelperProcess> start(NetworkOptions network, BoxLayout files) {
    if (!network.enabled()) {
      return Optional.empty();
    }
    // Until this program has said what holds.
    boolean open = policy(network).isUnrestricted();
    return Optional.of(
        HelperProcess.open(
            "network",
            options.networkServer(),
            Map.of(
                "control",
                control(files).toString(),
                "default",
                open ? "allow" : "deny",
                "mtu",
                MTU),
            files.networkLog()));
  }

  /// Begins to decide for a box, and leads ports into it.
  ///
  /// @param id of the box
  /// @param network what the box has
  /// @param files of the box
  /// @return its network, to be closed by the caller
  /// @throws NetworkException if its process is gone, or a port is taken by another program
  /// @throws AlreadyExistsException if a port leads into another box
  public BoxNet open(String id, NetworkOptions network, BoxLayout files) {
    BoxNet net = connect(id, network, files);
    try {
      if (network.bytesPerSecond() > 0 || network.connections() > 0) {
        net.egress().limit(network.bytesPerSecond(), network.connections());
      }
      for (PortMapping port : network.ports()) {
        publish(net, port);
      }
      return net;
    } catch (RuntimeException e) {
      net.close();
      throw e;
    }
  }

  /// Goes on deciding for a box where an earlier supervisor ended.
  ///
  /// @param id of the box
  /// @param network what the box has
  /// @param files of the box
  /// @return its network, to be closed by the caller; one that is gone when its process is
  public BoxNet adopt(String id, NetworkOptions network, BoxLayout files) {
    if (!network.enabled()) {
      return BoxNet.NONE;
    }
    try {
      BoxNet net = connect(id, network, files);
      net.egress().ports().forEach(port -> hold(net, port));
      return net;
    } catch (BoxliteException e) {
      return BoxNet.gone(e.getMessage());
    }
  }

  private BoxNet connect(String id, NetworkOptions network, BoxLayout files) {
    EgressLog log = EgressLog.open(files.egressLog(), id);
    try {
      EgressRules rules = new EgressRules(policy(network), names);
      return new BoxNet(
          id, Egress.connect(control(files), rules, Optional.empty(), log), log, holders);
    } catch (RuntimeException e) {
      log.close();
      throw e;
    }
  }

  private void publish(BoxNet net, PortMapping port) {
    try {
      hold(net, net.egress().publish(port, options.publishIp()));
    } catch (NetworkException e) {
      String ip = port.hostIp().orElse(options.publishIp());
      for (Map.Entry<PublishedPort, String> held : holders.entrySet()) {
        PublishedPort other = held.getKey();
        boolean overlaps =
            ip.equals(other.hostIp()) || ANY.equals(ip) || ANY.equals(other.hostIp());
        if (overlaps
            && other.hostPort() == port.hostPort()
            && other.protocol() == port.protocol()) {
          throw new AlreadyExistsException(
              "port_taken",
              "port "
                  + ip
                  + ":"
                  + port.hostPort()
                  + "/"
                  + port.protocol().wireName()
                  + " of the host leads into box "
                  + held.getValue()
                  + "; choose another or stop that box",
              e,
              Map.of("box", held.getValue()));
        }
      }
      throw e;
    }
  }

  private void hold(BoxNet net, PublishedPort port) {
    holders.put(port, net.id());
    net.ports().add(port);
  }

  /// {@return the rules of a box}
  ///
  /// @param network what the box has
  /// @throws io.boxlite.api.ConfigException if one cannot be read
  public static EgressPolicy policy(NetworkOptions network) {
    return EgressPolicy.of(network.allowNet(), network.denyNet());
  }

  private Path control(BoxLayout files) {
    return sockets.reachable(files.networkControl());
  }
}
