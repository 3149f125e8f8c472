package io.boxlite.vmm.qemu.internal.command;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.avaje.json.mapper.JsonMapper;
import io.boxlite.api.UnsupportedEngineException;
import io.boxlite.vmm.Accelerator;
import io.boxlite.vmm.VmConfig;
import io.boxlite.vmm.VmDisk;
import io.boxlite.vmm.qemu.internal.command.QemuCommand.Sockets;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Compares with golden files: a change of the command line is a change of those.
class QemuCommandTest {
  private static final Path RUN = Path.of("/home/u/.boxlite/boxes/01J,X");

  private static List<String> command(Architecture architecture, Accelerator accelerator) {
    Sockets sockets =
        new Sockets(
            RUN.resolve("qmp.sock"), RUN.resolve("portal.sock"), RUN.resolve("started.sock"));
    VmConfig config =
        new VmConfig(
            "01JX",
            new VmConfig.Boot(
                Path.of("/opt/guest,1/vmlinuz"),
                Path.of("/opt/guest,1/initramfs.gz"),
                List.of("boxlite.debug=1")),
            2,
            512,
            RUN,
            sockets.qmp(),
            sockets.portal(),
            RUN.resolve("logs/console.log"),
            RUN.resolve("logs/qemu.log"),
            List.of());
    return QemuCommand.of(
        Path.of("/usr/bin", architecture.binary()), architecture, accelerator, config, sockets);
  }

  @ParameterizedTest
  @CsvSource({"X86_64, TCG", "X86_64, KVM", "AARCH64, TCG", "AARCH64, KVM"})
  void theWholeCommandLineIsAsExpected(Architecture architecture, Accelerator accelerator)
      throws IOException {
    assertThat(command(architecture, accelerator))
        .isEqualTo(golden(architecture + "-" + accelerator + ".txt").lines().toList());
  }

  @Test
  void diskCommandsAreAsExpected() throws IOException {
    VmDisk layer = new VmDisk(3, Path.of("/home/u/a,b.erofs"), VmDisk.Format.RAW, true);
    VmDisk own = new VmDisk(0, Path.of("/home/u/disk.qcow2"), VmDisk.Format.QCOW2, false);
    JsonMapper json = JsonMapper.builder().build();
    List<Map<String, Object>> commands =
        List.of(
            DiskCommands.blockdevAdd(layer),
            DiskCommands.deviceAdd(layer),
            DiskCommands.blockdevAdd(own),
            DiskCommands.deviceAdd(own));
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
