package io.boxlite.vmm.qemu;

import io.boxlite.vmm.Engine;
import io.boxlite.vmm.Vm;
import io.boxlite.vmm.VmConfig;
import io.boxlite.vmm.VmProcess;
import io.boxlite.vmm.VmmDriver;
import java.util.Optional;

/// Runs VMs with QEMU. Thread-safe.
///
/// @since 0.1
public final class QemuDriver implements VmmDriver {
  private final QemuOptions options;

  private QemuDriver(QemuOptions options) {
    this.options = options;
  }

  /// Makes a driver. Looks at nothing yet: a host without QEMU shows at the first use.
  ///
  /// @param options how to use QEMU
  /// @return the driver
  public static QemuDriver open(QemuOptions options) {
    return new QemuDriver(options);
  }

  @Override
  public Engine engine() {
    throw new UnsupportedOperationException(options.toString());
  }

  @Override
  public Vm start(VmConfig config) {
    throw new UnsupportedOperationException();
  }

  @Override
  public Optional<Vm> reattach(VmConfig config, VmProcess process) {
    throw new UnsupportedOperationException();
  }

  @Override
  public void kill(VmConfig config, VmProcess process) {
    throw new UnsupportedOperationException();
  }
}
