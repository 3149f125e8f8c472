package io.boxlite.runtime.internal.lifecycle;

/// A lock that is held until this is closed.
interface Held extends AutoCloseable {
  @Override
  void close();
}
