package io.boxlite.runtime.internal.state;

import io.avaje.json.JsonException;
import io.avaje.jsonb.JsonType;
import io.avaje.jsonb.Jsonb;
import io.boxlite.api.SnapshotInfo;
import io.boxlite.api.StorageException;
import io.boxlite.runtime.internal.layout.BoxLayout;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.time.DateTimeException;
import java.util.List;
import java.util.Map;

/// The file `snapshots.json` of a box. It is all that is known of its snapshots: it needs no copy
/// for the case that the database is lost, and goes with the box. The id of a snapshot is that of
/// its kept disk.
public final class SnapshotFile {
  private static final JsonType<List<SnapshotDocument>> TYPE =
      Jsonb.builder().build().type(SnapshotDocument.class).list();

  private SnapshotFile() {}

  /// {@return the snapshots of a box, oldest first}
  ///
  /// @param box its files
  /// @throws StorageException if the file cannot be read
  public static List<SnapshotInfo> read(BoxLayout box) {
    Path file = box.snapshots();
    if (!Files.exists(file)) {
      return List.of();
    }
    try {
      return TYPE.fromJson(Files.readString(file)).stream().map(SnapshotDocument::toInfo).toList();
    } catch (IOException | JsonException | DateTimeException e) {
      throw failed("read", file, e);
    }
  }

  /// Stores the snapshots of a box, atomically.
  ///
  /// @param box its files
  /// @param snapshots oldest first
  /// @throws StorageException if the file cannot be written
  public static void write(BoxLayout box, List<SnapshotInfo> snapshots) {
    Path file = box.snapshots();
    Path temporary = Path.of(file + ".tmp");
    List<SnapshotDocument> documents = snapshots.stream().map(SnapshotDocument::of).toList();
    try {
      Files.write(temporary, TYPE.toJsonPretty(documents).getBytes(StandardCharsets.UTF_8));
      try (FileChannel channel = FileChannel.open(temporary, StandardOpenOption.WRITE)) {
        channel.force(true);
      }
      Files.move(temporary, file, StandardCopyOption.ATOMIC_MOVE);
    } catch (IOException e) {
      throw failed("write", file, e);
    }
  }

  private static StorageException failed(String action, Path path, Exception cause) {
    return new StorageException(
        "file_failed",
        action + " " + path + ": " + cause.getMessage() + "; check the disk and free space",
        cause,
        Map.of("path", path.toString()));
  }
}
