package io.boxlite.vmm.qemu.internal.template;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.boxlite.api.EngineException;
import io.boxlite.vmm.Accelerator;
import io.boxlite.vmm.VmConfig;
import io.boxlite.vmm.qemu.internal.command.Architecture;
import io.boxlite.vmm.qemu.internal.probe.QemuBinary;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TemplateKeyTest {
  private static final String CPU =
      """
      processor\t: 0
      model name\t: A
      cpu MHz\t\t: 2000
      flags\t\t: fpu sse

      processor\t: 1
      """;

  @TempDir Path directory;

  private TemplateKey keys;
  private Path kernel;
  private Path initramfs;
  private Path qemu;

  @BeforeEach
  void makeFiles() throws IOException {
    keys = new TemplateKey(directory);
    kernel = Files.writeString(directory.resolve("vmlinuz"), "kernel");
    initramfs = Files.writeString(directory.resolve("initramfs"), "initramfs");
    qemu = Files.writeString(directory.resolve("qemu"), "qemu");
    Files.writeString(directory.resolve("cpuinfo"), CPU);
    Files.createDirectories(directory.resolve("sys/kernel"));
    Files.writeString(directory.resolve("sys/kernel/osrelease"), "6.1.0\n");
  }

  private String key(Accelerator accelerator) {
    return key(accelerator, "7.2.22", new VmConfig.Boot(kernel, initramfs, List.of("a=1")), 1, 512);
  }

  private String key(
      Accelerator accelerator, String version, VmConfig.Boot boot, int cpus, int memoryMib) {
    QemuBinary binary = new QemuBinary(qemu, version);
    return keys.of(binary, Architecture.X86_64, accelerator, boot, cpus, memoryMib);
  }

  @Test
  void theSameVmHasTheSameKeyWhereverItsFilesAre() throws IOException {
    String key = key(Accelerator.TCG);
    assertThat(key).matches("[0-9a-f]{32}").isEqualTo(key(Accelerator.TCG));
    kernel = Files.copy(kernel, directory.resolve("vmlinuz2"));
    keys = new TemplateKey(directory);
    assertThat(key(Accelerator.TCG)).isEqualTo(key);
  }

  @Test
  void everyInputChangesTheKey() throws IOException {
    VmConfig.Boot boot = new VmConfig.Boot(kernel, initramfs, List.of("a=1"));
    String key = key(Accelerator.TCG);
    assertThat(
            List.of(
                key(Accelerator.KVM),
                key(Accelerator.TCG, "7.2.23", boot, 1, 512),
                key(Accelerator.TCG, "7.2.22", boot, 2, 512),
                key(Accelerator.TCG, "7.2.22", boot, 1, 513),
                key(
                    Accelerator.TCG,
                    "7.2.22",
                    new VmConfig.Boot(kernel, initramfs, List.of("a=2")),
                    1,
                    512)))
        .doesNotHaveDuplicates()
        .doesNotContain(key);
  }

  @Test
  void aChangedFileChangesTheKey() throws IOException {
    String first = key(Accelerator.TCG);
    Files.writeString(kernel, "kernel 2");
    String second = key(Accelerator.TCG);
    Files.writeString(initramfs, "initramfs 2");
    String third = key(Accelerator.TCG);
    Files.setLastModifiedTime(qemu, FileTime.fromMillis(1));
    assertThat(List.of(first, second, third, key(Accelerator.TCG))).doesNotHaveDuplicates();
  }

  @Test
  void underKvmTheHostCounts() throws IOException {
    String tcg = key(Accelerator.TCG);
    String first = key(Accelerator.KVM);
    Files.writeString(directory.resolve("cpuinfo"), CPU.replace("fpu sse", "fpu sse avx"));
    String second = key(Accelerator.KVM);
    Files.writeString(directory.resolve("sys/kernel/osrelease"), "6.2.0\n");
    assertThat(List.of(first, second, key(Accelerator.KVM))).doesNotHaveDuplicates();
    assertThat(key(Accelerator.TCG)).isEqualTo(tcg);
  }

  @Test
  void theSpeedOfTheMomentDoesNotCount() throws IOException {
    String first = key(Accelerator.KVM);
    Files.writeString(directory.resolve("cpuinfo"), CPU.replace("2000", "2100"));
    assertThat(key(Accelerator.KVM)).isEqualTo(first);
  }

  @Test
  void aFileThatCannotBeReadIsNamed() throws IOException {
    Files.delete(kernel);
    assertThatThrownBy(() -> key(Accelerator.TCG))
        .isInstanceOf(EngineException.class)
        .hasMessageContaining("vmlinuz");
  }
}
