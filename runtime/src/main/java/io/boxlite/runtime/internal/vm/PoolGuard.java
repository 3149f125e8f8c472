package io.boxlite.runtime.internal.vm;

import io.boxlite.api.EngineException;
import io.boxlite.runtime.internal.layout.HomeLayout;
import io.boxlite.runtime.internal.layout.Trees;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// Makes sure that VMs which are no box's end when this process does, even by SIGKILL: a shell that
/// waits for the end of its input, which only this process can write to, and then kills every
/// process that works in a directory of this one. A VM that became a box's still does, but its
/// directory is gone: it is left alone.
///
/// Thread-safe.
final class PoolGuard implements AutoCloseable {
  /// In a session of its own, so that no Ctrl-C reaches it. Twice, since a VM may just be starting.
  private static final String SCRIPT =
      """
      trap '' HUP INT TERM
      while read -r line; do :; done
      for round in 1 2; do
        for process in /proc/[0-9]*; do
          directory=$(readlink "$process/cwd") || continue
          case $directory in
          "$1"/*) [ ! -d "$directory" ] || kill -9 "${process#/proc/}" ;;
          esac
        done
        [ "$round" = 2 ] || sleep 1
      done
      rm -rf "$1"
      """;

  private final Path directory;
  private @Nullable Process shell;

  /// Watches nothing yet.
  ///
  /// @param directory whose directories VMs work in; one's own, so that the guard of an earlier
  ///   supervisor, still at work, does no harm
  PoolGuard(Path directory) {
    this.directory = directory;
  }

  /// Makes a directory for a VM, and watches from here on.
  ///
  /// @param id of the VM
  /// @return the directory
  /// @throws io.boxlite.api.BoxliteException if that cannot be done
  Path directory(String id) {
    Path made = directory.resolve(id);
    HomeLayout.createPrivate(made);
    watch();
    return made;
  }

  /// Removes the directory of a VM that has ended, or has become a box's: it is safe from here on.
  ///
  /// @param id of the VM
  void release(String id) {
    Trees.delete(directory.resolve(id));
  }

  /// Does nothing if it watches.
  private synchronized void watch() {
    Process running = shell;
    if (running != null && running.isAlive()) {
      return;
    }
    try {
      ProcessBuilder builder =
          new ProcessBuilder(
              List.of(
                  "setsid",
                  "sh",
                  "-c",
                  SCRIPT,
                  "boxlite-pool-guard",
                  directory.toRealPath().toString()));
      builder.directory(Path.of("/").toFile());
      String path = builder.environment().getOrDefault("PATH", "/usr/bin:/bin");
      builder.environment().clear();
      builder.environment().put("PATH", path);
      builder.redirectOutput(ProcessBuilder.Redirect.DISCARD);
      builder.redirectError(ProcessBuilder.Redirect.DISCARD);
      shell = builder.start();
    } catch (IOException e) {
      throw new EngineException(
          "no_pool_guard", "guard of the VMs that are no box's: " + e, e, Map.of());
    }
  }

  /// Ends it, when no such VM is left, and removes the directory.
  @Override
  public synchronized void close() {
    Process running = shell;
    if (running != null) {
      running.destroyForcibly();
      try {
        running.getOutputStream().close();
      } catch (IOException _) {
        // It has ended.
      }
    }
    Trees.delete(directory);
  }
}
