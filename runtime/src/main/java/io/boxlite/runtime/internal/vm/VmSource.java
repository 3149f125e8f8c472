package io.boxlite.runtime.internal.vm;

import io.boxlite.api.BoxliteException;
import io.boxlite.api.ConfigException;
import io.boxlite.api.EngineException;
import io.boxlite.api.StartOrigin;
import io.boxlite.api.StorageException;
import io.boxlite.api.Templates;
import io.boxlite.api.internal.CrashPoint;
import io.boxlite.protocol.agent.v1.PrepareRequest;
import io.boxlite.runtime.RuntimeOptions;
import io.boxlite.runtime.internal.disk.BoxDisks;
import io.boxlite.runtime.internal.layout.HomeLayout;
import io.boxlite.runtime.internal.layout.Trees;
import io.boxlite.runtime.internal.portal.Portal;
import io.boxlite.vmm.Vm;
import io.boxlite.vmm.VmConfig;
import io.boxlite.vmm.VmFiles;
import io.boxlite.vmm.VmOrigin;
import io.boxlite.vmm.VmTemplate;
import io.boxlite.vmm.VmmDriver;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.function.Consumer;
import java.util.function.Supplier;

/// Gives a box its VM: one that waits in the warm pool, else one restored from a template, else one
/// that boots. The only place that decides which.
///
/// Thread-safe.
public final class VmSource implements AutoCloseable {
  private static final System.Logger LOG = System.getLogger("io.boxlite.runtime");

  /// The agent of a restored VM answers within a tenth of a second: one that takes so long has been
  /// restored from memory that changed. Generous, for a host that is very busy.
  private static final Duration RESTORE_LIMIT = Duration.ofSeconds(20);

  /// How a bad template shows: QEMU refuses it, or the guest is not what it was.
  private static final Set<String> TEMPLATE_FAULTS =
      Set.of("template_refused", "timeout", "vm_ended", "unreachable", "protocol_error");

  private final RuntimeOptions options;
  private final VmmDriver driver;
  private final BootGate gate = new BootGate();
  private final Supplier<PrepareRequest> preparation;
  private final Rehearsal rehearsal;
  private final LocalTemplates templates;
  private final PoolGuard guard;
  private final WarmPool pool;

  /// Makes a source; nothing is started yet.
  ///
  /// @param options of the runtime
  /// @param layout of the home, whose lock the caller holds
  /// @param driver makes the VMs
  /// @param disks makes the disks of boxes
  /// @param preparation what makes a VM one of its own, fresh at each call
  public VmSource(
      RuntimeOptions options,
      HomeLayout layout,
      VmmDriver driver,
      BoxDisks disks,
      Supplier<PrepareRequest> preparation) {
    this.options = options;
    this.driver = driver;
    this.preparation = preparation;
    this.rehearsal = new Rehearsal(layout, disks);
    try {
      Trees.delete(layout.warmPool()); // of an earlier supervisor
    } catch (StorageException e) {
      LOG.log(System.Logger.Level.WARNING, "earlier warm pool: {0}", e.getMessage());
    }
    // Short: sockets are in it.
    String name = UUID.randomUUID().toString().substring(0, 8);
    this.guard = new PoolGuard(layout.warmPool().resolve(name));
    this.templates = new LocalTemplates(options, layout, driver, gate, rehearsal, guard);
    this.pool = new WarmPool(options.warmPool(), guard, this::warm);
  }

  /// What VM a box needs.
  ///
  /// @param id of the box
  /// @param cpus number of virtual CPUs
  /// @param memoryMib in MiB
  /// @param files where the box has its VM's files
  /// @param cold whether it is to boot in any case
  public record Request(String id, int cpus, int memoryMib, VmFiles files, boolean cold) {}

  /// {@return the templates}
  public Templates templates() {
    return templates;
  }

  /// {@return how many VMs wait for a box}
  public int warmVms() {
    return pool.size();
  }

  /// Gives a box its VM, without disks, its agent connected.
  ///
  /// @param request what VM
  /// @param spawned told the VM as soon as there is one, and any that takes its place
  /// @param onSpawned told after that, to store the VM's process
  /// @return the VM
  /// @throws BoxliteException if none can be had; then none is left
  public AgentVm start(Request request, SpawnedVm spawned, Consumer<Vm> onSpawned) {
    Consumer<Vm> tell =
        vm -> {
          spawned.set(vm);
          onSpawned.accept(vm);
        };
    checkGuest();
    if (request.cold() || !options.templates()) {
      return boot(request, tell);
    }
    WarmPool.Size size = size(request);
    Optional<AgentVm> warm = pool.take(size);
    if (warm.isPresent() && moveOut(warm.get(), request, spawned, tell)) {
      return warm.get();
    }
    Optional<VmTemplate> template =
        templates.forStart(size.key(), request.cpus(), request.memoryMib());
    if (template.isPresent()) {
      try (BootGate.Turn _ = gate.enter()) {
        return restore(request, size, template.get(), tell);
      } catch (BoxliteException e) {
        if (e.reason().equals("interrupted") || spawned.isUnwanted()) {
          throw e;
        }
        judge(size, e);
      }
    }
    return boot(request, tell);
  }

  /// Says that a box of this kind has come up: others of its kind are expected.
  ///
  /// @param request what was asked for
  public void started(Request request) {
    if (!request.cold() && options.templates()) {
      pool.started(size(request));
    }
  }

  private WarmPool.Size size(Request request) {
    String key = templates.key(request.cpus(), request.memoryMib());
    return new WarmPool.Size(key, request.cpus(), request.memoryMib());
  }

  private boolean moveOut(AgentVm warm, Request request, SpawnedVm spawned, Consumer<Vm> tell) {
    try {
      tell.accept(warm.vm());
      warm.vm().moveTo(request.files());
      return true;
    } catch (RuntimeException e) {
      warm.kill();
      if (spawned.isUnwanted() || !(e instanceof EngineException)) {
        throw e;
      }
      LOG.log(System.Logger.Level.WARNING, "warm VM not used: {0}", e.getMessage());
      return false;
    } finally {
      guard.release(warm.vm().id());
    }
  }

  private AgentVm boot(Request request, Consumer<Vm> tell) {
    try (BootGate.Turn _ = gate.enter()) {
      return start(config(request, new VmOrigin.Cold()), StartOrigin.COLD, tell);
    }
  }

  private AgentVm restore(
      Request request, WarmPool.Size size, VmTemplate template, Consumer<Vm> tell) {
    return start(
        config(request, new VmOrigin.Restored(template)),
        StartOrigin.TEMPLATE,
        vm -> {
          templates.usedBy(size.key(), vm);
          tell.accept(vm);
        });
  }

  /// For the pool, when no box is starting. A template that was found bad is made again here.
  private Optional<AgentVm> warm(String id, WarmPool.Size size, VmFiles files) {
    Optional<VmTemplate> template = templates.forStart(size.key(), size.cpus(), size.memoryMib());
    if (template.isEmpty()) {
      return Optional.empty();
    }
    Request request = new Request(id, size.cpus(), size.memoryMib(), files, false);
    try (BootGate.Turn _ = gate.enterWhenIdle()) {
      return Optional.of(rehearsed(restore(request, size, template.get(), _ -> {}), files));
    } catch (BoxliteException e) {
      judge(size, e);
      throw e;
    }
  }

  /// Gives a template away when the failure of a restore may be its own.
  private void judge(WarmPool.Size size, BoxliteException failure) {
    if (TEMPLATE_FAULTS.contains(failure.reason())) {
      templates.discard(size.key(), String.valueOf(failure.getMessage()));
    } else {
      LOG.log(System.Logger.Level.WARNING, "restore of a VM: {0}", failure.getMessage());
    }
  }

  private AgentVm rehearsed(AgentVm restored, VmFiles files) {
    try {
      restored.portal().prepare(preparation.get());
      rehearsal.run(restored.vm(), restored.portal(), files.runDir());
      return new AgentVm(
          restored.vm(), restored.portal(), StartOrigin.WARM, Duration.ZERO, Duration.ZERO);
    } catch (RuntimeException e) {
      restored.kill();
      throw e;
    }
  }

  private VmConfig config(Request request, VmOrigin origin) {
    return config(request, templates.boot(), origin);
  }

  private static VmConfig config(Request request, VmConfig.Boot boot, VmOrigin origin) {
    return new VmConfig(
        request.id(),
        boot,
        request.cpus(),
        request.memoryMib(),
        request.files(),
        origin,
        List.of());
  }

  private AgentVm start(VmConfig config, StartOrigin origin, Consumer<Vm> tell) {
    long began = System.nanoTime();
    Vm vm = driver.start(config);
    try {
      long there = System.nanoTime();
      CrashPoint.reached("start.spawned");
      tell.accept(vm);
      Duration limit = options.bootTimeout();
      if (origin != StartOrigin.COLD && limit.compareTo(RESTORE_LIMIT) > 0) {
        limit = RESTORE_LIMIT;
      }
      Portal portal = AgentVm.connect(vm, limit);
      CrashPoint.reached("start.connected");
      return new AgentVm(
          vm,
          portal,
          origin,
          Duration.ofNanos(there - began),
          Duration.ofNanos(System.nanoTime() - there));
    } catch (RuntimeException e) {
      vm.kill();
      throw e;
    }
  }

  /// Needed for a start only: a VM that runs is taken over, or ended, without.
  private void checkGuest() {
    for (Path file : new Path[] {options.kernel(), options.initramfs()}) {
      if (!Files.isReadable(file)) {
        throw new ConfigException(
            "guest_not_found",
            "guest file "
                + file
                + " is not there; build it, or name others with BOXLITE_KERNEL and"
                + " BOXLITE_INITRAMFS");
      }
    }
  }

  /// {@return the configuration by which a VM that runs is found again}
  ///
  /// @param request what it was started for
  public VmConfig running(Request request) {
    // Nothing of what it booted matters any more, nor does an engine have to be there.
    return config(request, templates.boot(List.of()), new VmOrigin.Cold());
  }

  /// Ends the VMs that wait for a box.
  @Override
  public void close() {
    pool.close();
    guard.close();
  }
}
