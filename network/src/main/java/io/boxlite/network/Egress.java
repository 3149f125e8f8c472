package io.boxlite.network;

import io.boxlite.api.NetworkException;
import io.boxlite.api.PortMapping;
import io.boxlite.api.PublishedPort;
import java.io.IOException;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;

/// The network of one running box: answers what `boxlite-net` asks about its flows, and tells it
/// what to do. Thread-safe; its methods block until `boxlite-net` has answered, at most 10 s.
///
/// When the process or the connection ends, [#closed] completes; what was published or open is then
/// gone if the process is.
///
/// @since 0.1
public final class Egress implements AutoCloseable {
  private static final int MAX_CUT = 4096;
  private static final int MAX_PAGES = 1024;

  private final EgressRules rules;
  private final FlowDecisions decisions;
  private final EgressAnswers answers;
  private final ControlChannel control;

  private Egress(Path socket, EgressRules rules, EgressLog log) {
    this.rules = rules;
    decisions = new FlowDecisions(rules);
    answers = new EgressAnswers(rules, decisions, log);
    control = ControlChannel.connect(socket, answers);
    answers.answerTo(control);
  }

  /// Connects to a `boxlite-net`. A supervisor that was connected before loses its connection.
  /// Flows that are open and not allowed are ended.
  ///
  /// @param control its socket, at most 106 bytes long
  /// @param rules what the box may reach
  /// @param proxy where connections go that are looked into: for a box with secrets, and for one
  ///   with rules about names, so that each request of plain HTTP is checked and not the first only
  /// @param log where decisions are written; the caller's, who closes it later
  /// @return the connection, to be closed by the caller
  /// @throws NetworkException if the process is gone or does not answer
  public static Egress connect(
      Path control, EgressRules rules, Optional<FlowProxy> proxy, EgressLog log) {
    rules.useProxy(proxy);
    rules.useLog(log);
    Egress egress = new Egress(control, rules, log);
    try {
      egress.adopt();
      egress.apply();
      return egress;
    } catch (RuntimeException e) {
      egress.close();
      throw e;
    }
  }

  /// Opens a connection to a port of the box.
  ///
  /// @param control socket of its `boxlite-net`
  /// @param port which
  /// @return the connection, to be closed by the caller
  /// @throws NetworkException if nothing listens there, or the process is gone
  public static SocketChannel tunnel(Path control, int port) {
    return EgressTunnel.open(control, port);
  }

  /// {@return completes, never exceptionally, when the connection has ended: with why, empty if
  /// either side closed it}
  public CompletableFuture<String> closed() {
    return control.ended();
  }

  /// Changes what the box may reach. Open flows that are not allowed any more end.
  ///
  /// @param policy what holds from now on
  /// @throws NetworkException if the process is gone: the policy holds for what is asked yet
  public void change(EgressPolicy policy) {
    answers.change(policy);
    apply();
  }

  /// Has connections looked into that were not until now.
  ///
  /// @param proxy the caller's, who closes it later than this
  public void useProxy(FlowProxy proxy) {
    rules.useProxy(Optional.of(proxy));
  }

  private void apply() {
    boolean open =
        rules.policy().isUnrestricted() && !rules.proxy().map(FlowProxy::hasSecrets).orElse(false);
    control.execute("default", Map.of("verdict", open ? "allow" : "deny"));
    List<Long> over = new ArrayList<>();
    for (OpenFlow flow : flows()) {
      // What is not decided yet will be decided by the new rules.
      if (!answers.isUndecided(flow.id()) && !decisions.mayGoOn(flow.tag())) {
        over.add(flow.id());
      }
    }
    for (int i = 0; i < over.size(); i += MAX_CUT) {
      control.execute("cut", Map.of("flows", over.subList(i, Math.min(over.size(), i + MAX_CUT))));
    }
  }

  /// What an earlier supervisor let begin keeps its addresses known.
  private void adopt() {
    for (OpenFlow flow : flows()) {
      FlowTag tag = flow.tag();
      if (!tag.name().isEmpty() && rules.onName(tag.name(), tag.port()).isAllowed()) {
        rules.pins().told(tag.name(), tag.address(), Duration.ZERO);
        rules.pins().use(tag.name(), tag.address());
      }
    }
  }

  private record OpenFlow(long id, FlowTag tag) {}

  private List<OpenFlow> flows() {
    List<OpenFlow> flows = new ArrayList<>();
    long after = 0;
    try {
      // As many at once as fit into a line.
      for (int page = 0; page < MAX_PAGES; page++) {
        List<?> some = control.execute("flows", Map.of("after", after)).list("flows");
        long last = after;
        for (Object one : some) {
          ControlFields flow = ControlFields.of(one);
          OpenFlow open = new OpenFlow(flow.id("flow"), tag(flow));
          if (open.id() > after) {
            flows.add(open);
          }
          last = Math.max(last, open.id());
        }
        if (last == after) {
          break;
        }
        after = last;
      }
      return flows;
    } catch (IOException e) {
      throw bad("flows", e);
    }
  }

  private static FlowTag tag(ControlFields flow) throws IOException {
    Optional<FlowTag> tag = FlowTag.parse(flow.textOr("tag", ""));
    // Flows of the default have no tag.
    return tag.isPresent()
        ? tag.get()
        : new FlowTag(flow.text("kind"), flow.address("address"), flow.port("port"), "", "");
  }

  /// Leads a port of the host into the box.
  ///
  /// @param mapping which; host port 0: any that is free
  /// @param defaultIp address of the host to bind to, if the mapping names none
  /// @return the port as it is
  /// @throws NetworkException if the port is taken, with why
  public PublishedPort publish(PortMapping mapping, String defaultIp) {
    String ip = mapping.hostIp().orElse(defaultIp);
    try {
      ControlFields done =
          control.execute(
              "publish",
              Map.of(
                  "protocol", mapping.protocol().wireName(),
                  "host_ip", ip,
                  "host_port", mapping.hostPort(),
                  "port", mapping.guestPort()));
      int port = done.port("host_port");
      return new PublishedPort(mapping.guestPort(), ip, port, mapping.protocol());
    } catch (IOException e) {
      throw bad("publish", e);
    }
  }

  /// Ends what [#publish] began; its open connections end.
  ///
  /// @param port which
  /// @throws NetworkException if it does not lead into the box
  public void unpublish(PublishedPort port) {
    control.execute(
        "unpublish",
        Map.of(
            "protocol", port.protocol().wireName(),
            "host_ip", port.hostIp(),
            "host_port", port.hostPort()));
  }

  /// {@return the ports of the host that lead into the box}
  ///
  /// @throws NetworkException if the process is gone
  public List<PublishedPort> ports() {
    List<PublishedPort> ports = new ArrayList<>();
    try {
      for (Object one : control.execute("ports", Map.of()).list("ports")) {
        ControlFields port = ControlFields.of(one);
        PortMapping.Protocol protocol =
            PortMapping.Protocol.ofWireName(port.text("protocol"))
                .orElseThrow(() -> new IOException("'protocol' is wrong"));
        ports.add(
            new PublishedPort(
                port.port("port"), port.text("host_ip"), port.port("host_port"), protocol));
      }
      return ports;
    } catch (IOException e) {
      throw bad("ports", e);
    }
  }

  /// Limits the box.
  ///
  /// @param bytesPerSecond in each direction; 0: none
  /// @param flows open at once; 0: 4096
  /// @throws NetworkException if the process is gone
  public void limit(long bytesPerSecond, int flows) {
    control.execute("limits", Map.of("bytes_per_second", bytesPerSecond, "flows", flows));
  }

  /// {@return what the network has done so far}
  ///
  /// @throws NetworkException if the process is gone
  public EgressFigures figures() {
    try {
      ControlFields figures =
          ControlFields.of(control.execute("figures", Map.of()).fields().get("figures"));
      return new EgressFigures(
          figures.count("bytes_sent"),
          figures.count("bytes_received"),
          figures.count("packets_sent"),
          figures.count("packets_received"),
          figures.count("tcp_connections"),
          figures.count("tcp_errors"),
          figures.count("udp_flows"),
          figures.count("open_flows"),
          figures.count("denials"),
          figures.count("dns_questions"));
    } catch (IOException e) {
      throw bad("figures", e);
    }
  }

  private NetworkException bad(String command, IOException why) {
    close();
    return new NetworkException(
        "network_" + command,
        command + ": boxlite-net answered what makes no sense: " + why.getMessage(),
        why,
        Map.of());
  }

  /// Ends the connection; the box gets what holds without a supervisor. Does nothing the second
  /// time.
  @Override
  public void close() {
    control.close();
  }
}
