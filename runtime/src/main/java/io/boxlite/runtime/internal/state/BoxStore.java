package io.boxlite.runtime.internal.state;

import io.boxlite.api.AlreadyExistsException;
import io.boxlite.api.StorageException;
import io.boxlite.api.internal.CrashPoint;
import io.boxlite.runtime.internal.layout.BoxLayout;
import io.boxlite.runtime.internal.layout.HomeLayout;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.sql.SQLException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/// What is known about boxes, on disk: the database, and one `config.json` per box from which a
/// lost or corrupt database is rebuilt.
///
/// Order of writes: a new box's directory and `config.json` come before its row, a removed box's
/// row goes before its directory. So a row always has its directory, and a directory without a row
/// is the rest of an unfinished step and is deleted when the store is opened.
///
/// Thread-safe; changes of one box must come from one thread at a time.
public final class BoxStore implements AutoCloseable {
  private static final System.Logger LOG = System.getLogger("io.boxlite.runtime");
  private static final int MAX_CONFIG_BYTES = 16 << 20;

  private final HomeLayout layout;
  private final BoxDatabase database;
  private final List<BoxRecord> found;

  private BoxStore(HomeLayout layout, BoxDatabase database, List<BoxRecord> found) {
    this.layout = layout;
    this.database = database;
    this.found = found;
  }

  /// Opens the store, repairing what a killed supervisor left.
  ///
  /// @param layout home whose lock the caller holds
  /// @return the store
  /// @throws StorageException if the home cannot be read or written
  public static BoxStore open(HomeLayout layout) {
    Path file = layout.database();
    boolean existed = Files.exists(file);
    try {
      return existed ? openExisting(layout, file) : rebuild(layout, file);
    } catch (IOException e) {
      throw unusable(file, e);
    } catch (SQLException e) {
      if (!existed || !BoxDatabase.isCorruption(e)) {
        throw unusable(file, e);
      }
      LOG.log(System.Logger.Level.ERROR, "database {0} is corrupt: {1}", file, e.getMessage());
      try {
        setAside(file);
        return rebuild(layout, file);
      } catch (SQLException | IOException again) {
        again.addSuppressed(e);
        throw unusable(file, again);
      }
    }
  }

  private static StorageException unusable(Path file, Exception cause) {
    return new StorageException(
        "database_failed",
        "open " + file + ": " + cause.getMessage() + "; check the disk, free space and permissions",
        cause,
        Map.of("path", file.toString()));
  }

  private static BoxStore openExisting(HomeLayout layout, Path file) throws SQLException {
    BoxDatabase database = BoxDatabase.open(file);
    try {
      List<BoxRecord> boxes = database.readAll();
      Set<String> known = boxes.stream().map(BoxRecord::id).collect(Collectors.toSet());
      for (String id : directories(layout)) {
        if (!known.contains(id)) {
          layout.box(id).delete();
        }
      }
      return new BoxStore(layout, database, boxes);
    } catch (SQLException | RuntimeException e) {
      database.close();
      throw e;
    }
  }

  /// Keeps the corrupt files for whoever wants to look, under another name.
  private static void setAside(Path file) throws IOException {
    String suffix = ".corrupt-" + Instant.now().getEpochSecond();
    for (String part : List.of("", "-wal", "-shm")) {
      Path source = Path.of(file + part);
      if (Files.exists(source)) {
        Files.move(source, Path.of(file + suffix + part), StandardCopyOption.REPLACE_EXISTING);
      }
    }
  }

  private static BoxStore rebuild(HomeLayout layout, Path file) throws SQLException, IOException {
    BoxDatabase database = BoxDatabase.open(file);
    List<BoxRecord> boxes = new ArrayList<>();
    for (String id : directories(layout)) {
      Optional<BoxRecord> box = readConfig(layout.box(id)).filter(found -> found.id().equals(id));
      if (box.isPresent() && inserted(database, box.get())) {
        boxes.add(box.get());
      } else {
        // Not deleted: its disk may be all that somebody has.
        Path lost = layout.lost(id);
        Files.move(layout.box(id).directory(), lost, StandardCopyOption.ATOMIC_MOVE);
        LOG.log(
            System.Logger.Level.ERROR, "what box {0} was is unknown; it is kept in {1}", id, lost);
      }
    }
    return new BoxStore(layout, database, boxes);
  }

  private static boolean inserted(BoxDatabase database, BoxRecord box) {
    try {
      database.insert(box);
      return true;
    } catch (AlreadyExistsException _) {
      return false;
    }
  }

  private static List<String> directories(HomeLayout layout) {
    try (Stream<Path> entries = Files.list(layout.boxes())) {
      return entries.map(entry -> entry.getFileName().toString()).sorted().toList();
    } catch (IOException e) {
      throw failed("list", layout.boxes(), e);
    }
  }

  private static Optional<BoxRecord> readConfig(BoxLayout box) {
    try {
      if (Files.size(box.config()) > MAX_CONFIG_BYTES) {
        return Optional.empty();
      }
      return Optional.of(BoxDocument.fromJson(Files.readString(box.config())));
    } catch (IOException | IllegalArgumentException e) {
      LOG.log(System.Logger.Level.ERROR, "{0} cannot be read: {1}", box.config(), e.getMessage());
      return Optional.empty();
    }
  }

  /// {@return the boxes that were there when the store was opened}
  public List<BoxRecord> found() {
    return found;
  }

  /// Adds a box and makes its directory.
  ///
  /// @param box its record
  /// @throws AlreadyExistsException if its name is taken; nothing is left behind
  public void insert(BoxRecord box) {
    insert(box, Optional.empty(), _ -> {});
  }

  /// The same, of a box that has something from its beginning.
  ///
  /// @param box its record
  /// @param secrets its sealed secrets
  /// @param content puts into its directory what is to be there before it is a box
  /// @throws AlreadyExistsException if its name is taken; nothing is left behind
  public void insert(BoxRecord box, Optional<byte[]> secrets, Consumer<BoxLayout> content) {
    BoxLayout files = layout.box(box.id());
    try {
      files.create();
      CrashPoint.reached("create.directory");
      secrets.ifPresent(sealed -> write(files.secrets(), sealed, true));
      content.accept(files);
      writeConfig(files, box, true);
      CrashPoint.reached("create.config");
      database.insert(box);
      CrashPoint.reached("create.stored");
    } catch (RuntimeException e) {
      files.delete();
      throw e;
    }
  }

  /// Stores the state of a box.
  ///
  /// @param box its record
  public void update(BoxRecord box) {
    database.update(box);
    CrashPoint.reached(box.state().status().wireName() + ".row");
    writeConfig(layout.box(box.id()), box, false);
    CrashPoint.reached(box.state().status().wireName() + ".stored");
  }

  /// Stores what a box is. The database counts: that `config.json` says so too is only for a
  /// database that gets lost, and every later change of state makes up for it.
  ///
  /// @param box its record, in the state that is stored
  public void updateOptions(BoxRecord box) {
    database.updateOptions(box);
    CrashPoint.reached("update.row");
    try {
      writeConfig(layout.box(box.id()), box, true);
      CrashPoint.reached("update.stored");
    } catch (StorageException e) {
      LOG.log(
          System.Logger.Level.WARNING, "box {0} was changed, but: {1}", box.id(), e.getMessage());
    }
  }

  /// Forgets a box and deletes its directory.
  ///
  /// @param id its id
  public void delete(String id) {
    try {
      database.delete(id);
    } catch (StorageException e) {
      if (!database.isFull(e)) {
        throw e;
      }
      // What the box takes is what makes room.
      layout.box(id).delete();
      database.delete(id);
    }
    CrashPoint.reached("remove.row");
    layout.box(id).delete();
    CrashPoint.reached("remove.files");
  }

  private static void writeConfig(BoxLayout files, BoxRecord box, boolean sync) {
    write(files.config(), BoxDocument.toJson(box).getBytes(StandardCharsets.UTF_8), sync);
  }

  private static void write(Path target, byte[] content, boolean sync) {
    Path temporary = Path.of(target + ".tmp");
    try {
      Files.deleteIfExists(temporary);
      Files.createFile(
          temporary,
          PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
      Files.write(temporary, content);
      if (sync) {
        try (FileChannel channel = FileChannel.open(temporary, StandardOpenOption.WRITE)) {
          channel.force(true);
        }
      }
      Files.move(temporary, target, StandardCopyOption.ATOMIC_MOVE);
    } catch (IOException e) {
      throw failed("write", target, e);
    }
  }

  private static StorageException failed(String action, Path path, IOException cause) {
    return new StorageException(
        "file_failed",
        action + " " + path + ": " + cause + "; check the disk, free space and permissions",
        cause,
        Map.of("path", path.toString()));
  }

  @Override
  public void close() {
    database.close();
  }
}
