package io.boxlite.vmm.qemu.internal.command;

import io.boxlite.api.UnsupportedEngineException;
import java.util.Locale;

/// What differs between the CPU architectures that guests run on: always that of the host.
public enum Architecture {
  /// 64-bit x86.
  X86_64("qemu-system-x86_64", "qemu-system-x86", "q35", "ttyS0", "max,erms=off"),
  /// 64-bit Arm.
  AARCH64("qemu-system-aarch64", "qemu-system-arm", "virt,gic-version=max", "ttyAMA0", "max");

  private final String binary;
  private final String debianPackage;
  private final String machine;
  private final String console;
  private final String emulatedCpu;

  Architecture(
      String binary, String debianPackage, String machine, String console, String emulatedCpu) {
    this.binary = binary;
    this.debianPackage = debianPackage;
    this.machine = machine;
    this.console = console;
    this.emulatedCpu = emulatedCpu;
  }

  /// Finds the one of a host.
  ///
  /// @param osArch as the system property `os.arch` has it
  /// @return the architecture
  /// @throws UnsupportedEngineException if boxes cannot run on it
  public static Architecture of(String osArch) {
    return switch (osArch.toLowerCase(Locale.ROOT)) {
      case "amd64", "x86_64" -> X86_64;
      case "aarch64", "arm64" -> AARCH64;
      default ->
          throw new UnsupportedEngineException(
              "unknown_architecture",
              "CPU architecture '" + osArch + "': boxes run on x86_64 and aarch64 hosts only");
    };
  }

  /// {@return the name of its QEMU program}
  public String binary() {
    return binary;
  }

  /// {@return the Debian package that has it}
  public String debianPackage() {
    return debianPackage;
  }

  String machine() {
    return machine;
  }

  String console() {
    return console;
  }

  /// {@return the CPU that is emulated: on x86 without ERMS, which promises fast copies by the byte
  /// and makes the guest use what is slowest of all under emulation}
  String emulatedCpu() {
    return emulatedCpu;
  }
}
