package io.boxlite.image.internal.layer;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.util.concurrent.Semaphore;

/// Lets one large layer at a time be converted: the tree of a layer is in memory until its end, and
/// several of those that limits just allow would not fit. Small ones do not wait. Confined to one
/// thread.
final class LargeLayerTurn implements AutoCloseable {
  private static final int SMALL_ENTRIES = 25_000;
  private static final long SMALL_BYTES = 2L << 20;
  private static final Semaphore ONE = new Semaphore(1, true);

  private boolean taken;

  /// Waits for the turn when the layer has become large.
  ///
  /// @param entries that it has so far
  /// @param bytes of their names, links and attributes
  void grown(int entries, long bytes) throws IOException {
    if (taken || (entries < SMALL_ENTRIES && bytes < SMALL_BYTES)) {
      return;
    }
    try {
      ONE.acquire();
      taken = true;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw (IOException) new InterruptedIOException("interrupted").initCause(e);
    }
  }

  @Override
  public void close() {
    if (taken) {
      taken = false;
      ONE.release();
    }
  }
}
