package io.boxlite.cli.command;

import io.boxlite.api.Box;
import io.boxlite.api.BoxliteException;
import io.boxlite.api.Tunnel;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParseResult;

/// `network tunnel`: standard input and output are a connection to a port of a box; `network
/// port-forward`: each connection to a port of this host's loopback is one.
final class TunnelCommand implements Command {
  private static final Pattern PORTS = Pattern.compile("(?:(\\d{1,5}):)?(\\d{1,5})");
  private static final int MAX_PORT = 65535;
  private static final int BACKLOG = 128;
  private static final int BUFFER = 32 * 1024;

  private final boolean forwards;

  private TunnelCommand(boolean forwards) {
    this.forwards = forwards;
  }

  static TunnelCommand tunnel() {
    return new TunnelCommand(false);
  }

  static TunnelCommand portForward() {
    return new TunnelCommand(true);
  }

  @Override
  public CommandSpec spec() {
    CommandSpec spec =
        Specs.command(
            forwards
                ? "Lead a port of 127.0.0.1 into a box until it is interrupted"
                : "Connect standard input and output to a port of a box");
    spec.addPositional(
        Specs.arguments(forwards ? "BOX [LOCAL-PORT:]BOX-PORT" : "BOX PORT", "A box and a port"));
    return spec;
  }

  @Override
  public int run(ParseResult parsed, CliContext context) throws IOException, InterruptedException {
    List<String> arguments = Specs.pair(parsed, "BOX", "PORT");
    Matcher ports = PORTS.matcher(arguments.get(1));
    if (!ports.matches() || (!forwards && ports.group(1) != null)) {
      throw CliException.usage("invalid port '" + arguments.get(1) + "'");
    }
    int port = port(ports.group(2), 1);
    int local = ports.group(1) == null ? port : port(ports.group(1), 0);
    Box box = context.box(arguments.getFirst());
    if (forwards) {
      forward(box, local, port, context);
    } else {
      connect(box, port, context);
    }
    return 0;
  }

  private static int port(String text, int least) {
    int port = Integer.parseInt(text);
    if (port < least || port > MAX_PORT) {
      throw CliException.usage("port " + text + " must be " + least + " to " + MAX_PORT);
    }
    return port;
  }

  private static void connect(Box box, int port, CliContext context)
      throws IOException, InterruptedException {
    try (Tunnel tunnel = box.network().tunnel(port)) {
      Thread sending =
          Thread.ofPlatform()
              .daemon()
              .name("tunnel-stdin")
              .start(() -> {
                try {
                  copy(context.in(), tunnel.output());
                  tunnel.output().close();
                } catch (IOException _) {
                  // It is told by the other direction, or this program is ending.
                }
              });
      // When the box has said all, what is typed yet is for nobody.
      copy(tunnel.input(), context.rawOut());
      sending.interrupt();
      sending.join();
    }
  }

  private static void forward(Box box, int local, int port, CliContext context) throws IOException {
    try (ServerSocket server = new ServerSocket(local, BACKLOG, InetAddress.getLoopbackAddress())) {
      context.err().println("Forwarding from 127.0.0.1:" + server.getLocalPort() + " -> " + port);
      while (true) {
        Socket client = server.accept();
        Thread.ofVirtual().name("forward").start(() -> relay(client, box, port, context));
      }
    }
  }

  private static void relay(Socket client, Box box, int port, CliContext context) {
    try (client;
        Tunnel tunnel = box.network().tunnel(port)) {
      Runnable cutOff = tunnel::close;
      Thread sending =
          Thread.ofVirtual()
              .name("forward-in")
              .start(() -> {
                try {
                  copy(client.getInputStream(), tunnel.output());
                  tunnel.output().close();
                } catch (IOException _) {
                  cutOff.run();
                }
              });
      copy(tunnel.input(), client.getOutputStream());
      client.shutdownOutput();
      sending.join();
    } catch (BoxliteException e) {
      context.warn(String.valueOf(e.getMessage()));
    } catch (IOException _) {
      // One side has gone, which the other sees.
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
    }
  }

  private static void copy(InputStream from, OutputStream to) throws IOException {
    byte[] buffer = new byte[BUFFER];
    for (int count = from.read(buffer); count >= 0; count = from.read(buffer)) {
      to.write(buffer, 0, count);
      to.flush();
    }
  }
}
