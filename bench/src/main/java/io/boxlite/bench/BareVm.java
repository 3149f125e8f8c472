package io.boxlite.bench;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/// A QEMU with the guest's kernel, one virtio disk of ext4 at `/work`, and a shell that takes
/// commands from the serial console: what a box would be without BoxLite. Confined to one thread.
final class BareVm implements AutoCloseable {
  private static final String ENDED = "ended ";

  private final Process qemu;
  private final BufferedReader out;
  private final Writer in;

  /// Boots it, with the memory and the CPU of a box by default.
  ///
  /// @param root of the source tree, built
  /// @param initramfs as `bench/tools-image` makes it
  /// @param disk is made there, qcow2
  /// @param gib its size
  /// @param kvm whether KVM works here
  /// @param more arguments of QEMU
  BareVm(Path root, Path initramfs, Path disk, int gib, boolean kvm, String... more)
      throws IOException, InterruptedException {
    Path raw = disk.resolveSibling(disk.getFileName() + ".raw");
    Measured.run(Map.of(), List.of("truncate", "-s", gib + "G", raw.toString()));
    // Without tables that the guest's kernel would still have to write meanwhile.
    String eager = "lazy_itable_init=0,lazy_journal_init=0";
    Measured.run(Map.of(), List.of("/sbin/mkfs.ext4", "-q", "-E", eager, raw.toString()));
    Measured.run(
        Map.of(), List.of("qemu-img", "convert", "-O", "qcow2", raw.toString(), disk.toString()));
    Files.delete(raw);
    qemu =
        new ProcessBuilder(command(root, initramfs, disk, kvm, more))
            .redirectErrorStream(true)
            .start();
    out = qemu.inputReader(StandardCharsets.ISO_8859_1);
    in = qemu.outputWriter(StandardCharsets.ISO_8859_1);
    StringBuilder console = new StringBuilder();
    String line = out.readLine();
    while (line != null && !line.strip().equals("ready")) {
      console.append(line).append('\n');
      line = out.readLine();
    }
    if (line == null) {
      throw new IOException("the bare VM did not come up: " + console);
    }
  }

  private static List<String> command(
      Path root, Path initramfs, Path disk, boolean kvm, String... more) {
    List<String> command = new ArrayList<>(List.of("qemu-system-x86_64", "-M", "q35"));
    command.addAll(
        kvm
            ? List.of("-accel", "kvm", "-cpu", "host")
            : List.of("-accel", "tcg,thread=multi", "-cpu", "max"));
    command.addAll(List.of("-m", "512", "-nodefaults", "-no-user-config"));
    // Room for a second CPU: without, it loses notifications now and then and stands still.
    command.addAll(List.of("-smp", kvm ? "1" : "1,maxcpus=2"));
    command.addAll(List.of("-display", "none", "-no-reboot", "-serial", "stdio"));
    command.addAll(List.of("-drive", "if=virtio,format=qcow2,discard=unmap,file=" + disk));
    command.addAll(
        List.of(
            "-kernel",
            root.resolve("dist/guest/vmlinuz").toString(),
            "-initrd",
            initramfs.toString(),
            "-append",
            "console=ttyS0 quiet reboot=t panic=-1 tsc=reliable no_timer_check"
                + (kvm ? "" : " mitigations=off highres=off no5lvl nr_cpus=1")));
    command.addAll(List.of(more));
    return command;
  }

  /// Runs a line of shell, which must succeed.
  ///
  /// @param line at most 4000 bytes
  /// @return its output
  String run(String line) throws IOException {
    in.write(line + "\n");
    in.flush();
    StringBuilder output = new StringBuilder();
    String next = out.readLine();
    while (next != null && !next.startsWith(ENDED)) {
      output.append(next).append('\n');
      next = out.readLine();
    }
    if (next == null || !next.strip().equals(ENDED + 0)) {
      throw new IOException("the bare VM: " + line + ": " + output + next);
    }
    return output.toString();
  }

  @Override
  public void close() {
    qemu.destroyForcibly().onExit().join();
  }
}
