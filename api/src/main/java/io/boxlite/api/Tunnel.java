package io.boxlite.api;

import java.io.InputStream;
import java.io.OutputStream;

/// A connection to a port of a box. One thread may read while another writes.
///
/// @since 0.1
public interface Tunnel extends AutoCloseable {
  /// {@return what the box sends; its end is the end of what the box sends}
  InputStream input();

  /// {@return where to write to the box; closing it tells the box that nothing more comes, and
  /// leaves the other direction open}
  OutputStream output();

  /// Ends both directions. A second call does nothing.
  @Override
  void close();
}
