package io.boxlite.runtime.internal.lifecycle;

import io.boxlite.api.BoxLog;
import io.boxlite.api.BoxMetrics.BootTiming;
import io.boxlite.api.BoxliteException;
import io.boxlite.api.ConfigException;
import io.boxlite.api.EngineException;
import io.boxlite.api.ErrorCode;
import io.boxlite.api.ImageException;
import io.boxlite.api.InternalException;
import io.boxlite.image.PreparedImage;
import io.boxlite.image.StoredImage;
import io.boxlite.protocol.agent.v1.ContainerState;
import io.boxlite.protocol.agent.v1.CreateContainerRequest;
import io.boxlite.runtime.internal.disk.BoxDisks;
import io.boxlite.runtime.internal.disk.LayersDisk;
import io.boxlite.runtime.internal.layout.BoxLayout;
import io.boxlite.runtime.internal.log.InitLog;
import io.boxlite.runtime.internal.portal.Portal;
import io.boxlite.runtime.internal.state.BoxRecord;
import io.boxlite.runtime.internal.state.BoxRecord.RecordedVm;
import io.boxlite.vmm.Vm;
import io.boxlite.vmm.VmConfig;
import io.boxlite.vmm.VmDisk;
import io.boxlite.vmm.VmOrigin;
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
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.function.Consumer;

/// Brings a box from disk to a VM whose container is made and runs nothing yet; and takes over a VM
/// that an earlier supervisor brought there. Each step undoes itself when a later one fails.
final class BoxBoot {
  /// They shorten the boot; docs/guest.md says by how much.
  private static final List<String> KERNEL_ARGUMENTS =
      List.of("tsc=reliable", "no_timer_check", "cryptomgr.notests");

  private static final int CONSOLE_TAIL_BYTES = 1500;

  private final BoxContext context;
  private final BoxLayout files;

  BoxBoot(BoxContext context, String id) {
    this.context = context;
    this.files = context.layout().box(id);
  }

  /// What a boot came to.
  ///
  /// @param running the run
  /// @param command program of the main command
  /// @param timing how long each stage took; the container's is not over yet
  record Booted(RunningBox running, String command, BootTiming timing) {}

  /// Boots.
  ///
  /// @param box its record
  /// @param onSpawned told the VM as soon as there is one; may be called by any thread to end it
  /// @return the run
  Booted boot(BoxRecord box, Consumer<Vm> onSpawned) {
    Stopwatch watch = new Stopwatch();
    PreparedImage prepared = context.images().prepare(image(box));
    List<LayersDisk.Extent> layers = LayersDisk.write(files.layersDisk(), prepared.layers());
    CreateContainerRequest request = ContainerRequests.create(box, prepared.config(), layers);
    Duration imagePrepare = watch.lap();
    context
        .disks()
        .ensure(files.disk(), box.options().diskSizeGb().orElse(BoxDisks.DEFAULT_SIZE_GIB));
    checkGuest();
    VmConfig config = vmConfig(box);
    Duration boxConfig = watch.lap();
    try (BootGate.Turn _ = context.gate().enter()) {
      watch.lap();
      Vm vm = context.driver().start(config);
      try {
        onSpawned.accept(vm);
        Duration spawn = watch.lap();
        Portal portal = connect(vm);
        try {
          portal.hello();
          portal.prepare(ContainerRequests.prepare(Instant.now()));
          Duration guestBoot = watch.lap();
          portal.createContainer(request);
          InitLog log = new InitLog(files.log(BoxLog.INIT));
          return new Booted(
              new RunningBox(box.containerId(), vm, portal, log, false),
              request.getInit().getArgv(0).toStringUtf8(),
              new BootTiming(
                  watch.total(), imagePrepare, boxConfig, spawn, guestBoot, watch.lap()));
        } catch (RuntimeException e) {
          portal.close();
          throw e;
        }
      } catch (RuntimeException e) {
        BoxliteException told = explain(e, vm);
        vm.kill();
        throw told;
      }
    }
  }

  /// Takes over a VM that runs.
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
      portal = connect(vm);
      ContainerState state = portal.hello().getContainerState();
      if (state != ContainerState.CONTAINER_STATE_RUNNING
          && state != ContainerState.CONTAINER_STATE_EXITED) {
        throw new EngineException(
            "start_interrupted", "its supervisor ended while it was starting; start it again");
      }
      InitLog log = new InitLog(files.log(BoxLog.INIT));
      RunningBox running = new RunningBox(box.containerId(), vm, portal, log, true);
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

  private Optional<Vm> find(BoxRecord box) {
    Optional<RecordedVm> process = box.state().process();
    if (process.isEmpty() || !process.get().bootId().equals(hostBootId())) {
      return Optional.empty();
    }
    return context.driver().reattach(vmConfig(box), vmProcess(process.get()));
  }

  /// Ends the VM of a box without talking to it.
  void endVm(BoxRecord box) {
    Optional<RecordedVm> process = box.state().process();
    if (process.isPresent() && process.get().bootId().equals(hostBootId())) {
      context.driver().kill(vmConfig(box), vmProcess(process.get()));
    }
  }

  /// Connects to the agent, for as long as the VM lives and the time lasts.
  Portal connect(Vm vm) {
    CompletableFuture<Portal> portal = new CompletableFuture<>();
    Thread connecting =
        Thread.ofVirtual()
            .name("portal-" + vm.id())
            .start(() -> connect(vm.portalSocket(), portal));
    var _ =
        vm.onExit()
            .thenAccept(exit ->
                portal.completeExceptionally(
                    new EngineException("vm_ended", "the VM ended: " + describe(exit.cause()))));
    try {
      return portal.join();
    } catch (CompletionException e) {
      connecting.interrupt();
      throw e.getCause() instanceof BoxliteException known ? known : e;
    }
  }

  private static String describe(String cause) {
    return cause.isEmpty() ? "killed, or it crashed" : cause;
  }

  private void connect(Path socket, CompletableFuture<Portal> result) {
    try {
      Portal portal = Portal.connect(socket, context.options().bootTimeout());
      if (!result.complete(portal)) {
        portal.close();
      }
    } catch (RuntimeException e) {
      result.completeExceptionally(e);
    }
  }

  private StoredImage image(BoxRecord box) {
    String id = box.state().imageId().orElseThrow();
    return context
        .images()
        .find(id)
        .orElseThrow(() ->
            new ImageException(
                "image_lost",
                "image "
                    + id
                    + " that box "
                    + box.id()
                    + " was made from is no longer in the store; load it again"));
  }

  private VmConfig vmConfig(BoxRecord box) {
    return new VmConfig(
        box.id(),
        new VmConfig.Boot(
            context.options().kernel(), context.options().initramfs(), KERNEL_ARGUMENTS),
        box.options().cpus(),
        box.options().memoryMib(),
        files.vm(),
        new VmOrigin.Cold(),
        List.of(
            new VmDisk(VmDisk.Slot.LAYERS, files.layersDisk(), VmDisk.Format.VMDK),
            new VmDisk(VmDisk.Slot.BOX, files.disk(), VmDisk.Format.QCOW2)));
  }

  /// Needed for a boot only: a VM that runs is taken over, or ended, without.
  private void checkGuest() {
    for (Path file : List.of(context.options().kernel(), context.options().initramfs())) {
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

  /// Adds what the VM left on its console when a start failed in the VM.
  private BoxliteException explain(RuntimeException e, Vm vm) {
    if (!(e instanceof BoxliteException known)) {
      return new InternalException("start_failed", "start of a box: " + e, e, Map.of());
    }
    String tail = consoleTail();
    boolean inVm = known.code() == ErrorCode.PORTAL || known.code() == ErrorCode.ENGINE;
    if (!inVm || tail.isEmpty()) {
      return known;
    }
    String ended = vm.isAlive() ? "" : " (the VM has ended)";
    return BoxliteException.of(
        known.code(),
        known.reason(),
        known.getMessage() + ended + "; see " + files.log(BoxLog.CONSOLE),
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
