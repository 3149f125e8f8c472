package io.boxlite.vmm.qemu.internal.command;

import io.boxlite.vmm.Accelerator;
import io.boxlite.vmm.VmConfig;
import io.boxlite.vmm.VmDisk;
import io.boxlite.vmm.VmOrigin;
import io.boxlite.vmm.VmTemplate;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/// The command line of a QEMU that starts paused and without disks: a pure function of its
/// arguments.
public final class QemuCommand {
  /// The virtio-serial port of the agent, as QMP events name it.
  public static final String PORTAL_ID = "portal0";

  /// Largest packet of the guest's network card, in bytes.
  public static final int MTU = 65520;

  private static final String MAC = "5a:94:ef:e4:0c:ee";
  private static final String MEMORY = "mem";

  /// The guest reads the size of a disk when it boots, and never again: no disk is larger.
  private static final long EMPTY_BYTES = 1L << 41;

  private QemuCommand() {}

  /// Where QEMU serves, each at most 106 bytes long.
  ///
  /// @param qmp control, QEMU listens
  /// @param portal byte stream to the agent, QEMU listens
  /// @param volumes byte stream to the guest's file systems of the host, QEMU listens
  /// @param network frames of the guest's network card, QEMU listens
  /// @param started QEMU connects there once it listens on the others, which tells us without
  ///   polling
  public record Sockets(Path qmp, Path portal, Path volumes, Path network, Path started) {}

  /// Builds the command line.
  ///
  /// @param binary the QEMU program
  /// @param architecture of host and guest
  /// @param accelerator who executes the guest
  /// @param config what to run
  /// @param sockets where to serve
  /// @return program and arguments
  public static List<String> of(
      Path binary,
      Architecture architecture,
      Accelerator accelerator,
      VmConfig config,
      Sockets sockets) {
    List<String> command = new ArrayList<>();
    command.add(binary.toString());
    command.addAll(general(config.id()));
    command.addAll(List.of("-M", architecture.machine() + ",memory-backend=" + MEMORY));
    command.addAll(accelerator(accelerator, architecture));
    command.addAll(size(accelerator, config.cpus(), config.memoryMib()));
    command.addAll(memory(config.origin(), config.memoryMib()));
    command.addAll(control(sockets));
    command.addAll(console(config.files().consoleLog()));
    command.addAll(diskSlots());
    command.addAll(portal());
    command.addAll(network(sockets.network()));
    command.addAll(beginning(config, architecture, accelerator));
    return List.copyOf(command);
  }

  /// Nothing but what is named here, and no system call that a VM monitor has no use for.
  private static List<String> general(String id) {
    return List.of(
        "-name",
        "boxlite-" + id,
        "-no-user-config",
        "-nodefaults",
        "-display",
        "none",
        "-no-reboot",
        "-S",
        "-sandbox",
        "on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny");
  }

  private static List<String> accelerator(Accelerator accelerator, Architecture architecture) {
    return switch (accelerator) {
      case KVM -> List.of("-accel", "kvm", "-cpu", "host");
      case TCG -> List.of("-accel", "tcg,thread=multi", "-cpu", architecture.emulatedCpu());
    };
  }

  /// A QEMU that will never have a second CPU translates the guest's memory barriers to nothing,
  /// though its devices run in a thread of their own (mended in QEMU 8.1). A VM was seen standing
  /// still for ever with its disk's requests in flight, which this would explain: the device missed
  /// what the guest had put into its queue. So there is room for a second CPU, which never comes.
  private static List<String> size(Accelerator accelerator, int cpus, int memoryMib) {
    String room = accelerator == Accelerator.TCG && cpus == 1 ? ",maxcpus=2" : "";
    return List.of("-m", memoryMib + "M", "-smp", cpus + room);
  }

  /// A template's memory is mapped private: what a VM writes to it becomes a page of its own. QEMU
  /// opens the file for writing all the same, and writes to it only where a device gives memory
  /// back (as balloons and free page reporting do): a VM must not have such a device.
  private static List<String> memory(VmOrigin origin, int memoryMib) {
    String backend =
        switch (origin) {
          case VmOrigin.Cold() -> "memory-backend-ram,id=" + MEMORY;
          case VmOrigin.Seed(Path memory) -> memoryFile(memory) + ",share=on";
          case VmOrigin.Restored(VmTemplate template) ->
              memoryFile(template.memory()) + ",share=off";
        };
    return List.of("-object", backend + ",size=" + memoryMib + "M,merge=off,dump=off");
  }

  private static String memoryFile(Path file) {
    return "memory-backend-file,id=" + MEMORY + ",mem-path=" + escape(file);
  }

  /// QEMU makes its character devices in the order of the command line: when it has connected to
  /// `started`, it listens on `qmp`.
  private static List<String> control(Sockets sockets) {
    return List.of(
        "-chardev",
        "socket,id=qmp,path=" + escape(sockets.qmp()) + ",server=on,wait=off",
        "-mon",
        "chardev=qmp,mode=control",
        "-chardev",
        "socket,id=portal,path=" + escape(sockets.portal()) + ",server=on,wait=off",
        "-chardev",
        "socket,id=volumes,path=" + escape(sockets.volumes()) + ",server=on,wait=off",
        "-chardev",
        "socket,id=started,path=" + escape(sockets.started()) + ",server=off");
  }

  private static List<String> console(Path log) {
    return List.of(
        "-chardev",
        "file,id=console,path=" + escape(log) + ",append=on",
        "-serial",
        "chardev:console");
  }

  /// PCI addresses by which the guest knows the disks (docs/guest.md).
  private static int address(VmDisk.Slot slot) {
    return switch (slot) {
      case LAYERS -> 0x10;
      case BOX -> 0x11;
    };
  }

  private static List<String> diskSlots() {
    List<String> arguments = new ArrayList<>();
    for (VmDisk.Slot slot : VmDisk.Slot.values()) {
      String empty = DiskCommands.emptyNode(slot);
      arguments.add("-blockdev");
      arguments.add(
          "driver=null-co,read-zeroes=on,size="
              + EMPTY_BYTES
              + ",node-name="
              + empty
              + ",read-only="
              + (slot.readOnly() ? "on" : "off"));
      arguments.add("-device");
      arguments.add(
          "virtio-blk-pci,id="
              + slot.lowerName()
              + ",addr=0x"
              + Integer.toHexString(address(slot))
              + ",drive="
              + empty
              // When the host's disk is full the VM stands still until there is room: the guest
              // would
              // take an error for a broken disk. It is told of every other error.
              + ",num-queues=1,rerror=report,werror=enospc");
    }
    return arguments;
  }

  private static List<String> portal() {
    return List.of(
        "-device",
        "virtio-serial-pci,id=serial0",
        "-device",
        "virtserialport,id=" + PORTAL_ID + ",bus=serial0.0,chardev=portal,name=boxlite.portal",
        "-device",
        "virtserialport,id=volumes0,bus=serial0.0,chardev=volumes,name=boxlite.volumes");
  }

  /// The card of all boxes, which never see each other's. While nobody is connected what it sends
  /// is dropped. The guest learns the largest frame from it: fewer, larger ones cost less.
  private static List<String> network(Path socket) {
    return List.of(
        "-netdev",
        "stream,id=net0,server=on,addr.type=unix,addr.path=" + escape(socket),
        "-device",
        "virtio-net-pci,id=nic0,addr=0x12,netdev=net0,mac="
            + MAC
            + ",host_mtu="
            + MTU
            // A restored guest is to say nothing about itself.
            + ",guest_announce=off,romfile=");
  }

  /// A restored guest has booted: its kernel is in its memory, and the file need not be read.
  private static List<String> beginning(
      VmConfig config, Architecture architecture, Accelerator accelerator) {
    return switch (config.origin()) {
      case VmOrigin.Cold(), VmOrigin.Seed _ -> boot(config, architecture, accelerator);
      case VmOrigin.Restored _ -> List.of("-incoming", "defer");
    };
  }

  private static List<String> boot(
      VmConfig config, Architecture architecture, Accelerator accelerator) {
    VmConfig.Boot boot = config.boot();
    List<String> arguments = new ArrayList<>();
    arguments.add("console=" + architecture.console());
    arguments.add("quiet");
    arguments.add("reboot=t");
    arguments.add("panic=-1");
    if (accelerator == Accelerator.TCG) {
      // A kernel that knows of one CPU only takes locks without atomic instructions.
      arguments.add("nr_cpus=" + config.cpus());
    }
    arguments.addAll(boot.extraArguments());
    return List.of(
        "-kernel",
        boot.kernel().toString(),
        "-initrd",
        boot.initramfs().toString(),
        "-append",
        String.join(" ", arguments));
  }

  /// A comma ends a value of QEMU's option syntax, two stand for one.
  private static String escape(Path path) {
    return path.toString().replace(",", ",,");
  }
}
