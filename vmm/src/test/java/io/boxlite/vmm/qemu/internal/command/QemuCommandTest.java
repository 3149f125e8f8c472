package io.boxlite.vmm.qemu.internal.command;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.avaje.json.mapper.JsonMapper;
import io.boxlite.api.UnsupportedEngineException;
import io.boxlite.vmm.Accelerator;
import io.boxlite.vmm.VmConfig;
import io.boxlite.vmm.VmDisk;
import io.boxlite.vmm.VmFiles;
import io.boxlite.vmm.VmOrigin;
import io.boxlite.vmm.VmTemplate;
import io.boxlite.vmm.qemu.internal.command.QemuCommand.Sockets;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/// Compares with golden files: a change of the command line is a change of those.
class QemuCommandTest {
  private static final Path RUN = Path.of("/home/u/.boxlite/boxes/01J,X");

  private static final Path TEMPLATE = Path.of("/home/u/.boxlite/init/templates/0,1");

  private static List<String> command(
      Architecture architecture, Accelerator accelerator, VmOrigin origin) {
    return command(architecture, accelerator, origin, 2);
  }

  private static List<String> command(
      Architecture architecture, Accelerator accelerator, VmOrigin origin, int cpus) {
    Sockets sockets =
        new Sockets(
            RUN.resolve("qmp.sock"),
            RUN.resolve("portal.sock"),
            RUN.resolve("volumes.sock"),
            RUN.resolve("net.sock"),
            RUN.resolve("started.sock"));
    VmConfig config =
        new VmConfig(
            "01JX",
            new VmConfig.Boot(
                Path.of("/opt/guest,1/vmlinuz"),
                Path.of("/opt/guest,1/initramfs.gz"),
                List.of("boxlite.debug=1")),
            cpus,
            512,
            VmFiles.in(RUN, RUN.resolve("logs/console.log"), RUN.resolve("logs/qemu.log")),
            origin,
            List.of());
    return QemuCommand.of(
        Path.of("/usr/bin", architecture.binary()), architecture, accelerator, config, sockets);
  }

  @ParameterizedTest
  @CsvSource({"X86_64, TCG", "X86_64, KVM", "AARCH64, TCG", "AARCH64, KVM"})
  void theWholeCommandLineIsAsExpected(Architecture architecture, Accelerator accelerator)
      throws IOException {
    assertThat(command(architecture, accelerator, new VmOrigin.Cold()))
        .isEqualTo(golden(architecture + "-" + accelerator + ".txt").lines().toList());
  }

  /// Without room for another, QEMU elides the barriers that virtio needs.
  @ParameterizedTest
  @EnumSource(Architecture.class)
  void emulatorWithOneCpuHasRoomForAnother(Architecture architecture) {
    List<String> emulated = command(architecture, Accelerator.TCG, new VmOrigin.Cold(), 1);
    assertThat(emulated).containsSubsequence("-accel", "tcg,thread=multi", "-smp", "1,maxcpus=2");
    assertThat(emulated).last().asString().contains(" nr_cpus=1 ");
    assertThat(command(architecture, Accelerator.KVM, new VmOrigin.Cold(), 1))
        .containsSubsequence("-smp", "1");
  }

  /// Devices in another order, or another one, and the state does not fit.
  @ParameterizedTest
  @EnumSource(Architecture.class)
  void theOriginChangesOnlyWhereTheGuestBegins(Architecture architecture) {
    Path memory = TEMPLATE.resolve("memory");
    List<String> cold = command(architecture, Accelerator.TCG, new VmOrigin.Cold());
    List<String> seed = command(architecture, Accelerator.TCG, new VmOrigin.Seed(memory));
    List<String> restored =
        command(
            architecture,
            Accelerator.TCG,
            new VmOrigin.Restored(new VmTemplate(memory, TEMPLATE.resolve("state"))));
    int object = cold.indexOf("-object") + 1;
    List<String> expected = new ArrayList<>(cold);
    String file = "memory-backend-file,id=mem,mem-path=/home/u/.boxlite/init/templates/0,,1/memory";
    expected.set(object, file + ",share=on,size=512M,merge=off,dump=off");
    assertThat(seed).isEqualTo(expected);
    expected.set(object, file + ",share=off,size=512M,merge=off,dump=off");
    expected.subList(expected.indexOf("-kernel"), expected.size()).clear();
    expected.addAll(List.of("-incoming", "defer"));
    assertThat(restored).isEqualTo(expected);
  }

  @Test
  void diskCommandsAreAsExpected() throws IOException {
    VmDisk layers = new VmDisk(VmDisk.Slot.LAYERS, Path.of("/home/u/a,b.vmdk"), VmDisk.Format.VMDK);
    VmDisk own = new VmDisk(VmDisk.Slot.BOX, Path.of("/home/u/disk.qcow2"), VmDisk.Format.QCOW2);
    JsonMapper json = JsonMapper.builder().build();
    List<Map<String, Object>> commands =
        List.of(
            DiskCommands.blockdevAdd(layers),
            DiskCommands.setDrive(layers),
            DiskCommands.blockdevAdd(own),
            DiskCommands.setDrive(own),
            DiskCommands.blockdevAdd(new VmDisk(own.slot(), own.file(), own.format(), true)));
    List<Object> expected = golden("disks.txt").lines().map(json::fromJson).toList();
    assertThat(commands.stream().map(json::toJson).map(json::fromJson).toList())
        .isEqualTo(expected);
  }

  private static String golden(String name) throws IOException {
    try (InputStream stream = QemuCommandTest.class.getResourceAsStream(name)) {
      return new String(stream.readAllBytes(), StandardCharsets.UTF_8);
    }
  }

  @Test
  void otherArchitecturesAreRefused() {
    assertThat(Architecture.of("amd64")).isEqualTo(Architecture.X86_64);
    assertThat(Architecture.of("aarch64")).isEqualTo(Architecture.AARCH64);
    assertThatThrownBy(() -> Architecture.of("riscv64"))
        .isInstanceOf(UnsupportedEngineException.class)
        .hasMessageContaining("riscv64");
  }
}
