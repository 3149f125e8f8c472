package io.boxlite.runtime.internal.lifecycle;

import io.boxlite.api.BoxNetwork;
import io.boxlite.api.InvalidStateException;
import io.boxlite.api.NetworkInfo;
import io.boxlite.api.PortMapping;
import io.boxlite.api.PublishedPort;
import io.boxlite.api.Tunnel;
import io.boxlite.network.EgressLog;
import io.boxlite.runtime.internal.layout.BoxLayout;
import io.boxlite.runtime.internal.network.NetworkChanges;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.channels.Channels;
import java.nio.channels.SocketChannel;
import java.util.List;

/// The network of a box of this process, as its callers see it.
record LocalNetwork(BoxContext context, BoxLifecycle lifecycle) implements BoxNetwork {
  private static final int MAX_PORT = 65535;

  private BoxLayout files() {
    return context.layout().box(lifecycle.id());
  }

  @Override
  public NetworkInfo allow(List<String> rules, boolean only) {
    return lifecycle.changeRules(network -> NetworkChanges.allow(network, rules, only));
  }

  @Override
  public NetworkInfo deny(List<String> rules) {
    return lifecycle.changeRules(network -> NetworkChanges.deny(network, rules));
  }

  @Override
  public PublishedPort publish(PortMapping port) {
    return lifecycle.publish(port);
  }

  @Override
  public void unpublish(int hostPort, PortMapping.Protocol protocol) {
    lifecycle.unpublish(hostPort, protocol);
  }

  @Override
  public Tunnel tunnel(int port) {
    if (port < 1 || port > MAX_PORT) {
      throw new io.boxlite.api.ConfigException(
          "invalid_port", "port " + port + " must be 1 to " + MAX_PORT);
    }
    lifecycle.checkExists();
    NetworkChanges.requireEnabled(lifecycle.record().options().network());
    if (lifecycle.running().isEmpty()) {
      throw new InvalidStateException(
          "box_not_running", "box " + lifecycle.id() + " does not run; start it first");
    }
    return new ChannelTunnel(context.networks().tunnel(files(), port));
  }

  @Override
  public InputStream log(boolean follow) {
    lifecycle.checkExists();
    return EgressLog.read(files().egressLog(), follow, () -> !lifecycle.removed());
  }

  private record ChannelTunnel(SocketChannel channel) implements Tunnel {
    @Override
    public InputStream input() {
      return Channels.newInputStream(channel);
    }

    @Override
    public OutputStream output() {
      OutputStream all = Channels.newOutputStream(channel);
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
          if (channel.isOpen()) {
            channel.shutdownOutput();
          }
        }
      };
    }

    @Override
    public void close() {
      try {
        channel.close();
      } catch (IOException _) {
        // Nothing that anybody could do about it.
      }
    }
  }
}
