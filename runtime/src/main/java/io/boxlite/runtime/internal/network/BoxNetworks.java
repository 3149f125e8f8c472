package io.boxlite.runtime.internal.network;

import io.boxlite.api.AlreadyExistsException;
import io.boxlite.api.BoxliteException;
import io.boxlite.api.NetworkException;
import io.boxlite.api.NetworkOptions;
import io.boxlite.api.PortMapping;
import io.boxlite.api.PublishedPort;
import io.boxlite.api.Secret;
import io.boxlite.api.internal.SocketPaths;
import io.boxlite.network.BoxAuthority;
import io.boxlite.network.Egress;
import io.boxlite.network.EgressLog;
import io.boxlite.network.EgressPolicy;
import io.boxlite.network.EgressRules;
import io.boxlite.network.Names;
import io.boxlite.network.SecretProxy;
import io.boxlite.network.SecretVault;
import io.boxlite.runtime.RuntimeOptions;
import io.boxlite.runtime.internal.layout.BoxLayout;
import io.boxlite.runtime.internal.layout.HomeLayout;
import io.boxlite.runtime.internal.state.BoxRecord;
import io.boxlite.runtime.internal.vm.HelperProcess;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;

/// The networks of a runtime's boxes (docs/network.md). Thread-safe.
public final class BoxNetworks {
  /// Of the guest's network card: what the VM driver gives it.
  private static final int MTU = 65520;

  private static final System.Logger LOG = System.getLogger("io.boxlite.runtime");
  private static final String ANY = "0.0.0.0";

  private final RuntimeOptions options;
  private final SocketPaths sockets;
  private final Names names;
  private final SecretStore secrets;

  /// The boxes that ports of the host lead into.
  private final Map<PublishedPort, String> holders = new ConcurrentHashMap<>();

  /// @param options of the runtime
  /// @param layout of its home
  public BoxNetworks(RuntimeOptions options, HomeLayout layout) {
    this.options = options;
    this.secrets = new SecretStore(layout, options.secretKey());
    this.names = options.resolvers().isEmpty() ? Names.ofHost() : Names.of(options.resolvers());
    this.sockets = new SocketPaths(options.temporaryDirectory());
  }

  /// {@return the secrets of a new box, sealed; empty when it has none}
  ///
  /// @param box its record, with their values
  /// @throws io.boxlite.api.ConfigException if one has no value
  public Optional<byte[]> seal(BoxRecord box) {
    List<Secret> all = box.options().network().secrets();
    return all.isEmpty() ? Optional.empty() : Optional.of(secrets.seal(box.id(), all));
  }

  /// {@return the network of a box that does not run, with the values of its secrets}
  ///
  /// @param box its record
  /// @param files of the box
  public NetworkOptions withSecretValues(BoxRecord box, BoxLayout files) {
    NetworkOptions network = box.options().network();
    return network.secrets().isEmpty()
        ? network
        : network.withSecrets(secrets.open(box.id(), files));
  }

  /// Starts the process of a box's network, in the background. [StartingNetwork#connect] begins to
  /// decide for the box, and leads ports into it. It throws [NetworkException] if the process is
  /// gone, or a port is taken by another program, and [AlreadyExistsException] if a port leads into
  /// another box.
  ///
  /// @param id of the box
  /// @param network what the box has
  /// @param files of the box
  /// @return it, to be closed by the caller
  public StartingNetwork start(String id, NetworkOptions network, BoxLayout files) {
    if (!network.enabled()) {
      return StartingNetwork.NONE;
    }
    // Until this program has said what holds.
    boolean open = policy(network).isUnrestricted() && network.secrets().isEmpty();
    HelperProcess process =
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
            files.networkLog());
    return StartingNetwork.of(
        process,
        () -> intercept(id, network, files, BoxAuthority::open),
        interception -> open(id, network, files, interception));
  }

  private interface AuthorityOpener {
    BoxAuthority open(Path file, String id, SecretVault vault);
  }

  private Interception intercept(
      String id, NetworkOptions network, BoxLayout files, AuthorityOpener opener) {
    EgressRules rules = new EgressRules(policy(network), names);
    Path socket = sockets.reachable(files.networkProxy());
    if (!network.secrets().isEmpty()) {
      List<Secret> all = secrets.open(id, files);
      BoxAuthority authority = opener.open(files.authority(), id, secrets.vault());
      SecretProxy proxy = SecretProxy.open(socket, authority, all, rules, options.certificates());
      String common = BoxAuthority.commonPem(options.certificates());
      return new Interception(
          rules, Optional.of(proxy), Optional.of(new GuestTrust(authority.pem(), common)));
    }
    return new Interception(
        rules,
        rules.policy().namesHosts()
            ? Optional.of(SecretProxy.checking(socket, rules))
            : Optional.empty(),
        Optional.empty());
  }

  private BoxNet open(
      String id, NetworkOptions network, BoxLayout files, Interception interception) {
    BoxNet net = connect(id, files, interception);
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
      BoxNet net = connect(id, files, intercept(id, network, files, BoxAuthority::reopen));
      net.egress().ports().forEach(port -> hold(net, port));
      publishAsStored(net, network.ports());
      return net;
    } catch (BoxliteException e) {
      return BoxNet.gone(e.getMessage());
    }
  }

  /// The supervisor before may have ended in the midst of a change of ports.
  private void publishAsStored(BoxNet net, List<PortMapping> mappings) {
    List<PublishedPort> surplus = new ArrayList<>(net.ports());
    List<PortMapping> missing = new ArrayList<>();
    for (PortMapping mapping : mappings) {
      surplus.stream()
          .filter(port -> NetworkChanges.isOf(mapping, port, options.publishIp()))
          .findFirst()
          .ifPresentOrElse(surplus::remove, () -> missing.add(mapping));
    }
    surplus.forEach(port -> unpublish(net, port));
    for (PortMapping mapping : missing) {
      try {
        publish(net, mapping);
      } catch (BoxliteException e) {
        LOG.log(System.Logger.Level.WARNING, "box {0}: {1}", net.id(), e.getMessage());
      }
    }
  }

  /// Changes what a running box may reach. Does nothing when its network is gone.
  ///
  /// @param net of its run
  /// @param network what the box has from now on
  /// @param files of the box
  /// @throws NetworkException if its process does not answer
  public void change(BoxNet net, NetworkOptions network, BoxLayout files) {
    net.change(policy(network), sockets.reachable(files.networkProxy()));
  }

  /// Opens a connection to a port of a running box.
  ///
  /// @param files of the box
  /// @param port which
  /// @return the connection, to be closed by the caller
  /// @throws NetworkException if nothing listens there, or its network is gone
  public SocketChannel tunnel(BoxLayout files, int port) {
    return Egress.tunnel(control(files), port);
  }

  private BoxNet connect(String id, BoxLayout files, Interception interception) {
    try {
      EgressLog log = EgressLog.open(files.egressLog(), id);
      try {
        Egress egress =
            Egress.connect(
                control(files),
                interception.rules(),
                interception.proxy().map(proxy -> proxy),
                log);
        return new BoxNet(id, egress, log, interception, holders);
      } catch (RuntimeException e) {
        log.close();
        throw e;
      }
    } catch (RuntimeException e) {
      interception.close();
      throw e;
    }
  }

  /// Leads a port of the host into a running box.
  ///
  /// @param net of its run, which must be open
  /// @param port which
  /// @return the port as it is
  /// @throws NetworkException if another program has it
  /// @throws AlreadyExistsException if it leads into a box
  public PublishedPort publish(BoxNet net, PortMapping port) {
    try {
      PublishedPort published = net.egress().publish(port, options.publishIp());
      hold(net, published);
      return published;
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

  /// {@return what a mapping comes to while the box does not run}
  ///
  /// @param port the mapping
  public PublishedPort resting(PortMapping port) {
    return new PublishedPort(
        port.guestPort(),
        port.hostIp().orElse(options.publishIp()),
        port.hostPort(),
        port.protocol());
  }

  /// {@return whether a port of the host is what a mapping asks for}
  ///
  /// @param mapping of a box
  /// @param port that leads into it
  public boolean isOf(PortMapping mapping, PublishedPort port) {
    return NetworkChanges.isOf(mapping, port, options.publishIp());
  }

  /// Ends what [#publish] began.
  ///
  /// @param net of the run, which must be open
  /// @param port which
  /// @throws NetworkException if its process does not answer
  public void unpublish(BoxNet net, PublishedPort port) {
    net.egress().unpublish(port);
    net.ports().remove(port);
    holders.remove(port, net.id());
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
