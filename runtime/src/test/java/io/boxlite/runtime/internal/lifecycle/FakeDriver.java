package io.boxlite.runtime.internal.lifecycle;

import io.boxlite.api.EngineException;
import io.boxlite.runtime.internal.portal.FakeAgent;
import io.boxlite.runtime.internal.portal.FakeService;
import io.boxlite.vmm.Accelerator;
import io.boxlite.vmm.Engine;
import io.boxlite.vmm.Vm;
import io.boxlite.vmm.VmActivity;
import io.boxlite.vmm.VmConfig;
import io.boxlite.vmm.VmDisk;
import io.boxlite.vmm.VmExit;
import io.boxlite.vmm.VmFiles;
import io.boxlite.vmm.VmOrigin;
import io.boxlite.vmm.VmProcess;
import io.boxlite.vmm.VmUsage;
import io.boxlite.vmm.VmmDriver;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;

/// VMs without a VM: each is a fake agent behind a socket.
public final class FakeDriver implements VmmDriver, AutoCloseable {
  public final FakeService service = new FakeService();
  public final List<FakeVm> vms = new CopyOnWriteArrayList<>();

  /// Origins of VMs that cannot be started.
  public final List<Class<? extends VmOrigin>> refused = new CopyOnWriteArrayList<>();

  /// Done before a VM is started.
  public volatile Runnable onStart = () -> {};

  @Override
  public Engine engine() {
    return new Engine("fake", "1", Accelerator.TCG, "it is fake");
  }

  @Override
  public Vm start(VmConfig config) {
    onStart.run();
    try {
      if (refused.stream().anyMatch(origin -> origin.isInstance(config.origin()))) {
        throw new EngineException("template_refused", "as the test wants it");
      }
      FakeVm vm = new FakeVm(config, new FakeAgent(service));
      vms.add(vm);
      return vm;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Override
  public Optional<Vm> reattach(VmConfig config, VmProcess process) {
    return Optional.empty();
  }

  @Override
  public void kill(VmConfig config, VmProcess process) {}

  @Override
  public String templateKey(VmConfig.Boot boot, int cpus, int memoryMib) {
    return "%016x%016x".formatted(cpus, memoryMib);
  }

  public FakeVm vm() {
    return vms.getLast();
  }

  @Override
  public void close() throws Exception {
    for (FakeVm vm : vms) {
      vm.agent.close();
    }
  }

  /// A VM that there is not.
  public static final class FakeVm implements Vm {
    public final VmConfig config;
    final FakeAgent agent;
    final CompletableFuture<VmExit> exit = new CompletableFuture<>();

    public final List<VmDisk> attached = new CopyOnWriteArrayList<>();
    public final List<VmFiles> moves = new CopyOnWriteArrayList<>();

    FakeVm(VmConfig config, FakeAgent agent) {
      this.config = config;
      this.agent = agent;
    }

    /// From here on nobody new reaches the VM's agent.
    public void loseAgent() {
      try {
        Files.delete(agent.socket());
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }

    public void die() {
      exit.complete(new VmExit(OptionalInt.of(139), ""));
    }

    @Override
    public String id() {
      return config.id();
    }

    @Override
    public VmProcess process() {
      return new VmProcess(ProcessHandle.current().pid(), 1);
    }

    @Override
    public Path volumesSocket() {
      return portalSocket();
    }

    @Override
    public Path networkSocket() {
      return portalSocket();
    }

    @Override
    public Path portalSocket() {
      return agent.socket();
    }

    @Override
    public boolean isAlive() {
      return !exit.isDone();
    }

    @Override
    public CompletableFuture<VmExit> onExit() {
      return exit;
    }

    public volatile VmActivity activity = VmActivity.RUNNING;

    /// The host has no room, whatever is tried.
    public volatile boolean full;

    public volatile Runnable onStop = () -> {};

    @Override
    public void pause() {
      activity = VmActivity.PAUSED;
    }

    @Override
    public void resume() {
      activity = VmActivity.RUNNING;
    }

    @Override
    public VmActivity activity() {
      return full ? VmActivity.DISK_FULL : activity;
    }

    @Override
    public void onStop(Runnable action) {
      onStop = action;
    }

    @Override
    public void attach(VmDisk disk) {
      attached.add(disk);
    }

    @Override
    public void goOnIn(VmDisk overlay) {
      attached.add(overlay);
    }

    @Override
    public void detach(VmDisk.Slot slot) {
      attached.removeIf(disk -> disk.slot() == slot);
    }

    /// {@return where the VM's guest began}
    public VmOrigin origin() {
      return config.origin();
    }

    @Override
    public void save(Path state) {
      if (!(config.origin() instanceof VmOrigin.Seed(Path memory))) {
        throw new EngineException("save_failed", "its memory is not in a file of its own");
      }
      try {
        Files.writeString(memory, "memory of " + id());
        Files.writeString(state, "state of " + id());
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }

    @Override
    public void moveTo(VmFiles files) {
      moves.add(files);
    }

    @Override
    public Optional<VmUsage> usage() {
      return Optional.empty();
    }

    @Override
    public void quit(Duration patience) {
      exit.complete(new VmExit(OptionalInt.of(0), "host-qmp-quit"));
      try {
        agent.dropConnection();
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }

    @Override
    public void close() {}
  }
}
