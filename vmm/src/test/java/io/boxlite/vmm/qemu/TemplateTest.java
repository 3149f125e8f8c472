package io.boxlite.vmm.qemu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.boxlite.api.EngineException;
import io.boxlite.vmm.Accelerator;
import io.boxlite.vmm.Vm;
import io.boxlite.vmm.VmConfig;
import io.boxlite.vmm.VmDisk;
import io.boxlite.vmm.VmFiles;
import io.boxlite.vmm.VmOrigin;
import io.boxlite.vmm.VmTemplate;
import io.boxlite.vmm.VmmDriver;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// VMs that are saved and restored: real QEMU processes, with the emulator and without a kernel, so
/// that the guest is the firmware.
@Timeout(60)
class TemplateTest {
  private static final int MEMORY_MIB = 64;

  @TempDir Path directory;

  private VmmDriver driver;

  @BeforeEach
  void openDriver() {
    Map<String, String> environment = new HashMap<>(System.getenv());
    environment.put("BOXLITE_TMPDIR", directory.toString());
    QemuOptions options =
        new QemuOptions(
            Accelerator.Choice.TCG,
            boot(),
            QemuOptions.PROBE_LIMIT,
            directory.resolve("kvm.json"),
            environment);
    driver =
        QemuDriver.open(
            options,
            command -> {
              int kernel = command.indexOf("-kernel");
              return kernel < 0 ? command : command.subList(0, kernel);
            });
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

  private VmConfig.Boot boot() {
    return new VmConfig.Boot(directory.resolve("vmlinuz"), directory.resolve("initrd"), List.of());
  }

  private VmFiles files(String name) throws IOException {
    Path run = Files.createDirectories(directory.resolve(name));
    return VmFiles.in(run, run.resolve("console.log"), run.resolve("qemu.log"));
  }

  private VmConfig config(String name, VmOrigin origin) throws IOException {
    return new VmConfig(name, boot(), 1, MEMORY_MIB, files(name), origin, List.of());
  }

  private VmTemplate template() throws IOException {
    VmTemplate template =
        new VmTemplate(directory.resolve("memory"), directory.resolve("state,with comma"));
    try (Vm seed = driver.start(config("seed", new VmOrigin.Seed(template.memory())))) {
      seed.save(template.state());
      seed.kill();
    }
    return template;
  }

  private static ByteBuffer bytes(Path file) throws IOException {
    return ByteBuffer.wrap(Files.readAllBytes(file));
  }

  @Test
  void aSavedVmIsRestoredTwiceAtOnceAndItsFilesAreNotWritten() throws Exception {
    VmTemplate template = template();
    assertThat(template.memory()).hasSize((long) MEMORY_MIB << 20);
    assertThat(Files.getPosixFilePermissions(template.memory())).hasSize(2);
    assertThat(Files.getPosixFilePermissions(template.state())).hasSize(2);
    ByteBuffer memory = bytes(template.memory());
    ByteBuffer state = bytes(template.state());
    VmOrigin restored = new VmOrigin.Restored(template);
    try (Vm first = driver.start(config("first", restored));
        Vm second = driver.start(config("second", restored))) {
      assertThat(first.isAlive()).isTrue();
      assertThat(second.isAlive()).isTrue();
      second.pause();
      second.resume();
      first.quit(Duration.ofSeconds(10));
      second.kill();
    }
    assertThat(bytes(template.memory())).isEqualTo(memory);
    assertThat(bytes(template.state())).isEqualTo(state);
  }

  @Test
  void aRestoredVmHasTheDisksOfItsConfiguration() throws Exception {
    VmOrigin restored = new VmOrigin.Restored(template());
    Path layer = Files.write(directory.resolve("layer"), new byte[1 << 20]);
    Path descriptor =
        Files.writeString(
            directory.resolve("layers.vmdk"),
            """
            # Disk DescriptorFile
            version=1
            CID=fffffffe
            parentCID=ffffffff
            createType="twoGbMaxExtentFlat"
            RW 2048 FLAT "%s" 0
            """
                .formatted(layer.getFileName()));
    VmDisk layers = new VmDisk(VmDisk.Slot.LAYERS, descriptor, VmDisk.Format.VMDK);
    VmConfig bare = config("box", restored);
    VmConfig config =
        new VmConfig("box", boot(), 1, MEMORY_MIB, bare.files(), restored, List.of(layers));
    try (Vm vm = driver.start(config)) {
      // The slot is taken: the disk is in it.
      assertThatThrownBy(() -> vm.attach(layers)).isInstanceOf(EngineException.class);
      vm.kill();
    }
  }

  @Test
  void aRestoredVmWithoutItsDiskIsNotRefusedAsATemplate() throws Exception {
    VmOrigin restored = new VmOrigin.Restored(template());
    VmDisk missing = new VmDisk(VmDisk.Slot.BOX, directory.resolve("missing"), VmDisk.Format.QCOW2);
    VmFiles files = files("box");
    VmConfig config = new VmConfig("box", boot(), 1, MEMORY_MIB, files, restored, List.of(missing));
    assertThatThrownBy(() -> driver.start(config))
        .isInstanceOfSatisfying(
            EngineException.class, e -> assertThat(e.reason()).isEqualTo("qemu_start"));
  }

  private void assertRefused(VmTemplate template) {
    assertThatThrownBy(() -> driver.start(config("refused", new VmOrigin.Restored(template))))
        .isInstanceOfSatisfying(
            EngineException.class, e -> assertThat(e.reason()).isEqualTo("template_refused"));
  }

  @Test
  void aTruncatedStateIsRefusedWithTheWordsOfQemu() throws Exception {
    VmTemplate template = template();
    try (FileChannel state = FileChannel.open(template.state(), StandardOpenOption.WRITE)) {
      state.truncate(state.size() / 2);
    }
    assertThatThrownBy(() -> driver.start(config("cut", new VmOrigin.Restored(template))))
        .isInstanceOfSatisfying(
            EngineException.class,
            e -> {
              assertThat(e.reason()).isEqualTo("template_refused");
              assertThat(e.details()).containsEntry("exit_status", "1");
            })
        .hasMessageContaining("load");
  }

  @Test
  void aStateThatIsNoneIsRefused() throws Exception {
    VmTemplate template = template();
    Files.writeString(template.state(), "no state of a VM");
    assertRefused(template);
    Files.write(template.state(), new byte[0]);
    assertRefused(template);
    Files.delete(template.state());
    assertRefused(template);
  }

  @Test
  void aMemoryOfAnotherSizeIsRefusedAndNotChanged() throws Exception {
    VmTemplate template = template();
    Files.write(template.memory(), new byte[0]);
    assertRefused(template);
    assertThat(template.memory()).isEmptyFile();
    Files.delete(template.memory());
    assertRefused(template);
  }

  @Test
  void aMemoryThatIsThereAlreadyIsNotOverwritten() throws Exception {
    Path memory = Files.writeString(directory.resolve("memory"), "of another template");
    VmConfig config = config("seed", new VmOrigin.Seed(memory));
    assertThatThrownBy(() -> driver.start(config)).hasMessageContaining("memory");
    assertThat(memory).hasContent("of another template");
  }

  @Test
  void aVmWhoseMemoryIsNotAFileIsNotSaved() throws Exception {
    try (Vm vm = driver.start(config("cold", new VmOrigin.Cold()))) {
      assertThatThrownBy(() -> vm.save(directory.resolve("state")))
          .isInstanceOfSatisfying(
              EngineException.class, e -> assertThat(e.reason()).isEqualTo("save_failed"));
      vm.kill();
    }
  }

  @Test
  void aStateThatIsThereAlreadyIsNotOverwritten() throws Exception {
    Path state = Files.writeString(directory.resolve("state"), "of another template");
    try (Vm vm = driver.start(config("seed", new VmOrigin.Seed(directory.resolve("memory"))))) {
      assertThatThrownBy(() -> vm.save(state))
          .isInstanceOfSatisfying(
              EngineException.class, e -> assertThat(e.reason()).isEqualTo("save_failed"));
      vm.kill();
    }
    assertThat(state).hasContent("of another template");
  }

  @Test
  void aMovedVmIsReattachedAtItsNewPlaceAndLeavesNothing() throws Exception {
    VmTemplate template = template();
    VmFiles pool = files("pool");
    VmFiles box = files("box" + "-long".repeat(25));
    Files.writeString(box.consoleLog(), "an earlier run\n");
    VmOrigin restored = new VmOrigin.Restored(template);
    Vm vm = driver.start(config("pool", restored));
    vm.moveTo(box);
    assertThat(vm.portalSocket()).exists();
    assertThat(box.consoleLog()).content().startsWith("an earlier run\n");
    assertThat(pool.runDir()).isEmptyDirectory();
    vm.pause();
    vm.close();
    VmConfig moved = new VmConfig("pool", boot(), 1, MEMORY_MIB, box, restored, List.of());
    try (Vm again = driver.reattach(moved, vm.process()).orElseThrow()) {
      again.resume();
      again.quit(Duration.ofSeconds(10));
    }
  }

  @Test
  void aMovedVmThatIsKilledLeavesNothing() throws Exception {
    try (Vm vm = driver.start(config("pool", new VmOrigin.Cold()))) {
      vm.moveTo(files("box"));
      vm.kill();
    }
  }
}
