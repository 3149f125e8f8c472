package io.boxlite.vmm.qemu.internal.probe;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class KvmDeviceTest {

  @Test
  void aMissingDeviceIsNamed(@TempDir Path directory) {
    assertThat(KvmDevice.obstacle(directory.resolve("kvm")).orElseThrow())
        .contains("no " + directory.resolve("kvm"))
        .contains("kvm_intel");
  }

  @Test
  void aDeviceThatIsNotKvmIsNamed() {
    assertThat(KvmDevice.obstacle(Path.of("/dev/null"))).isEmpty();
    assertThat(KvmDevice.refusal(Path.of("/dev/null")).orElseThrow())
        .contains("/dev/null makes no VM: errno 25");
  }
}
