package io.boxlite.network;

import java.nio.file.Path;
import java.util.Set;

/// Says where a proxy would be.
record RecordedProxy(Set<String> hosts, boolean opensPlainHttp) implements FlowProxy {
  @Override
  public boolean opens(String host) {
    return hosts.contains(host);
  }

  @Override
  public boolean hasSecrets() {
    return !hosts.isEmpty();
  }

  @Override
  public Path socket() {
    return Path.of("/run/proxy.sock");
  }

  @Override
  public String header(Flow flow) {
    return flow.serverName().orElse("plain")
        + "@"
        + flow.address().getHostAddress()
        + ":"
        + flow.port();
  }
}
