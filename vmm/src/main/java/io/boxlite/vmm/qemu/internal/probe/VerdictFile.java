package io.boxlite.vmm.qemu.internal.probe;

import io.avaje.json.JsonException;
import io.avaje.json.mapper.JsonMapper;
import io.boxlite.api.StorageException;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.time.DateTimeException;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;

/// Keeps the verdict on KVM in a file, and sees to it that it is found once. Thread-safe; several
/// programs may use the same file.
final class VerdictFile {
  /// A file lock is held by the whole program: its threads need one of their own.
  private static final ReentrantLock ONE_IN_THIS_PROGRAM = new ReentrantLock();

  private final Path file;
  private final JsonMapper json = JsonMapper.builder().build();

  VerdictFile(Path file) {
    this.file = file;
  }

  /// Finds the verdict for a key: the stored one, else that of a trial, which is stored.
  KvmVerdict get(String key, Supplier<KvmVerdict> trial) {
    Optional<KvmVerdict> stored = read(key);
    if (stored.isPresent()) {
      return stored.get();
    }
    ONE_IN_THIS_PROGRAM.lock();
    try (FileChannel lockFile =
            FileChannel.open(
                file.resolveSibling(file.getFileName() + ".lock"),
                StandardOpenOption.CREATE,
                StandardOpenOption.WRITE);
        FileLock lock = lockFile.lock()) {
      assert lock.isValid();
      // Somebody else may have found it while this one waited.
      Optional<KvmVerdict> found = read(key);
      if (found.isPresent()) {
        return found.get();
      }
      KvmVerdict verdict = trial.get();
      write(verdict);
      return verdict;
    } catch (IOException e) {
      throw new StorageException(
          "kvm_verdict", "verdict on KVM in " + file + " cannot be kept: " + e, e, Map.of());
    } finally {
      ONE_IN_THIS_PROGRAM.unlock();
    }
  }

  /// What cannot be read or understood counts as not there: the trial is repeated.
  private Optional<KvmVerdict> read(String key) {
    try {
      return KvmVerdict.of(json.fromJsonObject(Files.readString(file)))
          .filter(verdict -> verdict.key().equals(key));
    } catch (NoSuchFileException e) {
      return Optional.empty();
    } catch (IOException | JsonException | IllegalStateException | DateTimeException e) {
      return Optional.empty();
    }
  }

  private void write(KvmVerdict verdict) throws IOException {
    Path fresh = Files.createTempFile(file.getParent(), "kvm", ".new");
    try {
      Files.writeString(fresh, json.toJson(verdict.toMap()) + "\n");
      Files.move(fresh, file, StandardCopyOption.ATOMIC_MOVE);
    } finally {
      Files.deleteIfExists(fresh);
    }
  }
}
