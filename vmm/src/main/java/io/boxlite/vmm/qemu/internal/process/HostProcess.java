package io.boxlite.vmm.qemu.internal.process;

import io.boxlite.vmm.VmProcess;
import io.boxlite.vmm.VmUsage;
import java.time.Duration;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/// One process of the host, never mistaken for another that has its pid later. Thread-safe.
public sealed interface HostProcess extends AutoCloseable permits ChildProcess, AdoptedProcess {

  /// {@return which process}
  VmProcess id();

  /// {@return completes, never exceptionally, when it has ended: with its status if that can be
  /// known}
  CompletableFuture<OptionalInt> onExit();

  /// Sends SIGTERM, if it lives.
  void terminate();

  /// Sends SIGKILL, if it lives.
  void kill();

  /// Stops watching. The process is not affected.
  @Override
  void close();

  /// {@return whether it lives; a zombie does not}
  default boolean isAlive() {
    return !onExit().isDone() && stat(id()).isPresent();
  }

  /// Waits for its end.
  ///
  /// @param limit how long
  /// @return whether it has ended
  /// @throws InterruptedException if the thread is interrupted
  default boolean awaitExit(Duration limit) throws InterruptedException {
    try {
      onExit().get(limit.toMillis(), TimeUnit.MILLISECONDS);
      return true;
    } catch (TimeoutException e) {
      return !isAlive();
    } catch (ExecutionException e) {
      throw new AssertionError(e);
    }
  }

  /// {@return what it costs; empty once it has ended}
  default Optional<VmUsage> usage() {
    return stat(id())
        .map(s -> new VmUsage(s.cpuTime(), s.residentPages() * LinuxCalls.pageBytes()));
  }

  /// Takes over a process that is not a child of this program.
  ///
  /// @param process which
  /// @return it; empty if it has ended
  static Optional<HostProcess> adopt(VmProcess process) {
    return AdoptedProcess.of(process);
  }

  private static Optional<ProcStat> stat(VmProcess process) {
    return ProcStat.of(process.pid())
        .filter(s -> s.startTime() == process.startTime() && !s.ended());
  }
}
