package io.boxlite.vmm.qemu.internal.command;

import io.boxlite.vmm.VmDisk;
import java.util.LinkedHashMap;
import java.util.Map;

/// Arguments of the QMP commands that put a disk into its slot: pure functions.
///
/// Each slot is a virtio-blk device that every VM has, so that every VM can be made from the same
/// template: an empty node, larger than any disk, stands in it until the disk's own takes its
/// place. The guest has read the size by then and does not read it again.
public final class DiskCommands {
  private DiskCommands() {}

  /// {@return the name of the empty block node of a slot}
  ///
  /// @param slot the slot
  static String emptyNode(VmDisk.Slot slot) {
    return "no-" + slot.lowerName();
  }

  /// {@return the name of the block node of the disk in a slot}
  ///
  /// @param slot the slot
  static String node(VmDisk.Slot slot) {
    return slot.lowerName() + "-disk";
  }

  /// Arguments of `blockdev-add`.
  ///
  /// A read-only image is not locked: any number of VMs share it, and nobody writes it. A writable
  /// one keeps QEMU's lock, which refuses a second VM on the same disk. Written data goes through
  /// the host's page cache, flushes of the guest are honoured unless the disk is ephemeral, and
  /// what the guest discards is given back to the host.
  ///
  /// @param disk the disk
  /// @return the arguments
  public static Map<String, Object> blockdevAdd(VmDisk disk) {
    Map<String, Object> file = new LinkedHashMap<>();
    file.put("driver", "file");
    file.put("filename", disk.file().toString());
    file.putAll(access(disk));
    file.put("locking", disk.slot().readOnly() ? "off" : "on");
    Map<String, Object> node = new LinkedHashMap<>();
    node.put(
        "driver",
        switch (disk.format()) {
          case QCOW2 -> "qcow2";
          case VMDK -> "vmdk";
        });
    node.put("node-name", node(disk.slot()));
    node.putAll(access(disk));
    node.put("file", file);
    return node;
  }

  private static Map<String, Object> access(VmDisk disk) {
    boolean readOnly = disk.slot().readOnly();
    Map<String, Object> access = new LinkedHashMap<>();
    access.put("read-only", readOnly);
    access.put("discard", readOnly ? "ignore" : "unmap");
    access.put("cache", Map.of("direct", false, "no-flush", disk.ephemeral()));
    return access;
  }

  /// Arguments of `qom-set` that put the disk's node into its slot.
  ///
  /// @param disk whose node is there
  /// @return the arguments
  public static Map<String, Object> setDrive(VmDisk disk) {
    return setDrive(disk.slot(), node(disk.slot()));
  }

  /// Arguments of `qom-set` that put the empty node into a slot.
  ///
  /// @param slot the slot
  /// @return the arguments
  public static Map<String, Object> clearDrive(VmDisk.Slot slot) {
    return setDrive(slot, emptyNode(slot));
  }

  /// Arguments of `qom-get` that tell which node is in a slot.
  ///
  /// @param slot the slot
  /// @return the arguments
  public static Map<String, Object> getDrive(VmDisk.Slot slot) {
    return Map.of("path", "/machine/peripheral/" + slot.lowerName(), "property", "drive");
  }

  /// Arguments of `blockdev-snapshot-sync` that put an image over a node. It is opened as the node
  /// was; what it says lies below it is not.
  ///
  /// @param overlay the image, which is there
  /// @param node that is in the slot
  /// @return the arguments
  public static Map<String, Object> snapshot(VmDisk overlay, String node) {
    String first = node(overlay.slot());
    int number =
        node.startsWith(first + "-") ? Integer.parseInt(node.substring(first.length() + 1)) : 0;
    return Map.of(
        "node-name",
        node,
        "snapshot-file",
        overlay.file().toString(),
        "snapshot-node-name",
        first + "-" + (number + 1),
        "format",
        "qcow2",
        "mode",
        "existing");
  }

  private static Map<String, Object> setDrive(VmDisk.Slot slot, String node) {
    return Map.of(
        "path", "/machine/peripheral/" + slot.lowerName(), "property", "drive", "value", node);
  }

  /// Arguments of `blockdev-del`.
  ///
  /// @param slot whose disk is not in it any more
  /// @return the arguments
  public static Map<String, Object> blockdevDel(VmDisk.Slot slot) {
    return Map.of("node-name", node(slot));
  }
}
