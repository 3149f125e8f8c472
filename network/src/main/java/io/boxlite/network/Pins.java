package io.boxlite.network;

import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/// The addresses that one box was told, and for which names. Thread-safe.
///
/// An entry lasts for the time to live of the answer and a grace, since programs use an address a
/// little longer than they may, and as long as connections use it. Connections that end add
/// nothing: with one a minute, a box would keep an address for ever.
final class Pins {
  /// How long an address may be used beyond its time to live.
  static final Duration GRACE = Duration.ofSeconds(60);

  /// Most pairs of name and address; beyond that the least recently told are forgotten.
  static final int MAX = 8192;

  /// Most names of one address, since each connection to it looks at all of them. Names beyond that
  /// are still found by [EgressRules#leadsTo].
  static final int MAX_NAMES = 256;

  private final LongSupplier nanos;
  private final LinkedHashMap<Key, Pin> pins = new LinkedHashMap<>();
  private final Map<Integer, LinkedHashSet<Key>> byAddress = new HashMap<>();

  private record Key(int address, String name) {}

  private static final class Pin {
    private long until;
    private int flows;
  }

  Pins(LongSupplier nanos) {
    this.nanos = nanos;
  }

  /// Notes that the box was told an address for a name.
  synchronized void told(String name, int address, Duration timeToLive) {
    long until = nanos.getAsLong() + timeToLive.plus(GRACE).toNanos();
    Key key = new Key(address, name);
    Pin pin = pins.remove(key);
    if (pin == null) {
      makeRoom();
      pin = new Pin();
      pin.until = until;
    }
    LinkedHashSet<Key> ofAddress = byAddress.computeIfAbsent(address, _ -> new LinkedHashSet<>());
    ofAddress.addLast(key);
    if (ofAddress.size() > MAX_NAMES) {
      pins.remove(ofAddress.removeFirst());
    }
    pin.until = pin.until - until > 0 ? pin.until : until;
    pins.put(key, pin); // behind all others
  }

  /// {@return the names for which the box may use an address now, the last told first}
  synchronized List<String> names(int address) {
    List<String> names = new ArrayList<>();
    for (Key key : byAddress.getOrDefault(address, new LinkedHashSet<>()).reversed()) {
      if (lasts(pins.get(key))) {
        names.add(key.name());
      }
    }
    return names;
  }

  /// {@return whether the box was told the address for the name, and may use it still}
  synchronized boolean holds(String name, int address) {
    return lasts(pins.get(new Key(address, name)));
  }

  /// Notes that a connection by that name began; it ends with [#release].
  synchronized void use(String name, int address) {
    Pin pin = pins.get(new Key(address, name));
    if (pin != null) {
      pin.flows++;
    }
  }

  /// Notes that a connection ended.
  synchronized void release(String name, int address) {
    Pin pin = pins.get(new Key(address, name));
    if (pin != null && pin.flows > 0) {
      pin.flows--;
    }
  }

  private boolean lasts(@Nullable Pin pin) {
    return pin != null && (pin.flows > 0 || pin.until - nanos.getAsLong() > 0);
  }

  private void makeRoom() {
    if (pins.size() < MAX) {
      return;
    }
    Iterator<Map.Entry<Key, Pin>> oldest = pins.entrySet().iterator();
    while (oldest.hasNext()) {
      Map.Entry<Key, Pin> entry = oldest.next();
      if (!lasts(entry.getValue())) {
        oldest.remove();
        forget(entry.getKey());
      }
    }
    while (pins.size() > MAX - MAX / 8) { // many at once: a look at all of them is not for each
      Key key = pins.firstEntry().getKey();
      pins.remove(key);
      forget(key);
    }
  }

  private void forget(Key key) {
    LinkedHashSet<Key> keys = byAddress.getOrDefault(key.address(), new LinkedHashSet<>());
    keys.remove(key);
    if (keys.isEmpty()) {
      byAddress.remove(key.address());
    }
  }
}
