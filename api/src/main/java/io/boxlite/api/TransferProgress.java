package io.boxlite.api;

/// A step of a pull or a push. Immutable.
///
/// @param layer digest of the layer as it is transferred, `sha256:…`
/// @param stage what is done with it
/// @param done bytes of it that have been transferred
/// @param total bytes that it has
/// @since 0.1
public record TransferProgress(String layer, Stage stage, long done, long total) {
  /// What is done with a layer. The first event of every layer comes before the second of any.
  public enum Stage {
    /// It will be transferred.
    WAITING,
    /// Another pull transfers it; that is waited for.
    SHARED,
    /// Bytes are transferred; several times for a layer.
    TRANSFERRING,
    /// The connection was lost; it goes on from where it was.
    RETRYING,
    /// All bytes are there; the layer is verified and made ready for boxes.
    FINISHING,
    /// It is there.
    DONE,
    /// It was there before.
    EXISTS;

    /// {@return the name in REST bodies}
    public String wireName() {
      return name().toLowerCase(java.util.Locale.ROOT);
    }
  }
}
