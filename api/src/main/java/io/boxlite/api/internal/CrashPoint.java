package io.boxlite.api.internal;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.locks.LockSupport;

/// A moment of an operation that has a name: something has just been written, made or ended, and
/// what follows has not. `CrashIT` kills the process at each of them.
///
/// `BOXLITE_CRASH_POINT_FILE` names a file; while that has the name of such a moment, the thread
/// that reaches it stands still for ever, and nothing else of the process does. It is for tests
/// only.
public final class CrashPoint {
  private static final System.Logger LOG = System.getLogger("io.boxlite.crash");
  private static final String FILE = System.getenv().getOrDefault("BOXLITE_CRASH_POINT_FILE", "");

  private CrashPoint() {}

  /// Goes on, unless the process is to be killed here.
  ///
  /// @param name operation and what is done, like `create.stored`
  public static void reached(String name) {
    if (FILE.isEmpty() || !isWanted(name)) {
      return;
    }
    LOG.log(System.Logger.Level.WARNING, "standing still at {0}", name);
    while (true) {
      LockSupport.park();
    }
  }

  private static boolean isWanted(String name) {
    try {
      return Files.readString(Path.of(FILE)).equals(name);
    } catch (IOException e) {
      return false; // none is wanted
    }
  }
}
