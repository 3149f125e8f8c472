package io.boxlite.bench;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;

/// Writes the smallest initial file system that says it is up: busybox and a script. Format: "newc"
/// cpio, kernel documentation `driver-api/early-userspace/buffer-format.rst`.
final class Initramfs {
  private static final int DIRECTORY = 0040755;
  private static final int PROGRAM = 0100755;
  private static final int CHARACTER_DEVICE = 0020600;

  private final ByteArrayOutputStream archive = new ByteArrayOutputStream();
  private int inode = 1;

  /// Writes it.
  ///
  /// @param file target
  /// @param busybox a static busybox
  /// @param ready what the script prints once it runs
  static void write(Path file, Path busybox, String ready) throws IOException {
    Initramfs initramfs = new Initramfs();
    initramfs.entry("bin", DIRECTORY, new byte[0], 0, 0);
    initramfs.entry("dev", DIRECTORY, new byte[0], 0, 0);
    initramfs.entry("dev/console", CHARACTER_DEVICE, new byte[0], 5, 1);
    initramfs.entry("bin/busybox", PROGRAM, Files.readAllBytes(busybox), 0, 0);
    String script = "#!/bin/busybox sh\necho " + ready + "\nexec /bin/busybox poweroff -f\n";
    initramfs.entry("init", PROGRAM, script.getBytes(StandardCharsets.US_ASCII), 0, 0);
    initramfs.entry("TRAILER!!!", 0, new byte[0], 0, 0);
    Files.write(file, initramfs.archive.toByteArray());
  }

  private void entry(String name, int mode, byte[] content, int major, int minor)
      throws IOException {
    byte[] path = (name + "\0").getBytes(StandardCharsets.US_ASCII);
    int[] fields = {inode++, mode, 0, 0, 1, 0, content.length, 0, 0, major, minor, path.length, 0};
    StringBuilder header = new StringBuilder("070701");
    for (int field : fields) {
      header.append(String.format(Locale.ROOT, "%08X", field));
    }
    archive.write(header.toString().getBytes(StandardCharsets.US_ASCII));
    archive.write(path);
    pad();
    archive.write(content);
    pad();
  }

  private void pad() {
    while (archive.size() % 4 != 0) {
      archive.write(0);
    }
  }
}
