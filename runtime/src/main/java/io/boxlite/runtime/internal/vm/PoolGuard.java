package io.boxlite.runtime.internal.vm;

import io.boxlite.api.EngineException;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// Makes sure that the VMs of a warm pool end when this process does, even by SIGKILL: a shell that
/// waits for the end of its input, which only this process can write to, and then kills every
/// process that works in a directory of the pool. A VM that became a box's still does, but its
/// directory is gone: it is left alone.
///
/// Not thread-safe: belongs to its pool.
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

  private final Path pool;
  private @Nullable Process shell;

  /// Watches nothing yet.
  ///
  /// @param pool directory of the pool
  PoolGuard(Path pool) {
    this.pool = pool;
  }

  /// Watches from here on. Does nothing if it does.
  ///
  /// @throws EngineException if it cannot
  void watch() {
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
                  pool.toRealPath().toString()));
      builder.directory(Path.of("/").toFile());
      String path = builder.environment().getOrDefault("PATH", "/usr/bin:/bin");
      builder.environment().clear();
      builder.environment().put("PATH", path);
      builder.redirectOutput(ProcessBuilder.Redirect.DISCARD);
      builder.redirectError(ProcessBuilder.Redirect.DISCARD);
      shell = builder.start();
    } catch (IOException e) {
      throw new EngineException("no_pool_guard", "guard of the warm pool: " + e, e, Map.of());
    }
  }

  /// Ends it, when the pool is empty.
  @Override
  public void close() {
    Process running = shell;
    if (running != null) {
      running.destroyForcibly();
      try {
        running.getOutputStream().close();
      } catch (IOException _) {
        // It has ended.
      }
    }
  }
}
