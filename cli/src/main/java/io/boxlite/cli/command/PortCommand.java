package io.boxlite.cli.command;

import io.boxlite.api.PublishedPort;
import java.util.Comparator;
import java.util.List;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParseResult;

/// `port`: the ports of the host that lead into a box, as Docker's command of that name shows them.
final class PortCommand implements Command {
  @Override
  public CommandSpec spec() {
    CommandSpec spec = Specs.command("Show the ports of the host that lead into a box");
    spec.addPositional(Specs.arguments("BOX [BOX-PORT[/udp]]", "A box, and which of its ports"));
    return spec;
  }

  @Override
  public int run(ParseResult parsed, CliContext context) {
    List<String> arguments = Specs.someArguments(parsed, "BOX");
    if (arguments.size() > 2) {
      throw CliException.usage("unexpected argument '" + arguments.get(2) + "'");
    }
    String target = arguments.getFirst();
    List<PublishedPort> ports =
        context.box(target).info().network().publishedPorts().stream()
            .sorted(
                Comparator.comparingInt(PublishedPort::guestPort)
                    .thenComparing(PublishedPort::protocol))
            .toList();
    if (arguments.size() == 1) {
      ports.forEach(port -> context.out().println(line(port)));
      return 0;
    }
    PublishCommand.HostPort wanted = PublishCommand.HostPort.parse(arguments.get(1));
    List<PublishedPort> found =
        ports.stream()
            .filter(
                port -> port.guestPort() == wanted.number() && port.protocol() == wanted.protocol())
            .toList();
    if (found.isEmpty()) {
      throw CliException.failure(
          "no port of the host leads to port "
              + wanted.number()
              + "/"
              + wanted.protocol().wireName()
              + " of box '"
              + target
              + "'");
    }
    found.forEach(port -> context.out().println(port.hostIp() + ":" + port.hostPort()));
    return 0;
  }

  /// {@return `80/tcp -> 0.0.0.0:8080`}
  static String line(PublishedPort port) {
    return port.guestPort()
        + "/"
        + port.protocol().wireName()
        + " -> "
        + port.hostIp()
        + ":"
        + port.hostPort();
  }
}
