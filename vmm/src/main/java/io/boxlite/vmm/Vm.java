package io.boxlite.vmm;

import io.boxlite.api.EngineException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;

/// A VM that this program controls. Thread-safe.
///
/// After [#close()] only the accessors may be called. Blocking methods have deadlines of their own.
/// One that is interrupted throws [EngineException] with the reason `interrupted` and keeps the
/// thread's interrupt flag; the VM is not affected.
///
/// @since 0.1
public interface Vm extends AutoCloseable {

  /// {@return the id from its configuration}
  String id();

  /// {@return which process it is, for a later [VmmDriver#reattach]}
  VmProcess process();

  /// {@return where to connect to the guest's agent; short enough for a Unix socket address}
  Path portalSocket();

  /// {@return whether its process runs; also when it is paused}
  boolean isAlive();

  /// Says when and how the VM ends. It is noticed at once, without polling where the kernel allows.
  ///
  /// @return completes, never exceptionally, when the process has ended; on a thread of the driver,
  ///   which a dependent action must not block. After [#close()] it may stay incomplete
  CompletableFuture<VmExit> onExit();

  /// Stops the guest's CPUs. Does nothing if they are stopped.
  ///
  /// @throws EngineException if the VM has ended or does not answer
  void pause();

  /// Lets the guest's CPUs run. Does nothing if they run.
  ///
  /// @throws EngineException if the VM has ended or does not answer
  void resume();

  /// Attaches a disk, running or paused. On failure nothing stays attached.
  ///
  /// @param disk whose SCSI target is free
  /// @throws EngineException if the image cannot be opened, the target is taken, or the VM does not
  ///   answer
  void attach(VmDisk disk);

  /// {@return what it costs the host; empty once it has ended}
  Optional<VmUsage> usage();

  /// Ends the VM's process without asking the guest: over QMP (which flushes its disks), then with
  /// SIGTERM, then with SIGKILL. Returns when it is gone and its sockets are removed; at once if it
  /// has ended before. Closes this object.
  ///
  /// @param patience how long to wait before SIGKILL; zero kills at once
  /// @throws EngineException if the process survives even SIGKILL, as one that hangs in the kernel
  void quit(Duration patience);

  /// Ends the VM's process with SIGKILL; as [#quit(Duration)] with zero.
  ///
  /// @throws EngineException if the process survives
  default void kill() {
    quit(Duration.ZERO);
  }

  /// Lets go of the VM, which runs on. Does nothing the second time.
  @Override
  void close();
}
