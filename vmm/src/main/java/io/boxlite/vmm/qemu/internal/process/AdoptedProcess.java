package io.boxlite.vmm.qemu.internal.process;

import io.boxlite.vmm.VmProcess;
import io.boxlite.vmm.qemu.internal.process.LinuxCalls.CallException;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.CompletableFuture;

/// A process that an earlier supervisor started. Watched and signalled through a pidfd, which stays
/// with the process when its pid is used again; where the kernel has none, through the JVM, which
/// polls.
final class AdoptedProcess implements HostProcess {
  private static final int SIGKILL = 9;
  private static final int SIGTERM = 15;

  private final VmProcess id;
  private final CompletableFuture<OptionalInt> exit = new CompletableFuture<>();
  private final Optional<Watch> watch;

  private AdoptedProcess(VmProcess id, Optional<Watch> watch) {
    this.id = id;
    this.watch = watch;
  }

  static Optional<HostProcess> of(VmProcess id) {
    Optional<Watch> watch = Watch.open(id.pid());
    AdoptedProcess process = new AdoptedProcess(id, watch);
    // Checked after the pidfd is there: it now belongs to the right process, or is let go.
    if (!process.isAlive()) {
      watch.ifPresent(Watch::closeFiles);
      return Optional.empty();
    }
    watch.ifPresentOrElse(w -> w.start(id, process.exit), process::watchByHandle);
    return Optional.of(process);
  }

  private void watchByHandle() {
    var _ =
        ProcessHandle.of(id.pid())
            .<CompletableFuture<?>>map(ProcessHandle::onExit)
            .orElseGet(() -> CompletableFuture.completedFuture(id))
            .thenRun(() -> exit.complete(OptionalInt.empty()));
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
    watch.ifPresentOrElse(w -> w.signal(SIGTERM), () -> withHandle(false));
  }

  @Override
  public void kill() {
    watch.ifPresentOrElse(w -> w.signal(SIGKILL), () -> withHandle(true));
  }

  private void withHandle(boolean forcibly) {
    if (isAlive()) {
      ProcessHandle.of(id.pid())
          .ifPresent(handle -> {
            if (forcibly) {
              handle.destroyForcibly();
            } else {
              handle.destroy();
            }
          });
    }
  }

  @Override
  public void close() {
    watch.ifPresent(Watch::stop);
  }

  /// A pidfd, an eventfd that stops the watch, and the OS thread that waits for either. That thread
  /// owns both once it runs; signals and stops meet its end under the lock.
  private static final class Watch {
    private final int pidfd;
    private final int stop;
    private boolean open = true;

    private Watch(int pidfd, int stop) {
      this.pidfd = pidfd;
      this.stop = stop;
    }

    static Optional<Watch> open(long pid) {
      try {
        int pidfd = LinuxCalls.pidfdOpen(pid);
        try {
          return Optional.of(new Watch(pidfd, LinuxCalls.eventfd()));
        } catch (CallException e) {
          LinuxCalls.close(pidfd);
          return Optional.empty();
        }
      } catch (CallException e) {
        return Optional.empty();
      }
    }

    void start(VmProcess id, CompletableFuture<OptionalInt> exit) {
      // poll(2) blocks its OS thread, so this is not a virtual one.
      Thread.ofPlatform()
          .name("vm-exit " + id.pid())
          .daemon()
          .stackSize(128 << 10)
          .start(() -> await(exit));
    }

    private void await(CompletableFuture<OptionalInt> exit) {
      boolean ended = false;
      try {
        ended = LinuxCalls.awaitFirst(pidfd, stop);
      } catch (CallException e) {
        // Nothing more to be learned: whoever waits asks /proc.
      } finally {
        closeFiles();
      }
      if (ended) {
        Thread.ofVirtual().start(() -> exit.complete(OptionalInt.empty()));
      }
    }

    synchronized void signal(int signal) {
      if (open) {
        try {
          LinuxCalls.pidfdSignal(pidfd, signal);
        } catch (CallException e) {
          // Ended, or not ours: the caller sees whether it ends.
        }
      }
    }

    synchronized void stop() {
      if (open) {
        try {
          LinuxCalls.signalEventfd(stop);
        } catch (CallException e) {
          throw new AssertionError(e);
        }
      }
    }

    synchronized void closeFiles() {
      open = false;
      LinuxCalls.close(pidfd);
      LinuxCalls.close(stop);
    }
  }
}
