package io.boxlite.cli.command;

import io.boxlite.api.BoxNetwork;
import io.boxlite.api.PortMapping;
import io.boxlite.api.PublishedPort;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParseResult;

/// `network publish` and `network unpublish`: ports of the host that lead into a box.
final class PublishCommand implements Command {
  private static final Pattern PORT = Pattern.compile("(\\d{1,5})(?:/(\\w+))?");

  private final boolean publishes;

  private PublishCommand(boolean publishes) {
    this.publishes = publishes;
  }

  static PublishCommand publish() {
    return new PublishCommand(true);
  }

  static PublishCommand unpublish() {
    return new PublishCommand(false);
  }

  @Override
  public CommandSpec spec() {
    CommandSpec spec =
        Specs.command(
            publishes
                ? "Lead ports of the host into a box, also while it runs"
                : "End what leads ports of the host into a box");
    spec.addPositional(
        Specs.arguments(
            publishes ? "BOX [[IP:]HOST-PORT:]BOX-PORT[/udp]..." : "BOX HOST-PORT[/udp]...",
            "A box, and ports"));
    return spec;
  }

  @Override
  public int run(ParseResult parsed, CliContext context) {
    List<String> arguments = Specs.someArguments(parsed, "BOX");
    List<String> ports = arguments.subList(1, arguments.size());
    if (ports.isEmpty()) {
      throw CliException.usage("missing argument: PORT");
    }
    if (publishes) {
      List<PortMapping> mappings =
          ports.stream().flatMap(text -> NetworkFlags.ports(text).stream()).toList();
      BoxNetwork network = context.box(arguments.getFirst()).network();
      for (PortMapping mapping : mappings) {
        PublishedPort port = network.publish(mapping);
        context.out().println(PortCommand.line(port));
      }
      return 0;
    }
    List<HostPort> parsedPorts = ports.stream().map(HostPort::parse).toList();
    BoxNetwork network = context.box(arguments.getFirst()).network();
    parsedPorts.forEach(port -> network.unpublish(port.number(), port.protocol()));
    return 0;
  }

  /// A port as the user names it.
  record HostPort(int number, PortMapping.Protocol protocol) {
    static HostPort parse(String text) {
      Matcher match = PORT.matcher(text);
      if (!match.matches()) {
        throw invalid(text);
      }
      String protocol = match.group(2) == null ? "tcp" : match.group(2);
      return new HostPort(
          Integer.parseInt(match.group(1)),
          PortMapping.Protocol.ofWireName(protocol).orElseThrow(() -> invalid(text)));
    }

    private static CliException invalid(String text) {
      return CliException.failure("invalid port '" + text + "': expected PORT[/tcp|/udp]");
    }
  }
}
