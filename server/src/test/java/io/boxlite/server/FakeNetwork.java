package io.boxlite.server;

import io.boxlite.api.BoxNetwork;
import io.boxlite.api.NetworkException;
import io.boxlite.api.NetworkInfo;
import io.boxlite.api.NetworkOptions;
import io.boxlite.api.PortMapping;
import io.boxlite.api.PublishedPort;
import io.boxlite.api.Tunnel;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;

/// The network of a box that only writes down what is asked of it. A tunnel to a port of it is a
/// connection to that port of the host.
final class FakeNetwork implements BoxNetwork {
  final List<String> calls = new CopyOnWriteArrayList<>();

  private static NetworkInfo info(List<String> allow, List<String> deny) {
    return NetworkInfo.of(NetworkOptions.DEFAULT.withRules(allow, deny));
  }

  @Override
  public NetworkInfo allow(List<String> rules, boolean only) {
    calls.add("allow " + rules + " " + only);
    return info(rules, List.of());
  }

  @Override
  public NetworkInfo deny(List<String> rules) {
    calls.add("deny " + rules);
    return info(List.of(), rules);
  }

  @Override
  public PublishedPort publish(PortMapping port) {
    calls.add("publish " + port);
    return new PublishedPort(port.guestPort(), "0.0.0.0", 4711, port.protocol());
  }

  @Override
  public void unpublish(int hostPort, PortMapping.Protocol protocol) {
    calls.add("unpublish " + hostPort + " " + protocol);
  }

  @Override
  public Tunnel tunnel(int port) {
    try {
      return new SocketTunnel(new Socket("127.0.0.1", port));
    } catch (IOException e) {
      throw new NetworkException("tunnel", "tunnel: connection refused");
    }
  }

  @Override
  public InputStream log(boolean follow) {
    return new ByteArrayInputStream(
        ("{\"follow\":" + follow + "}\n").getBytes(StandardCharsets.UTF_8));
  }

  private record SocketTunnel(Socket socket) implements Tunnel {
    @Override
    public InputStream input() {
      try {
        return socket.getInputStream();
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }

    @Override
    public OutputStream output() {
      try {
        OutputStream all = socket.getOutputStream();
        return new OutputStream() {
          @Override
          public void write(int b) throws IOException {
            all.write(b);
          }

          @Override
          public void write(byte[] bytes, int offset, int count) throws IOException {
            all.write(bytes, offset, count);
          }

          @Override
          public void close() throws IOException {
            socket.shutdownOutput();
          }
        };
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }

    @Override
    public void close() {
      try {
        socket.close();
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
  }
}
