package io.boxlite.server;

import io.boxlite.api.Box;
import io.boxlite.api.Execution;
import io.boxlite.api.NotFoundException;
import java.util.ArrayDeque;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/// The hubs of all executions that are known to this server. Ended ones are kept for five minutes;
/// what output they keep is bounded over all of them. Thread-safe.
final class ExecutionRegistry {
  private static final long KEEP_NANOS = TimeUnit.MINUTES.toNanos(5);
  private static final long MAX_RETAINED = 64L * 1024 * 1024;

  private record Key(String boxId, String executionId) {}

  private record Finished(Key key, StreamHub hub, long at) {}

  private final Map<Key, StreamHub> hubs = new HashMap<>();
  private final Map<String, StreamHub> mains = new HashMap<>();
  private final ArrayDeque<Finished> finished = new ArrayDeque<>();

  StreamHub add(String boxId, Execution execution, boolean holdBack) {
    return register(new Key(boxId, execution.id()), execution, false, holdBack);
  }

  private StreamHub register(Key key, Execution execution, boolean main, boolean holdBack) {
    StreamHub[] self = new StreamHub[1];
    StreamHub hub = new StreamHub(execution, main, holdBack, () -> whenFinished(key, self[0]));
    self[0] = hub;
    synchronized (this) {
      evict();
      StreamHub other = hubs.get(key);
      if (other != null && (other.execution().equals(execution) || !other.hasExited())) {
        return other; // two hubs would each get a part of the output
      }
      hubs.put(key, hub); // the main command of an earlier run has the same id
    }
    hub.start();
    return hub;
  }

  /// Finds the hub of an execution; one that an earlier supervisor started gets its hub now.
  StreamHub find(Box box, String executionId) {
    Key key = new Key(box.id(), executionId);
    StreamHub known = known(key);
    if (known != null) {
      return known;
    }
    Optional<Execution> execution = box.execution(executionId);
    if (execution.isEmpty()) {
      throw new NotFoundException("execution_not_found", "execution not found: " + executionId);
    }
    return register(key, execution.get(), false, false);
  }

  private synchronized @Nullable StreamHub known(Key key) {
    evict();
    return hubs.get(key);
  }

  /// Finds or makes the hub of a box's main command in its present run.
  StreamHub main(Box box) {
    StreamHub current = knownMain(box.id());
    if (current != null && !current.hasExited()) {
      return current;
    }
    // Everybody who gets here at once gets the same command, and then the same hub.
    Execution main = box.attach();
    StreamHub hub = register(new Key(box.id(), main.id()), main, true, false);
    hub.markMain(); // asked for by its id, it may have got its hub as just any command
    return remember(box.id(), hub);
  }

  private synchronized @Nullable StreamHub knownMain(String boxId) {
    return mains.get(boxId);
  }

  private synchronized StreamHub remember(String boxId, StreamHub hub) {
    mains.put(boxId, hub);
    return hub;
  }

  /// Forgets a removed box.
  synchronized void forgetBox(String boxId) {
    mains.remove(boxId);
  }

  private synchronized void whenFinished(Key key, StreamHub hub) {
    hub.trim();
    finished.addLast(new Finished(key, hub, System.nanoTime()));
    evict();
    long retained = 0;
    for (Finished each : finished) {
      retained += each.hub().retained();
    }
    for (Finished each : finished) {
      if (retained <= MAX_RETAINED) {
        return;
      }
      retained -= each.hub().retained();
      each.hub().dropOutput();
    }
  }

  private void evict() {
    long now = System.nanoTime();
    while (!finished.isEmpty() && now - finished.peekFirst().at() > KEEP_NANOS) {
      Finished old = finished.removeFirst();
      hubs.remove(old.key(), old.hub());
      mains.remove(old.key().boxId(), old.hub());
    }
  }
}
