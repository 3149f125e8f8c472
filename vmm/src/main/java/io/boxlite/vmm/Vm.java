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

  /// {@return where to serve the guest file systems of the host; short enough for a Unix socket
  /// address}
  Path volumesSocket();

  /// {@return where to serve the guest's network card; short enough for a Unix socket address}
  Path networkSocket();

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

  /// {@return whether the guest's CPUs run, and why if not}
  ///
  /// @throws EngineException if the VM has ended or does not answer
  VmActivity activity();

  /// Says when the guest's CPUs stop, whatever made them; [#activity()] tells why. The last action
  /// that was given counts. What happened before is not told.
  ///
  /// @param action done on a thread of the driver, which it must not block, each time
  void onStop(Runnable action);

  /// Puts a disk into its slot, running or paused, before the guest has looked for it. On failure
  /// nothing stays attached.
  ///
  /// @param disk whose slot is free
  /// @throws EngineException if the image cannot be opened or the VM does not answer
  void attach(VmDisk disk);

  /// Has the disk in a slot go on in another image, which lies over what the disk is now; the guest
  /// notices nothing. What it has written is in the earlier image then, which never changes again.
  ///
  /// @param overlay an empty image over the earlier one, of the same size
  /// @throws EngineException if the image cannot be opened or the VM does not answer; it may have
  ///   gone over all the same
  void goOnIn(VmDisk overlay);

  /// Takes the disk out of a slot, which is free then, and closes its image.
  ///
  /// @param slot whose disk the guest does not use any more
  /// @throws EngineException if the slot is free, or the VM does not answer
  void detach(VmDisk.Slot slot);

  /// Pauses the VM and saves all of it but its memory, which is in the file of its [VmOrigin.Seed].
  /// The VM stays paused: it is to be killed, for its memory is the template's from now on. Both
  /// files are on stable storage when this returns.
  ///
  /// @param state file to write; absolute, not there yet
  /// @throws EngineException reason `save_failed` or another, if it cannot be saved; what was
  ///   written is to be deleted
  void save(Path state);

  /// Moves the VM's sockets and logs, for a VM that was started before it was known what for. The
  /// VM is controlled through the new ones from now on, and a later [VmmDriver#reattach] needs a
  /// configuration that names them.
  ///
  /// Logs that are there already are kept in front of what this VM writes. No other VM may use the
  /// earlier names of the sockets while this one lives: it may remove them when it ends.
  ///
  /// @param files on the same file system; its working directory is not moved
  /// @throws EngineException if one cannot be moved; then the VM is to be killed
  void moveTo(VmFiles files);

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
