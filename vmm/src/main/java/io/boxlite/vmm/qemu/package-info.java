/// The VM driver over QEMU, with KVM where a guest has booted under it, else with QEMU's emulator.
package io.boxlite.vmm.qemu;
