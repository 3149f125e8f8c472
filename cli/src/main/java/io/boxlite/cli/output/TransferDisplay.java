package io.boxlite.cli.output;

import io.boxlite.api.TransferProgress;
import java.io.PrintStream;
import java.util.function.Consumer;

/// Shows how a pull or a push goes on. Confined to one thread.
///
/// @since 0.1
public interface TransferDisplay extends Consumer<TransferProgress>, AutoCloseable {
  /// Shows the last state. A second call does nothing.
  @Override
  void close();

  /// {@return one that shows nothing}
  static TransferDisplay none() {
    return new Lines(new PrintStream(java.io.OutputStream.nullOutputStream()));
  }

  /// {@return one for what is no terminal: a line for each layer that is there, no control codes}
  ///
  /// @param to gets the lines
  static TransferDisplay lines(PrintStream to) {
    return new Lines(to);
  }

  /// {@return the first hex digits of a digest}
  ///
  /// @param digest of unknown origin
  static String shortDigest(String digest) {
    String hex = OneLine.of(digest.substring(digest.indexOf(':') + 1));
    return hex.substring(0, Math.min(12, hex.length()));
  }

  /// A line for each layer that is there.
  ///
  /// @param to gets the lines
  record Lines(PrintStream to) implements TransferDisplay {
    @Override
    public void accept(TransferProgress step) {
      switch (step.stage()) {
        case DONE -> to.println(shortDigest(step.layer()) + ": done, " + ByteSize.of(step.total()));
        case EXISTS -> to.println(shortDigest(step.layer()) + ": already exists");
        case WAITING, SHARED, TRANSFERRING, RETRYING, FINISHING -> {}
      }
    }

    @Override
    public void close() {
      to.flush();
    }
  }
}
