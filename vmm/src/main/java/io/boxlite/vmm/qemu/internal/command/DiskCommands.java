package io.boxlite.vmm.qemu.internal.command;

import io.boxlite.vmm.VmDisk;
import java.util.LinkedHashMap;
import java.util.Map;

/// Arguments of the QMP commands that attach a disk: pure functions.
public final class DiskCommands {
  static final String CONTROLLER = "scsi0";

  private DiskCommands() {}

  /// {@return the name of the block node of a disk}
  ///
  /// @param disk the disk
  public static String node(VmDisk disk) {
    return "disk" + disk.scsiTarget();
  }

  /// Arguments of `blockdev-add`.
  ///
  /// A read-only image is not locked: any number of VMs share it, and nobody writes it. A writable
  /// one keeps QEMU's lock, which refuses a second VM on the same disk. Written data goes through
  /// the host's page cache, flushes of the guest are honoured, and what the guest discards is given
  /// back to the host.
  ///
  /// @param disk the disk
  /// @return the arguments
  public static Map<String, Object> blockdevAdd(VmDisk disk) {
    Map<String, Object> file = new LinkedHashMap<>();
    file.put("driver", "file");
    file.put("filename", disk.file().toString());
    file.putAll(access(disk));
    file.put("locking", disk.readOnly() ? "off" : "on");
    Map<String, Object> node = new LinkedHashMap<>();
    node.put(
        "driver",
        switch (disk.format()) {
          case RAW -> "raw";
          case QCOW2 -> "qcow2";
        });
    node.put("node-name", node(disk));
    node.putAll(access(disk));
    node.put("file", file);
    return node;
  }

  private static Map<String, Object> access(VmDisk disk) {
    Map<String, Object> access = new LinkedHashMap<>();
    access.put("read-only", disk.readOnly());
    access.put("discard", disk.readOnly() ? "ignore" : "unmap");
    access.put("cache", Map.of("direct", false, "no-flush", false));
    return access;
  }

  /// Arguments of `device_add`.
  ///
  /// @param disk whose node is there
  /// @return the arguments
  public static Map<String, Object> deviceAdd(VmDisk disk) {
    Map<String, Object> device = new LinkedHashMap<>();
    device.put("driver", "scsi-hd");
    device.put("id", "scsi-" + node(disk));
    device.put("bus", CONTROLLER + ".0");
    device.put("scsi-id", disk.scsiTarget());
    device.put("drive", node(disk));
    // "Does not rotate": the guest then neither sorts nor delays requests.
    device.put("rotation_rate", 1);
    // QEMU would stop the whole VM when the host's disk is full; the guest shall see an error.
    device.put("rerror", "report");
    device.put("werror", "report");
    return device;
  }

  /// Arguments of `blockdev-del`.
  ///
  /// @param disk whose device is not there
  /// @return the arguments
  public static Map<String, Object> blockdevDel(VmDisk disk) {
    return Map.of("node-name", node(disk));
  }
}
