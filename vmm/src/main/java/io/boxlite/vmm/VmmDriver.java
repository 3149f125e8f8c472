package io.boxlite.vmm;

import io.boxlite.api.EngineException;
import io.boxlite.api.UnsupportedEngineException;
import java.util.Optional;

/// Starts VMs with one VM monitor. Thread-safe.
///
/// @since 0.1
public interface VmmDriver {

  /// Says what VMs run on. The first call may try whether KVM works, which takes up to its limit;
  /// later ones answer at once.
  ///
  /// @return the engine
  /// @throws UnsupportedEngineException if this host has none, or not the one that is demanded
  Engine engine();

  /// Starts a VM in a process of its own that outlives this program: restored if that is its
  /// origin, disks attached, guest running. Whoever left a VM on the same sockets loses it. Does
  /// not wait for the guest.
  ///
  /// @param config what to start
  /// @return the VM; the caller closes it, or ends it
  /// @throws UnsupportedEngineException as [#engine()]
  /// @throws EngineException if it cannot be started; then nothing is left of it but its logs.
  ///   Reason `template_refused`: it is the template that is not good, another origin may do
  Vm start(VmConfig config);

  /// Takes over a VM that another program, or this one, started.
  ///
  /// @param config the configuration that it was started with
  /// @param process the process that it was then
  /// @return the VM, running or paused as it was; empty if that process has ended, even when its
  ///   pid is used again, which is never touched
  /// @throws EngineException if the process lives but does not answer as a VM: the caller may
  ///   [#kill] it
  Optional<Vm> reattach(VmConfig config, VmProcess process);

  /// Ends a VM's process with SIGKILL, without talking to it, and removes its sockets.
  ///
  /// @param config the configuration that it was started with
  /// @param process the process that it was then; nothing is done if it has ended
  /// @throws EngineException if the process survives
  void kill(VmConfig config, VmProcess process);

  /// Names all that shapes a VM which can be saved: VM monitor, accelerator, host CPU where it
  /// matters, devices, kernel, initial file system, CPUs and memory. A template may only be
  /// restored where this is what it was when it was saved.
  ///
  /// @param boot what the guest boots
  /// @param cpus number of virtual CPUs
  /// @param memoryMib memory, in MiB
  /// @return 32 lower-case hex digits
  /// @throws UnsupportedEngineException as [#engine()]
  /// @throws EngineException if kernel or initial file system cannot be read
  String templateKey(VmConfig.Boot boot, int cpus, int memoryMib);
}
