package io.boxlite.runtime.internal.lifecycle;

import io.boxlite.api.BootTiming;
import io.boxlite.api.BoxLog;
import io.boxlite.api.BoxliteException;
import io.boxlite.api.EngineException;
import io.boxlite.api.ErrorCode;
import io.boxlite.api.InternalException;
import io.boxlite.api.PortalException;
import io.boxlite.api.VolumeMount;
import io.boxlite.api.internal.CrashPoint;
import io.boxlite.image.PreparedImage;
import io.boxlite.protocol.agent.v1.ContainerState;
import io.boxlite.protocol.agent.v1.CreateContainerRequest;
import io.boxlite.runtime.internal.disk.BoxDisks;
import io.boxlite.runtime.internal.disk.LayersDisk;
import io.boxlite.runtime.internal.layout.BoxLayout;
import io.boxlite.runtime.internal.log.InitLog;
import io.boxlite.runtime.internal.network.BoxNet;
import io.boxlite.runtime.internal.network.StartingNetwork;
import io.boxlite.runtime.internal.portal.Portal;
import io.boxlite.runtime.internal.state.BoxRecord;
import io.boxlite.runtime.internal.state.BoxRecord.RecordedVm;
import io.boxlite.runtime.internal.vm.AgentVm;
import io.boxlite.runtime.internal.vm.HelperProcess;
import io.boxlite.runtime.internal.vm.SpawnedVm;
import io.boxlite.runtime.internal.vm.VmSource;
import io.boxlite.runtime.internal.volume.FirstUse;
import io.boxlite.runtime.internal.volume.VolumeServer;
import io.boxlite.vmm.Vm;
import io.boxlite.vmm.VmActivity;
import io.boxlite.vmm.VmConfig;
import io.boxlite.vmm.VmDisk;
import io.boxlite.vmm.VmExit;
import io.boxlite.vmm.VmProcess;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.function.Consumer;

/// Brings a box from disk to a VM whose container is made and runs nothing yet; and takes over a VM
/// that an earlier supervisor brought there. Each step undoes itself when a later one fails.
final class BoxBoot {
  private static final int CONSOLE_TAIL_BYTES = 1500;

  /// How long the first call to an agent that should be there is waited for.
  private static final Duration FIRST_CALL = Duration.ofSeconds(3);

  private final BoxContext context;
  private final String id;
  private final BoxLayout files;

  BoxBoot(BoxContext context, String id) {
    this.context = context;
    this.id = id;
    this.files = context.layout().box(id);
  }

  /// What a boot came to.
  ///
  /// @param running the run
  /// @param command program of the main command
  /// @param timing how long each stage took; the container's is not over yet
  record Booted(RunningBox running, String command, BootTiming timing) {}

  /// Boots: the VM is had while its disks are made.
  ///
  /// @param box its record
  /// @param spawned through which any thread may end the VM meanwhile
  /// @param onSpawned told the VM as soon as there is one, and any that takes its place
  /// @return the run
  Booted boot(BoxRecord box, SpawnedVm spawned, Consumer<Vm> onSpawned) {
    try (FirstUse first =
        context.volumes().firstUse(box.options().volumes(), spawned::isUnwanted)) {
      return boot(box, first, spawned, onSpawned);
    }
  }

  private Booted boot(BoxRecord box, FirstUse first, SpawnedVm spawned, Consumer<Vm> onSpawned) {
    Stopwatch watch = new Stopwatch();
    // Before anything changes: what is missing on the host is the caller's to mend.
    Optional<HelperProcess> volumes = volumes(box);
    StartingNetwork network = context.networks().start(id, box.options().network(), files);
    VmSource.Request request = request(box);
    FutureTask<AgentVm> vm =
        new FutureTask<>(() -> context.vms().start(request, spawned, onSpawned));
    Thread starting = Thread.ofVirtual().name("vm-" + box.id()).start(vm);
    try {
      BoxFiles made = makeFiles(box, first.volumes(), network);
      AgentVm agent = join(vm);
      watch.lap();
      volumes.ifPresent(server -> server.connect(agent.vm().volumesSocket()));
      CrashPoint.reached("start.volumes");
      BoxNet net = network.connect(agent.vm()::networkSocket);
      CrashPoint.reached("start.network");
      return create(box, made, agent, net, first, watch);
    } catch (RuntimeException e) {
      BoxliteException told = explain(e);
      spawned.kill();
      starting.interrupt();
      release(vm);
      throw told;
    } finally {
      volumes.ifPresent(HelperProcess::close);
      network.close();
    }
  }

  /// Waits until the start of a VM that was ended has noticed, so that it changes nothing later.
  private static void release(FutureTask<AgentVm> vm) {
    boolean interrupted = false;
    while (true) {
      try {
        AgentVm agent = vm.get();
        agent.portal().close();
        agent.vm().close();
        break;
      } catch (ExecutionException _) {
        break; // it has cleaned up after itself
      } catch (InterruptedException _) {
        interrupted = true;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  private Booted create(
      BoxRecord box, BoxFiles made, AgentVm agent, BoxNet net, FirstUse first, Stopwatch watch) {
    try {
      made.disks().forEach(agent.vm()::attach);
      CrashPoint.reached("start.attached");
      createContainer(agent, ContainerRequests.prepared(made.request(), Instant.now()));
      CrashPoint.reached("start.created");
      first.done();
      CrashPoint.reached("start.filled");
      return booted(box, made, agent, net, watch);
    } catch (RuntimeException e) {
      net.close();
      throw e;
    }
  }

  private Booted booted(BoxRecord box, BoxFiles made, AgentVm agent, BoxNet net, Stopwatch watch) {
    InitLog log = InitLog.begin(files.log(BoxLog.INIT));
    return new Booted(
        new RunningBox(box.containerId(), agent.vm(), agent.portal(), net, log, false),
        made.request().getInit().getArgv(0).toStringUtf8(),
        new BootTiming(
            agent.origin(),
            watch.total(),
            made.imagePrepare(),
            made.filesystemSetup(),
            made.boxConfig(),
            agent.spawn(),
            agent.guestBoot(),
            watch.lap()));
  }

  private Optional<HelperProcess> volumes(BoxRecord box) {
    List<VolumeServer.Share> shares =
        box.options().volumes().stream()
            .map(volume ->
                new VolumeServer.Share(
                    context.volumes().path(volume).toString(),
                    volume.readOnly(),
                    !(volume.source() instanceof VolumeMount.HostPath)))
            .toList();
    return shares.isEmpty()
        ? Optional.empty()
        : Optional.of(
            VolumeServer.open(context.options().volumeServer(), shares, files.volumesLog()));
  }

  private void createContainer(AgentVm agent, CreateContainerRequest request) {
    FullDiskEnd full = new FullDiskEnd(agent.vm());
    try {
      agent.portal().createContainer(request);
    } catch (PortalException e) {
      throw full.explain("start of box " + id, files.directory(), e);
    }
  }

  /// Waits for the VM.
  private static AgentVm join(FutureTask<AgentVm> vm) {
    try {
      return vm.get();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new EngineException("interrupted", "start of a box was interrupted", e, Map.of());
    } catch (ExecutionException e) {
      if (e.getCause() instanceof RuntimeException known) {
        throw known;
      }
      throw new InternalException("start_failed", "start of a box: " + e.getCause(), e, Map.of());
    }
  }

  /// What a box needs beside its VM.
  private record BoxFiles(
      List<VmDisk> disks,
      CreateContainerRequest request,
      Duration imagePrepare,
      Duration filesystemSetup,
      Duration boxConfig) {}

  private BoxFiles makeFiles(BoxRecord box, Set<VolumeMount> fill, StartingNetwork network) {
    Stopwatch watch = new Stopwatch();
    PreparedImage prepared = context.images().prepare(context.image(box));
    Duration imagePrepare = watch.lap();
    CrashPoint.reached("start.image");
    List<LayersDisk.Extent> layers = LayersDisk.write(files.layersDisk(), prepared.layers());
    CrashPoint.reached("start.layers");
    context.disks().ensure(files.disk(), BoxDisks.sizeGib(box.options()));
    Duration filesystemSetup = watch.lap();
    CrashPoint.reached("start.disk");
    CreateContainerRequest request =
        ContainerRequests.create(box, prepared.config(), layers, fill, network.trust());
    return new BoxFiles(
        List.of(
            new VmDisk(VmDisk.Slot.LAYERS, files.layersDisk(), VmDisk.Format.VMDK),
            new VmDisk(
                VmDisk.Slot.BOX, files.disk(), VmDisk.Format.QCOW2, box.options().autoRemove())),
        request,
        imagePrepare,
        filesystemSetup,
        watch.lap());
  }

  /// Waits until what served its VM, which has ended, has ended too: nothing is written any more.
  ///
  /// @throws EngineException if that takes too long
  void awaitServers() {
    HelperProcess.awaitEnd("volumes", files.volumesLog());
    HelperProcess.awaitEnd("network", files.networkLog());
  }

  /// {@return the box's files}
  BoxLayout files() {
    return files;
  }

  /// {@return where the box's files are}
  Path directory() {
    return files.directory();
  }

  /// Says that the box runs its main command: others of its kind are expected. Does not block.
  void started(BoxRecord box) {
    VmSource.Request request = request(box);
    context.inBackground(box.id(), "started", () -> context.vms().started(request));
  }

  private VmSource.Request request(BoxRecord box) {
    return new VmSource.Request(
        box.id(),
        box.options().cpus(),
        box.options().memoryMib(),
        files.vm(),
        box.options().noTemplate());
  }

  /// Finds a VM that stands still because the host's disk is full. Its agent cannot answer.
  ///
  /// @param box its record, with the VM's process
  /// @return the VM, which the caller closes; empty when it runs, or has ended
  Optional<Vm> findWaiting(BoxRecord box) {
    Optional<Vm> found = find(box);
    if (found.isPresent() && found.get().activity() != VmActivity.DISK_FULL) {
      found.get().close();
      return Optional.empty();
    }
    return found;
  }

  /// Takes over a VM. One that a user paused runs afterwards: only so its agent answers.
  ///
  /// @param box its record, with the VM's process
  /// @return the run, or empty when the VM has ended
  /// @throws BoxliteException if it cannot be taken over; the caller ends it
  Optional<RunningBox> takeOver(BoxRecord box) {
    Optional<Vm> found = find(box);
    if (found.isEmpty()) {
      return Optional.empty();
    }
    Vm vm = found.get();
    Portal portal = null;
    try {
      if (vm.activity() == VmActivity.PAUSED) {
        vm.resume(); // also when an earlier supervisor ended in the midst of a pause
      }
      portal = connect(vm);
      ContainerState state = portal.hello().getContainerState();
      if (state != ContainerState.CONTAINER_STATE_RUNNING
          && state != ContainerState.CONTAINER_STATE_EXITED) {
        throw new EngineException(
            "start_interrupted", "its supervisor ended while it was starting; start it again");
      }
      InitLog log = InitLog.resume(files.log(BoxLog.INIT));
      BoxNet net = context.networks().adopt(id, box.options().network(), files);
      RunningBox running = new RunningBox(box.containerId(), vm, portal, net, log, true);
      running.adoptExecs();
      return Optional.of(running);
    } catch (RuntimeException e) {
      if (portal != null) {
        portal.close();
      }
      vm.close();
      throw e;
    }
  }

  /// Connects to the agent of a VM that runs. It need not hear the first call: the guest may miss
  /// that its port was closed and opened again, as after it stood still meanwhile.
  Portal connect(Vm vm) {
    Duration limit = context.options().bootTimeout();
    long end = System.nanoTime() + limit.toNanos();
    for (Duration patience = FIRST_CALL; ; patience = patience.multipliedBy(2)) {
      Duration left = Duration.ofNanos(Math.max(0, end - System.nanoTime()));
      boolean last = left.compareTo(patience) <= 0;
      try {
        return AgentVm.connect(vm, last ? left : patience);
      } catch (PortalException e) {
        if (last || !e.reason().equals("timeout")) {
          throw e;
        }
      }
    }
  }

  /// {@return whether the host was booted since the VM of a box was started}
  ///
  /// @param box its record
  boolean isOfAnotherHostBoot(BoxRecord box) {
    return box.state().process().map(vm -> !vm.bootId().equals(hostBootId())).orElse(false);
  }

  private Optional<Vm> find(BoxRecord box) {
    Optional<RecordedVm> process = box.state().process();
    if (process.isEmpty() || isOfAnotherHostBoot(box)) {
      return Optional.empty();
    }
    return context.driver().reattach(vmConfig(box), vmProcess(process.get()));
  }

  /// Ends the VM of a box without talking to it.
  void endVm(BoxRecord box) {
    Optional<RecordedVm> process = box.state().process();
    if (process.isPresent() && !isOfAnotherHostBoot(box)) {
      context.driver().kill(vmConfig(box), vmProcess(process.get()));
    }
  }

  private VmConfig vmConfig(BoxRecord box) {
    return context.vms().running(request(box));
  }

  /// {@return why the VM of a box is no more}
  ///
  /// @param exit how it ended
  EngineException endedUnasked(VmExit exit) {
    String status = exit.status().isPresent() ? ", exit status " + exit.status().getAsInt() : "";
    return new EngineException(
        "vm_ended",
        "the VM of box "
            + id
            + " ended unasked: "
            + (exit.cause().isEmpty() ? "killed, or it crashed" : exit.cause())
            + status
            + "; see "
            + files.vmmLog());
  }

  /// Adds what the VM left on its console when a start failed in the VM.
  private BoxliteException explain(RuntimeException e) {
    if (!(e instanceof BoxliteException known)) {
      return new InternalException("start_failed", "start of a box: " + e, e, Map.of());
    }
    String tail = consoleTail();
    boolean inVm = known.code() == ErrorCode.PORTAL || known.code() == ErrorCode.ENGINE;
    if (!inVm || tail.isEmpty()) {
      return known;
    }
    return BoxliteException.of(
        known.code(),
        known.reason(),
        known.getMessage() + "; see " + files.log(BoxLog.CONSOLE),
        Map.of("console_tail", tail));
  }

  private String consoleTail() {
    try (InputStream console = Files.newInputStream(files.log(BoxLog.CONSOLE))) {
      long size = Files.size(files.log(BoxLog.CONSOLE));
      console.skipNBytes(Math.max(0, size - CONSOLE_TAIL_BYTES));
      byte[] tail = console.readNBytes(CONSOLE_TAIL_BYTES);
      return new String(tail, StandardCharsets.ISO_8859_1);
    } catch (IOException _) {
      return "";
    }
  }

  /// {@return how a VM's process is stored}
  ///
  /// @param vm the VM
  static RecordedVm recorded(Vm vm) {
    VmProcess process = vm.process();
    return new RecordedVm(process.pid(), process.startTime(), hostBootId());
  }

  private static VmProcess vmProcess(RecordedVm recorded) {
    return new VmProcess(recorded.pid(), recorded.startTime());
  }

  private static String hostBootId() {
    try {
      return Files.readString(Path.of("/proc/sys/kernel/random/boot_id")).strip();
    } catch (IOException e) {
      throw new EngineException("no_boot_id", "read the host's boot id: " + e, e, Map.of());
    }
  }

  /// Measures stages.
  private static final class Stopwatch {
    private final long start = System.nanoTime();
    private long last = start;

    Duration lap() {
      long now = System.nanoTime();
      Duration lap = Duration.ofNanos(now - last);
      last = now;
      return lap;
    }

    Duration total() {
      return Duration.ofNanos(System.nanoTime() - start);
    }
  }
}
