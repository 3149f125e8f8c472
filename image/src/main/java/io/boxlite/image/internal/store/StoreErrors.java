package io.boxlite.image.internal.store;

import io.boxlite.api.StorageException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;

/// Turns failures of host files into the exception of the API.
final class StoreErrors {
  private static final long FULL_BELOW_BYTES = 1 << 20;

  private StoreErrors() {}

  static StorageException failed(String what, Path where, IOException cause) {
    if (isFull(where)) {
      return new StorageException(
          "disk_full",
          what + ": the disk of " + where + " is full; free space and try again",
          cause,
          Map.of("path", where.toString()));
    }
    String why = cause.getMessage() == null ? cause.getClass().getSimpleName() : cause.getMessage();
    return new StorageException(
        "image_store", what + ": " + why, cause, Map.of("path", where.toString()));
  }

  // Java has no exception of its own for ENOSPC, and texts are not for deciding.
  private static boolean isFull(Path where) {
    try {
      return Files.getFileStore(where).getUsableSpace() < FULL_BELOW_BYTES;
    } catch (IOException e) {
      return false;
    }
  }
}
