package io.boxlite.vmm.qemu;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.boxlite.api.EngineException;
import io.boxlite.api.internal.SocketPaths;
import io.boxlite.vmm.Accelerator;
import io.boxlite.vmm.Vm;
import io.boxlite.vmm.VmConfig;
import io.boxlite.vmm.VmDisk;
import io.boxlite.vmm.VmExit;
import io.boxlite.vmm.VmFiles;
import io.boxlite.vmm.VmOrigin;
import io.boxlite.vmm.VmProcess;
import io.boxlite.vmm.VmmDriver;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// Real QEMU processes, with the emulator and without a guest.
@Timeout(60)
class QemuProcessTest {
  private static final Duration PATIENCE = Duration.ofSeconds(10);

  @TempDir Path directory;

  private VmmDriver driver;

  @BeforeEach
  void openDriver() {
    driver = driver();
  }

  @AfterEach
  void nothingIsLeft() throws IOException {
    try (Stream<ProcessHandle> processes = ProcessHandle.allProcesses()) {
      List<ProcessHandle> left =
          processes
              .filter(p -> p.info().commandLine().orElse("").contains(directory.toString()))
              .toList();
      left.forEach(ProcessHandle::destroyForcibly);
      assertThat(left).isEmpty();
    }
    try (Stream<Path> files = Files.walk(directory)) {
      assertThat(files.filter(f -> f.toString().endsWith(".sock"))).isEmpty();
    }
  }

  private VmmDriver driver(String... extra) {
    Map<String, String> environment = new HashMap<>(System.getenv());
    environment.put("BOXLITE_TMPDIR", directory.toString());
    QemuOptions options =
        new QemuOptions(
            Accelerator.Choice.TCG,
            boot(),
            QemuOptions.PROBE_LIMIT,
            directory.resolve("kvm.json"),
            environment);
    return QemuDriver.open(options, command -> withoutKernel(command, extra));
  }

  private VmConfig.Boot boot() {
    return new VmConfig.Boot(directory.resolve("vmlinuz"), directory.resolve("initrd"), List.of());
  }

  private static List<String> withoutKernel(List<String> command, String... extra) {
    int kernel = command.indexOf("-kernel");
    List<String> changed = new ArrayList<>(kernel < 0 ? command : command.subList(0, kernel));
    changed.addAll(List.of(extra));
    return changed;
  }

  private VmConfig config(Path run, VmOrigin origin, List<VmDisk> disks) {
    return new VmConfig("box-1", boot(), 1, 64, files(run), origin, disks);
  }

  private VmConfig config(Path run, List<VmDisk> disks) {
    return config(run, new VmOrigin.Cold(), disks);
  }

  private static VmFiles files(Path run) {
    return VmFiles.in(run, run.resolve("console.log"), run.resolve("qemu.log"));
  }

  private VmConfig config() {
    return config(directory, List.of());
  }

  private VmDisk layers() throws IOException {
    StringBuilder descriptor =
        new StringBuilder(
            """
            # Disk DescriptorFile
            version=1
            CID=fffffffe
            parentCID=ffffffff
            createType="twoGbMaxExtentFlat"
            """);
    for (int i = 0; i < 2; i++) {
      Path file = directory.resolve("layer" + i + ",with comma.erofs");
      Files.write(file, new byte[1 << 20]);
      descriptor.append("RW 2048 FLAT \"" + file.getFileName() + "\" 0\n");
    }
    Path file = directory.resolve("layers,with comma.vmdk");
    Files.writeString(file, descriptor);
    return new VmDisk(VmDisk.Slot.LAYERS, file, VmDisk.Format.VMDK);
  }

  private VmDisk own() throws IOException, InterruptedException {
    Path file = directory.resolve("disk.qcow2");
    Process create =
        new ProcessBuilder("qemu-img", "create", "-q", "-f", "qcow2", file.toString(), "1G")
            .inheritIO()
            .start();
    assertThat(create.waitFor()).isZero();
    return new VmDisk(VmDisk.Slot.BOX, file, VmDisk.Format.QCOW2);
  }

  private VmDisk missing(VmDisk.Slot slot) {
    return new VmDisk(slot, directory.resolve("missing.qcow2"), VmDisk.Format.QCOW2);
  }

  @Test
  void startRunsAVmWithItsDisksAndQuitLeavesNothing() throws Exception {
    try (Vm vm = driver.start(config(directory, List.of(layers())))) {
      assertThat(vm.isAlive()).isTrue();
      assertThat(vm.portalSocket()).exists();
      assertThat(vm.usage().orElseThrow().residentBytes()).isGreaterThan(1 << 20);
      assertThat(parentSession(vm.process().pid())).isEqualTo(vm.process().pid());
      vm.pause();
      vm.resume();
      vm.attach(own());
      vm.quit(PATIENCE);
      assertThat(vm.isAlive()).isFalse();
      assertThat(vm.usage()).isEmpty();
      VmExit exit = vm.onExit().get(5, SECONDS);
      assertThat(exit.status()).hasValue(0);
      assertThat(exit.cause()).isEqualTo("host-qmp-quit");
      vm.quit(PATIENCE);
    }
  }

  /// Session id: field 6 of the process's status.
  private static long parentSession(long pid) throws IOException {
    String stat = Files.readString(Path.of("/proc/" + pid + "/stat"));
    return Long.parseLong(stat.substring(stat.lastIndexOf(')') + 2).split(" ")[3]);
  }

  @Test
  void theProcessSeesNothingOfOurEnvironment() throws Exception {
    try (Vm vm = driver.start(config())) {
      String environment = Files.readString(Path.of("/proc/" + vm.process().pid() + "/environ"));
      assertThat(environment.split("\0"))
          .allMatch(v -> v.matches("(PATH|HOME|LANG)=.*"))
          .contains("HOME=/");
      assertThat(Path.of("/proc/" + vm.process().pid() + "/fd/0").toRealPath())
          .isEqualTo(Path.of("/dev/null"));
      vm.kill();
    }
  }

  @Test
  void manyVmsShareAReadOnlyDisk() throws Exception {
    VmDisk shared = layers();
    Path other = Files.createDirectory(directory.resolve("other"));
    try (Vm first = driver.start(config(directory, List.of(shared)));
        Vm second = driver.start(config(other, List.of(shared)))) {
      first.kill();
      second.kill();
    }
  }

  @Test
  void aWritableDiskOfAnotherVmIsRefusedAndNothingIsLeft() throws Exception {
    VmDisk disk = own();
    Path other = Files.createDirectory(directory.resolve("other"));
    try (Vm first = driver.start(config(directory, List.of(disk)))) {
      assertThatThrownBy(() -> driver.start(config(other, List.of(disk))))
          .isInstanceOf(EngineException.class)
          .hasMessageContaining("blockdev-add")
          .hasMessageContaining("lock");
      first.kill();
    }
  }

  @Test
  void attachOfAMissingFileOrToATakenSlotLeavesTheVmAsItWas() throws Exception {
    try (Vm vm = driver.start(config(directory, List.of(layers())))) {
      assertThatThrownBy(() -> vm.attach(missing(VmDisk.Slot.BOX)))
          .isInstanceOf(EngineException.class)
          .hasMessageContaining("missing.qcow2");
      assertThatThrownBy(() -> vm.attach(layers())).isInstanceOf(EngineException.class);
      vm.attach(own());
      vm.kill();
    }
  }

  @Test
  void killIsNoticedAtOnce() throws Exception {
    try (Vm vm = driver.start(config())) {
      long start = System.nanoTime();
      vm.kill();
      VmExit exit = vm.onExit().get(5, SECONDS);
      assertThat(exit.status()).hasValue(128 + 9);
      assertThat(exit.cause()).isEmpty();
      assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(Duration.ofSeconds(2));
    }
  }

  @Test
  void aDroppedVmRunsOnAndIsTakenOverAndItsEndIsNoticed() throws Exception {
    Vm first = driver.start(config());
    VmProcess process = first.process();
    first.close();
    first.close();
    try (Vm second = driver().reattach(config(), process).orElseThrow()) {
      assertThat(second.isAlive()).isTrue();
      assertThat(second.process()).isEqualTo(process);
      second.pause();
      second.resume();
      second.attach(layers());
      ProcessHandle.of(process.pid()).orElseThrow().destroy();
      VmExit exit = second.onExit().get(5, SECONDS);
      assertThat(exit.status()).isEmpty();
      assertThat(exit.cause()).isEqualTo("host-signal");
      second.quit(PATIENCE);
    }
    assertThat(driver.reattach(config(), process)).isEmpty();
  }

  @Test
  void aReattachedVmQuits() throws Exception {
    Vm first = driver.start(config());
    first.close();
    try (Vm second = driver.reattach(config(), first.process()).orElseThrow()) {
      second.quit(PATIENCE);
      assertThat(second.isAlive()).isFalse();
      assertThat(second.onExit().get(5, SECONDS).cause()).isEqualTo("host-qmp-quit");
    }
  }

  @Test
  void aRecycledPidIsNeverTouched() throws Exception {
    Process stranger = new ProcessBuilder("sleep", "60").start();
    try {
      VmProcess recorded = new VmProcess(stranger.pid(), 1);
      assertThat(driver.reattach(config(), recorded)).isEmpty();
      driver.kill(config(), recorded);
      assertThat(stranger.isAlive()).isTrue();
    } finally {
      stranger.destroyForcibly().waitFor();
    }
  }

  @Test
  void aStoppedProcessIsKilledInTime() throws Exception {
    try (Vm vm = driver.start(config())) {
      new ProcessBuilder("kill", "-STOP", Long.toString(vm.process().pid())).start().waitFor();
      vm.quit(Duration.ofMillis(400));
      assertThat(vm.isAlive()).isFalse();
      assertThat(vm.onExit().get(5, SECONDS).status()).hasValue(128 + 9);
    }
  }

  @Test
  void killByRecordEndsAVmThatNobodyHolds() throws Exception {
    Vm vm = driver.start(config());
    vm.close();
    driver.kill(config(), vm.process());
    assertThat(driver.reattach(config(), vm.process())).isEmpty();
  }

  @Test
  void startEndsAStrayVmOnTheSameSockets() throws Exception {
    Vm stray = driver.start(config());
    stray.close();
    try (Vm vm = driver.start(config())) {
      assertThat(stray.isAlive()).isFalse();
      assertThat(vm.isAlive()).isTrue();
      vm.kill();
    }
  }

  @Test
  void aQemuThatEndsAtOnceIsReportedWithItsLogAndStatus() {
    assertThatThrownBy(() -> driver("-no-such-option").start(config()))
        .isInstanceOfSatisfying(
            EngineException.class, e -> assertThat(e.details()).containsEntry("exit_status", "1"))
        .hasMessageContaining("no-such-option");
  }

  @Test
  void aQemuThatEndsAfterItHasOpenedItsSocketsIsReportedWithItsLogAndStatus() {
    assertThatThrownBy(() -> driver("-device", "no-such-device").start(config()))
        .isInstanceOfSatisfying(
            EngineException.class, e -> assertThat(e.details()).containsEntry("exit_status", "1"))
        .hasMessageContaining("no-such-device");
  }

  @Test
  void aMissingRunDirectoryIsReported() {
    assertThatThrownBy(() -> driver.start(config(directory.resolve("none"), List.of())))
        .isInstanceOf(EngineException.class)
        .hasMessageContaining("none");
  }

  @Test
  void aFailedDiskLeavesNothingBehind() {
    VmDisk missing = missing(VmDisk.Slot.LAYERS);
    assertThatThrownBy(() -> driver.start(config(directory, List.of(missing))))
        .isInstanceOf(EngineException.class)
        .hasMessageContaining("missing.qcow2");
  }

  @Test
  void socketsWithLongPathsWork() throws Exception {
    Path run = Files.createDirectories(directory.resolve("long".repeat(25)).resolve("more"));
    VmConfig config = config(run, List.of());
    try (Vm vm = driver.start(config)) {
      assertThat(vm.portalSocket().toString().length()).isLessThanOrEqualTo(SocketPaths.MAX_BYTES);
      assertThat(run.resolve("portal.sock")).exists();
      vm.quit(PATIENCE);
    }
  }

  @Test
  void engineSaysWhatRuns() {
    assertThat(driver.engine().toString()).matches("qemu \\d+\\.\\d+.* \\(tcg\\)");
  }

  @Test
  void aMissingQemuIsNamedWithItsPackage() {
    QemuOptions options =
        new QemuOptions(
            Accelerator.Choice.AUTO,
            boot(),
            QemuOptions.PROBE_LIMIT,
            directory.resolve("kvm.json"),
            Map.of("PATH", directory.toString()));
    assertThatThrownBy(() -> QemuDriver.open(options).engine())
        .hasMessageContaining("qemu-system")
        .hasMessageContaining("apt-get install qemu-system-");
    assertThat(options.temporaryDirectory()).isEqualTo(Path.of("/tmp"));
  }
}
