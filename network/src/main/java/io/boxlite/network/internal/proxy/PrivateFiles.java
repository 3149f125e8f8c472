package io.boxlite.network.internal.proxy;

import io.boxlite.api.ConfigException;
import io.boxlite.api.StorageException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.function.Supplier;

/// Files of mode 0600 that are there in full or not at all.
public final class PrivateFiles {
  private static final Set<PosixFilePermission> OWNER =
      PosixFilePermissions.fromString("rw-------");
  private static final int MAX = 1 << 20;

  private PrivateFiles() {}

  /// {@return the bytes of a file, made when it is not there; of two makers one wins}
  ///
  /// @param file the file
  /// @param length how many bytes it has
  /// @param bytes what a new one gets
  /// @throws ConfigException when others may read it, or it has another length
  /// @throws StorageException when it cannot be read or made
  public static byte[] readOrMake(Path file, int length, Supplier<byte[]> bytes) {
    Optional<byte[]> there = read(file);
    if (there.isEmpty()) {
      try {
        Path made = writeBeside(file, bytes.get());
        try {
          Files.createLink(file, made);
        } catch (FileAlreadyExistsException e) {
          // Somebody else was first: theirs holds.
        } finally {
          Files.delete(made);
        }
      } catch (IOException e) {
        throw failure("make", file, e);
      }
      there = read(file);
    }
    return there
        .filter(content -> content.length == length)
        .orElseThrow(() ->
            new ConfigException(
                "secret_key",
                file
                    + " cannot be used: it does not have "
                    + length
                    + " bytes; restore it from a backup, or delete it and give the secrets anew"));
  }

  /// {@return the bytes of a file; empty when it is not there}
  ///
  /// @param file the file
  /// @throws ConfigException when others may read it
  /// @throws StorageException when it cannot be read
  public static Optional<byte[]> read(Path file) {
    try {
      Set<PosixFilePermission> permissions = Files.getPosixFilePermissions(file);
      if (!OWNER.containsAll(permissions)) {
        throw new ConfigException(
            "secret_key",
            file
                + " cannot be used: others than its owner have a right to it; run: chmod 600 "
                + file);
      }
      if (Files.size(file) > MAX) {
        throw new IOException("it is too large");
      }
      return Optional.of(Files.readAllBytes(file));
    } catch (NoSuchFileException e) {
      return Optional.empty();
    } catch (IOException e) {
      throw failure("read", file, e);
    }
  }

  /// Writes a file, in the place of an older one.
  ///
  /// @param file the file
  /// @param bytes what it gets
  /// @throws StorageException when it cannot be written
  public static void replace(Path file, byte[] bytes) {
    try {
      Path made = writeBeside(file, bytes);
      try {
        Files.move(made, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
      } catch (IOException e) {
        Files.deleteIfExists(made);
        throw e;
      }
    } catch (IOException e) {
      throw failure("write", file, e);
    }
  }

  private static Path writeBeside(Path file, byte[] bytes) throws IOException {
    Path made = file.resolveSibling("." + file.getFileName() + "." + UUID.randomUUID());
    try (FileChannel channel =
        FileChannel.open(
            made,
            Set.of(StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE),
            PosixFilePermissions.asFileAttribute(OWNER))) {
      ByteBuffer buffer = ByteBuffer.wrap(bytes);
      while (buffer.hasRemaining()) {
        channel.write(buffer);
      }
      channel.force(true);
      return made;
    } catch (IOException e) {
      Files.deleteIfExists(made);
      throw e;
    }
  }

  private static StorageException failure(String verb, Path file, IOException cause) {
    return new StorageException(
        "secret_file",
        "cannot "
            + verb
            + " "
            + file
            + ": "
            + cause.getMessage()
            + "; see that its directory can be written",
        cause,
        Map.of("path", file.toString()));
  }
}
