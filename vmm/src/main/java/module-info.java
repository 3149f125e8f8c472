/// Runs virtual machines: the driver contract, and its implementation over QEMU.
@org.jspecify.annotations.NullMarked
module io.boxlite.vmm {
  requires transitive io.boxlite.api;
  requires io.avaje.json;
  requires static transitive org.jspecify;

  exports io.boxlite.vmm;
  exports io.boxlite.vmm.qemu;
}
