package io.boxlite.cli.command;

import io.boxlite.api.NetworkOptions;
import io.boxlite.api.PortMapping;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParseResult;

/// The flags of `run` and `create` that describe the network of the box.
final class NetworkFlags {
  private static final Pattern PORT =
      Pattern.compile(
          "(?:(?<ip>\\d+(?:\\.\\d+)+):)?(?:(?<host>\\d{1,5}(?:-\\d{1,5})?)?:)?"
              + "(?<box>\\d{1,5}(?:-\\d{1,5})?)(?:/(?<protocol>\\w+))?");

  private static final int MAX_PORT = 65535;

  private NetworkFlags() {}

  static void add(CommandSpec spec) {
    spec.addOption(Specs.text("MODE", "enabled or disabled", "--network"));
    spec.addOption(
        Specs.texts(
            "RULE", "Reach only this host, *.suffix, address or range, :port", "--allow-net"));
    spec.addOption(Specs.texts("RULE", "Never reach this", "--deny-net"));
    spec.addOption(
        Specs.texts(
            "[[IP:]HOST-PORT:]BOX-PORT[/udp]",
            "Lead a port of the host into the box",
            "-p",
            "--publish"));
    spec.addOption(
        Specs.value(Long.class, "BYTES", "Most bytes a second in each direction", "--bandwidth"));
    spec.addOption(Specs.value(Integer.class, "N", "Most connections at once", "--connections"));
    SecretFlags.add(spec);
  }

  static NetworkOptions read(ParseResult parsed, CliContext context) {
    String mode = parsed.matchedOptionValue("--network", "enabled");
    if (!mode.equals("enabled") && !mode.equals("disabled")) {
      throw CliException.failure(
          "invalid network.mode \"" + mode + "\". Expected \"enabled\" or \"disabled\".");
    }
    List<PortMapping> ports = new ArrayList<>();
    Specs.list(parsed, "--publish").forEach(text -> ports.addAll(ports(text)));
    return new NetworkOptions(
        mode.equals("enabled"),
        Specs.list(parsed, "--allow-net"),
        Specs.list(parsed, "--deny-net"),
        ports,
        parsed.matchedOptionValue("--bandwidth", 0L),
        parsed.matchedOptionValue("--connections", 0),
        SecretFlags.read(parsed, context));
  }

  static List<PortMapping> ports(String text) {
    Matcher match = PORT.matcher(text);
    if (!match.matches()) {
      throw invalid(text, "expected [[HOST-IP:]HOST-PORT:]BOX-PORT[/tcp|/udp]");
    }
    PortMapping.Protocol protocol =
        Optional.ofNullable(match.group("protocol"))
            .map(name ->
                PortMapping.Protocol.ofWireName(name)
                    .orElseThrow(() -> invalid(text, "the protocol must be tcp or udp")))
            .orElse(PortMapping.Protocol.TCP);
    int[] box = range(text, match.group("box"));
    int count = box[1] - box[0];
    int[] host = match.group("host") == null ? new int[0] : range(text, match.group("host"));
    if (host.length > 0 && host[1] - host[0] != count) {
      throw invalid(text, "both ranges must have as many ports");
    }
    List<PortMapping> ports = new ArrayList<>();
    for (int i = 0; i <= count; i++) {
      ports.add(
          new PortMapping(
              Optional.ofNullable(match.group("ip")),
              host.length == 0 ? 0 : host[0] + i,
              box[0] + i,
              protocol));
    }
    return ports;
  }

  private static int[] range(String text, String part) {
    int dash = part.indexOf('-');
    int first = Integer.parseInt(dash < 0 ? part : part.substring(0, dash));
    int last = dash < 0 ? first : Integer.parseInt(part.substring(dash + 1));
    if (first < 1 || last > MAX_PORT || last < first) {
      throw invalid(text, "ports must be 1 to " + MAX_PORT + ", and ranges ascend");
    }
    return new int[] {first, last};
  }

  private static CliException invalid(String text, String why) {
    return CliException.failure("invalid --publish '" + text + "': " + why);
  }
}
