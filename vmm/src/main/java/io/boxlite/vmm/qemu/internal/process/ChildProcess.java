package io.boxlite.vmm.qemu.internal.process;

import io.boxlite.vmm.VmProcess;
import java.util.OptionalInt;
import java.util.concurrent.CompletableFuture;

/// A process that this program started: the JVM reaps it, and knows its status.
final class ChildProcess implements HostProcess {
  private final Process process;
  private final VmProcess id;
  private final CompletableFuture<OptionalInt> exit;

  ChildProcess(Process process) {
    this.process = process;
    // A process that ended at once is reaped already, and no other can be mistaken for it.
    long startTime = ProcStat.of(process.pid()).map(ProcStat::startTime).orElse(-1L);
    this.id = new VmProcess(process.pid(), startTime);
    this.exit = process.onExit().thenApply(ended -> OptionalInt.of(ended.exitValue()));
  }

  @Override
  public VmProcess id() {
    return id;
  }

  @Override
  public CompletableFuture<OptionalInt> onExit() {
    return exit.copy();
  }

  @Override
  public void terminate() {
    process.destroy();
  }

  @Override
  public void kill() {
    process.destroyForcibly();
  }

  @Override
  public void close() {
    // The JVM waits for every child in any case.
  }
}
