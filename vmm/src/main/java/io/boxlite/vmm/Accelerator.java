package io.boxlite.vmm;

import io.boxlite.api.ConfigException;
import java.util.Locale;

/// Who executes the guest's instructions. Immutable.
///
/// @since 0.1
public enum Accelerator {
  /// The host's CPU, through `/dev/kvm`.
  KVM,
  /// QEMU's own emulator: works everywhere, slower, and without a security promise of QEMU.
  TCG;

  /// {@return the name as QEMU, options and output have it: `kvm` or `tcg`}
  public String lowerName() {
    return name().toLowerCase(Locale.ROOT);
  }

  /// Which accelerator a user asks for. Immutable.
  ///
  /// @since 0.1
  public enum Choice {
    /// KVM where a guest has booted under it, else the emulator.
    AUTO,
    /// KVM or nothing.
    KVM,
    /// The emulator, without looking at KVM.
    TCG;

    /// Reads what a user wrote.
    ///
    /// @param text `auto`, `kvm` or `tcg`, in any case
    /// @return the choice
    /// @throws ConfigException if it is none of these
    public static Choice parse(String text) {
      for (Choice choice : values()) {
        if (choice.name().equalsIgnoreCase(text)) {
          return choice;
        }
      }
      throw new ConfigException(
          "unknown_accelerator",
          "accelerator '" + text + "': not known; use one of auto, kvm, tcg");
    }
  }
}
