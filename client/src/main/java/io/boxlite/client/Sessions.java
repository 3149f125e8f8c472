package io.boxlite.client;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/// The open attach connections of a client, so that closing it ends all of them. Thread-safe.
final class Sessions {
  private final Set<RemoteExecution> open = new HashSet<>();

  synchronized void add(RemoteExecution execution) {
    open.add(execution);
  }

  synchronized void remove(RemoteExecution execution) {
    open.remove(execution);
  }

  void close() {
    List<RemoteExecution> all;
    synchronized (this) {
      all = new ArrayList<>(open);
    }
    all.forEach(RemoteExecution::disconnect);
  }
}
