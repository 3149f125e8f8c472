package io.boxlite.api.internal;

import java.util.concurrent.locks.LockSupport;

/// A moment of an operation that has a name: something has just been written, made or ended, and
/// what follows has not. `CrashIT` kills the process at each of them.
///
/// `BOXLITE_CRASH_POINT` names the one at which the thread that reaches it stands still for ever;
/// nothing else of the process does. It is for tests only.
public final class CrashPoint {
  private static final System.Logger LOG = System.getLogger("io.boxlite.crash");
  private static final String WANTED = System.getenv().getOrDefault("BOXLITE_CRASH_POINT", "");

  private CrashPoint() {}

  /// Goes on, unless the process is to be killed here.
  ///
  /// @param name operation and what is done, like `create.stored`
  public static void reached(String name) {
    if (WANTED.isEmpty() || !WANTED.equals(name)) {
      return;
    }
    LOG.log(System.Logger.Level.WARNING, "standing still at {0}", name);
    while (true) {
      LockSupport.park();
    }
  }
}
