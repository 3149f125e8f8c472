package io.boxlite.runtime.internal.vm;

import io.boxlite.api.InternalException;
import io.boxlite.api.TemplateInfo;
import io.boxlite.runtime.internal.layout.Trees;
import io.boxlite.vmm.VmTemplate;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.DateTimeException;
import java.time.Instant;
import java.util.HexFormat;
import java.util.Map;
import java.util.Objects;
import java.util.Properties;
import java.util.concurrent.TimeUnit;

/// The files of one template: a directory that appears complete or not at all, with a manifest by
/// which a change of the others is noticed.
///
/// The memory is as large as the guest's, so it is not read when a box starts: that its size and
/// its time of change are still what they were must do. The state is small and read whole.
///
/// @param directory absolute path
record TemplateFiles(Path directory) {
  private static final String FORMAT = "1";

  VmTemplate template() {
    return new VmTemplate(directory.resolve("memory"), directory.resolve("state"));
  }

  private Path manifest() {
    return directory.resolve("manifest");
  }

  boolean exists() {
    return Files.exists(directory);
  }

  /// Completes a template whose memory and state are written.
  ///
  /// @param target where it shall be; replaced when it exists
  /// @param info what it is
  /// @return it, at its place
  TemplateFiles publish(Path target, TemplateInfo info) throws IOException {
    VmTemplate files = template();
    Properties manifest = new Properties();
    manifest.setProperty("format", FORMAT);
    manifest.setProperty("key", info.key());
    manifest.setProperty("cpus", Integer.toString(info.cpus()));
    manifest.setProperty("memory_mib", Integer.toString(info.memoryMib()));
    manifest.setProperty("size_bytes", Long.toString(info.sizeBytes()));
    manifest.setProperty("created_at", info.createdAt().toString());
    for (Path file : new Path[] {files.memory(), files.state()}) {
      // Its time of change is part of the manifest: nothing may touch it from here on.
      Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-------"));
    }
    manifest.setProperty("memory", fingerprint(files.memory()));
    manifest.setProperty("state", fingerprint(files.state()));
    manifest.setProperty("state_sha256", sha256(files.state()));
    try (OutputStream out = Files.newOutputStream(manifest())) {
      manifest.store(out, null);
    }
    sync(manifest(), StandardOpenOption.WRITE);
    sync(directory, StandardOpenOption.READ);
    TemplateFiles published = new TemplateFiles(target);
    published.delete();
    Files.move(directory, target, StandardCopyOption.ATOMIC_MOVE);
    sync(Objects.requireNonNull(target.getParent()), StandardOpenOption.READ);
    return published;
  }

  private static void sync(Path path, StandardOpenOption mode) throws IOException {
    try (FileChannel channel = FileChannel.open(path, mode)) {
      channel.force(true);
    }
  }

  private static String fingerprint(Path file) throws IOException {
    return Files.size(file) + " " + Files.getLastModifiedTime(file).to(TimeUnit.NANOSECONDS);
  }

  private static String sha256(Path file) throws IOException {
    try {
      return HexFormat.of()
          .formatHex(MessageDigest.getInstance("SHA-256").digest(Files.readAllBytes(file)));
    } catch (NoSuchAlgorithmException e) {
      throw new InternalException("no_sha256", "this JVM has no SHA-256", e, Map.of());
    }
  }

  private Properties readManifest() throws IOException {
    Properties manifest = new Properties();
    try (InputStream in = Files.newInputStream(manifest())) {
      manifest.load(in);
    } catch (IllegalArgumentException e) {
      throw new IOException("manifest: " + e.getMessage(), e);
    }
    return manifest;
  }

  /// Looks whether the files are what they were when the template was made.
  ///
  /// @param key that it must have
  /// @throws IOException if they are not; says what differs
  void verify(String key) throws IOException {
    Properties manifest = readManifest();
    VmTemplate files = template();
    check("format", FORMAT, manifest.getProperty("format"));
    check("key", key, manifest.getProperty("key"));
    check("memory", fingerprint(files.memory()), manifest.getProperty("memory"));
    check("state", fingerprint(files.state()), manifest.getProperty("state"));
    check("content of the state", sha256(files.state()), manifest.getProperty("state_sha256"));
  }

  private static void check(String what, String is, @org.jspecify.annotations.Nullable String was)
      throws IOException {
    if (!is.equals(was)) {
      throw new IOException("its " + what + " is " + is + ", the manifest has " + was);
    }
  }

  /// Notes that it is used now.
  void touch() throws IOException {
    Files.setLastModifiedTime(manifest(), FileTime.from(Instant.now()));
  }

  /// {@return what it is}
  ///
  /// @param inUse to be passed on
  /// @throws IOException if it has no readable manifest
  TemplateInfo info(boolean inUse) throws IOException {
    Properties manifest = readManifest();
    try {
      return new TemplateInfo(
          manifest.getProperty("key", ""),
          Integer.parseInt(manifest.getProperty("cpus", "")),
          Integer.parseInt(manifest.getProperty("memory_mib", "")),
          Long.parseLong(manifest.getProperty("size_bytes", "")),
          Instant.parse(manifest.getProperty("created_at", "")),
          Files.getLastModifiedTime(manifest()).toInstant(),
          inUse);
    } catch (NumberFormatException | DateTimeException e) {
      throw new IOException("manifest: " + e.getMessage(), e);
    }
  }

  /// {@return bytes on disk, holes not counted}
  ///
  /// @throws IOException if it cannot be found out
  long allocatedBytes() throws IOException {
    // Java does not tell the blocks of a file.
    Process du =
        new ProcessBuilder("du", "-s", "--block-size=1", directory.toString())
            .redirectErrorStream(true)
            .start();
    try (InputStream out = du.getInputStream()) {
      du.getOutputStream().close();
      String text = new String(out.readAllBytes(), StandardCharsets.UTF_8).strip();
      String[] fields = text.split("\\s", 2);
      return Long.parseLong(fields[0]);
    } catch (NumberFormatException e) {
      throw new IOException("du of " + directory + " says no size", e);
    } finally {
      du.destroy();
    }
  }

  /// Deletes it. VMs that run from it go on: they have its files open.
  ///
  /// @throws io.boxlite.api.StorageException if something cannot be deleted
  void delete() {
    Trees.delete(directory);
  }
}
