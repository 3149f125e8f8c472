package io.boxlite.runtime.internal.network;

import io.boxlite.api.BoxliteException;
import io.boxlite.api.NetworkException;
import io.boxlite.api.NetworkInfo;
import io.boxlite.api.NetworkMetrics;
import io.boxlite.api.NetworkOptions;
import io.boxlite.api.PublishedPort;
import io.boxlite.network.Egress;
import io.boxlite.network.EgressFigures;
import io.boxlite.network.EgressLog;
import io.boxlite.network.EgressPolicy;
import io.boxlite.network.SecretProxy;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import org.jspecify.annotations.Nullable;

/// The network of one run of a box. Thread-safe.
public final class BoxNet implements AutoCloseable {
  /// Of a box that has none.
  static final BoxNet NONE = new BoxNet("", null, null, null, Map.of(), Optional.empty());

  private final String id;
  private final @Nullable Egress egress;
  private final @Nullable EgressLog log;
  private final @Nullable Interception interception;
  private final Map<PublishedPort, String> holders;
  private final List<PublishedPort> ports = new CopyOnWriteArrayList<>();
  private volatile Optional<String> problem;
  private @Nullable SecretProxy checking; // since the first rule about names; guarded by this

  private BoxNet(
      String id,
      @Nullable Egress egress,
      @Nullable EgressLog log,
      @Nullable Interception interception,
      Map<PublishedPort, String> holders,
      Optional<String> problem) {
    this.id = id;
    this.egress = egress;
    this.log = log;
    this.interception = interception;
    this.holders = holders;
    this.problem = problem;
  }

  /// @param id of the box
  /// @param egress owned from here on
  /// @param log owned from here on
  /// @param interception owned from here on
  /// @param holders of ports, all boxes'
  BoxNet(
      String id,
      Egress egress,
      EgressLog log,
      Interception interception,
      Map<PublishedPort, String> holders) {
    this(id, egress, log, interception, holders, Optional.empty());
    var _ =
        egress
            .closed()
            .thenAccept(why -> lost("its process has ended" + (why.isEmpty() ? "" : ": " + why)));
  }

  /// {@return that of a box whose network is gone for good}
  ///
  /// @param why for the user
  static BoxNet gone(@Nullable String why) {
    return new BoxNet("", null, null, null, Map.of(), Optional.of(String.valueOf(why)));
  }

  /// Changes what the box may reach. Does nothing when its network is gone.
  ///
  /// @param policy what holds from now on
  /// @param socket where a proxy may listen
  /// @throws NetworkException if its process does not answer
  synchronized void change(EgressPolicy policy, Path socket) {
    if (egress == null || interception == null || problem.isPresent()) {
      return;
    }
    if (policy.namesHosts() && interception.proxy().isEmpty() && checking == null) {
      checking = SecretProxy.checking(socket, interception.rules());
      egress.useProxy(checking);
    }
    egress.change(policy);
  }

  /// {@return whether ports can lead into it}
  public boolean isOpen() {
    return egress != null && problem.isEmpty();
  }

  private void lost(String why) {
    problem = Optional.of("the box has no network until it is started again: " + why);
    letGo();
  }

  private void letGo() {
    ports.forEach(port -> holders.remove(port, id));
    ports.clear();
  }

  String id() {
    return id;
  }

  Egress egress() {
    return java.util.Objects.requireNonNull(egress);
  }

  /// {@return the ports of the host that lead into it}
  public List<PublishedPort> ports() {
    return ports;
  }

  /// {@return what it is now}
  ///
  /// @param network what the box has
  public NetworkInfo info(NetworkOptions network) {
    NetworkInfo resting = NetworkInfo.of(network);
    return new NetworkInfo(
        resting.enabled(),
        resting.allowNet(),
        resting.denyNet(),
        ports,
        resting.secrets(),
        problem);
  }

  /// {@return what it has moved since the box started; empty when that cannot be known}
  public Optional<NetworkMetrics> metrics() {
    Egress open = egress;
    if (open == null || problem.isPresent()) {
      return Optional.empty();
    }
    try {
      EgressFigures figures = open.figures();
      return Optional.of(
          new NetworkMetrics(
              figures.bytesSent(),
              figures.bytesReceived(),
              figures.packetsSent(),
              figures.packetsReceived(),
              figures.tcpConnections(),
              figures.tcpErrors(),
              figures.udpFlows(),
              figures.openFlows(),
              figures.denials(),
              figures.dnsQuestions()));
    } catch (BoxliteException _) {
      return Optional.empty(); // it is just ending
    }
  }

  /// Stops deciding. The network goes on if its VM does.
  @Override
  public void close() {
    letGo();
    if (egress != null) {
      egress.close();
    }
    if (interception != null) {
      interception.close();
    }
    synchronized (this) {
      if (checking != null) {
        checking.close();
      }
    }
    if (log != null) {
      log.close();
    }
  }
}
