package io.boxlite.server;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.logging.LogManager;

/// Has libraries that log through `java.util.logging` log where all else does. Made by the JDK, by
/// the name in a system property, when the first of them logs: so it costs nothing before.
///
/// @since 0.1
public final class LibraryLogging {
  /// Called by the JDK.
  ///
  /// @throws IOException never
  public LibraryLogging() throws IOException {
    String settings = "handlers=org.slf4j.bridge.SLF4JBridgeHandler\n.level=INFO\n";
    LogManager.getLogManager()
        .readConfiguration(new ByteArrayInputStream(settings.getBytes(StandardCharsets.UTF_8)));
  }

  static void install() {
    System.setProperty("java.util.logging.config.class", LibraryLogging.class.getName());
  }
}
