package io.boxlite.runtime.internal.network;

import io.boxlite.network.EgressRules;
import io.boxlite.network.SecretProxy;
import java.util.Optional;

/// What a box's connections are judged by, and who looks into them.
///
/// @param rules what the box may reach
/// @param proxy for a box with secrets or with rules about names
/// @param trust whom a box with secrets must trust
record Interception(EgressRules rules, Optional<SecretProxy> proxy, Optional<GuestTrust> trust)
    implements AutoCloseable {
  @Override
  public void close() {
    proxy.ifPresent(SecretProxy::close);
  }
}
