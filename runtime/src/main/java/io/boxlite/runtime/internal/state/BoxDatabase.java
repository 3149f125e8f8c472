package io.boxlite.runtime.internal.state;

import io.boxlite.api.AlreadyExistsException;
import io.boxlite.api.StorageException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.sql.Types;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/// The SQLite database of boxes: configuration as a JSON document, state, which changes often,
/// apart. Every method is one transaction that is on disk when it returns.
///
/// Thread-safe: one connection, one lock.
final class BoxDatabase implements AutoCloseable {
  private static final int SCHEMA_VERSION = 1;
  private static final int SQLITE_FULL = 13;
  private static final int SQLITE_CONSTRAINT = 19;
  private static final int SQLITE_CORRUPT = 11;
  private static final int SQLITE_NOTADB = 26;

  private static final long LITTLE_ROOM_BYTES = 1 << 20;

  private final Path file;
  private final Connection connection;
  private final ReentrantLock lock = new ReentrantLock();

  private BoxDatabase(Path file, Connection connection) {
    this.file = file;
    this.connection = connection;
  }

  /// Opens the database, making or migrating its tables.
  ///
  /// @throws SQLException if it is corrupt or cannot be opened
  /// @throws StorageException if a newer BoxLite wrote it
  static BoxDatabase open(Path file) throws SQLException {
    Connection connection = DriverManager.getConnection("jdbc:sqlite:" + file);
    try {
      prepare(file, connection);
    } catch (SQLException | RuntimeException e) {
      connection.close();
      throw e;
    }
    return new BoxDatabase(file, connection);
  }

  /// {@return whether the file is damaged, and not merely out of reach}
  ///
  /// @param e from [#open] or [#readAll()]
  static boolean isCorruption(SQLException e) {
    int code = e.getErrorCode() & 0xff;
    return code == SQLITE_CORRUPT || code == SQLITE_NOTADB || e instanceof DamagedException;
  }

  /// {@return whether something failed for want of room on the disk}
  ///
  /// @param e of this database
  boolean isFull(StorageException e) {
    if (e.getCause() instanceof SQLException cause
        && (cause.getErrorCode() & 0xff) == SQLITE_FULL) {
      return true;
    }
    try {
      // Files beside the database that cannot be made or extended are told as other errors.
      return Files.getFileStore(file).getUsableSpace() < LITTLE_ROOM_BYTES;
    } catch (IOException _) {
      return false;
    }
  }

  /// The file is a database, but what it holds is not what was written.
  private static final class DamagedException extends SQLException {
    private static final long serialVersionUID = 1L;

    DamagedException(String message, @Nullable Throwable cause) {
      super(message, cause);
    }
  }

  private static void prepare(Path file, Connection connection) throws SQLException {
    try (Statement statement = connection.createStatement()) {
      statement.execute("PRAGMA journal_mode=WAL");
      statement.execute("PRAGMA synchronous=FULL");
      statement.execute("PRAGMA foreign_keys=ON");
      statement.execute("PRAGMA busy_timeout=5000");
      int version;
      try (ResultSet row = statement.executeQuery("PRAGMA user_version")) {
        version = row.next() ? row.getInt(1) : 0;
      }
      if (version > SCHEMA_VERSION) {
        throw new StorageException(
            "schema_too_new",
            "database "
                + file
                + ": schema version "
                + version
                + " is newer than "
                + SCHEMA_VERSION
                + ", which this BoxLite knows; use the newer BoxLite");
      }
      try (ResultSet row = statement.executeQuery("PRAGMA quick_check(1)")) {
        if (!row.next() || !"ok".equals(row.getString(1))) {
          throw new DamagedException("integrity check failed", null);
        }
      }
      if (version == SCHEMA_VERSION) {
        return; // writes nothing: there may be no room
      }
      statement.execute(
          "CREATE TABLE IF NOT EXISTS box_config (id TEXT PRIMARY KEY, name TEXT UNIQUE,"
              + " created_at INTEGER NOT NULL, json TEXT NOT NULL)");
      statement.execute(
          "CREATE TABLE IF NOT EXISTS box_state (id TEXT PRIMARY KEY REFERENCES box_config(id) ON"
              + " DELETE CASCADE, status TEXT NOT NULL, pid INTEGER, json TEXT NOT NULL)");
      statement.execute("PRAGMA user_version=" + SCHEMA_VERSION);
    }
  }

  /// Adds a box.
  ///
  /// @throws AlreadyExistsException if its name is taken
  void insert(BoxRecord box) {
    transaction(
        "add box " + box.id(),
        () -> {
          try (PreparedStatement config =
                  connection.prepareStatement("INSERT INTO box_config VALUES (?, ?, ?, ?)");
              PreparedStatement state =
                  connection.prepareStatement("INSERT INTO box_state VALUES (?, ?, ?, ?)")) {
            config.setString(1, box.id());
            config.setString(2, box.options().name().orElse(null));
            config.setLong(3, box.createdAt().toEpochMilli());
            config.setString(4, BoxDocument.toJson(box));
            config.executeUpdate();
            state.setString(1, box.id());
            bindState(state, 2, box);
            state.executeUpdate();
          } catch (SQLException e) {
            if (e.getErrorCode() == SQLITE_CONSTRAINT && box.options().name().isPresent()) {
              throw nameTaken(box.options().name().get());
            }
            throw e;
          }
        });
  }

  static AlreadyExistsException nameTaken(String name) {
    return new AlreadyExistsException(
        "name_taken",
        "box with name '" + name + "' already exists; choose another name or remove that box",
        null,
        Map.of("resource", "box", "id", name));
  }

  void update(BoxRecord box) {
    transaction(
        "update box " + box.id(),
        () -> {
          try (PreparedStatement state =
              connection.prepareStatement(
                  "UPDATE box_state SET status = ?, pid = ?, json = ? WHERE id = ?")) {
            bindState(state, 1, box);
            state.setString(4, box.id());
            state.executeUpdate();
          }
        });
  }

  /// Changes also what the box is.
  void updateOptions(BoxRecord box) {
    transaction(
        "update box " + box.id(),
        () -> {
          String json = BoxDocument.toJson(box);
          for (String table : List.of("box_config", "box_state")) {
            try (PreparedStatement change =
                connection.prepareStatement("UPDATE " + table + " SET json = ? WHERE id = ?")) {
              change.setString(1, json);
              change.setString(2, box.id());
              change.executeUpdate();
            }
          }
        });
  }

  private static void bindState(PreparedStatement statement, int first, BoxRecord box)
      throws SQLException {
    statement.setString(first, box.state().status().wireName());
    if (box.state().process().isPresent()) {
      statement.setLong(first + 1, box.state().process().get().pid());
    } else {
      statement.setNull(first + 1, Types.INTEGER);
    }
    statement.setString(first + 2, BoxDocument.toJson(box));
  }

  void delete(String id) {
    transaction(
        "remove box " + id,
        () -> {
          try (PreparedStatement statement =
              connection.prepareStatement("DELETE FROM box_config WHERE id = ?")) {
            statement.setString(1, id);
            statement.executeUpdate();
          }
        });
  }

  /// {@return all boxes}
  ///
  /// @throws SQLException if the database or a document in it is corrupt
  List<BoxRecord> readAll() throws SQLException {
    lock.lock();
    try (Statement statement = connection.createStatement();
        ResultSet rows = statement.executeQuery("SELECT json FROM box_state ORDER BY id")) {
      List<BoxRecord> boxes = new ArrayList<>();
      while (rows.next()) {
        boxes.add(BoxDocument.fromJson(rows.getString(1)));
      }
      return boxes;
    } catch (IllegalArgumentException e) {
      throw new DamagedException(String.valueOf(e.getMessage()), e);
    } finally {
      lock.unlock();
    }
  }

  /// After some failures, a full disk among them, SQLite has rolled back by itself.
  private static void rollBack(Statement control, Exception failure) {
    try {
      control.execute("ROLLBACK");
    } catch (SQLException e) {
      failure.addSuppressed(e);
    }
  }

  private interface Work {
    void run() throws SQLException;
  }

  private void transaction(String action, Work work) {
    lock.lock();
    try (Statement control = connection.createStatement()) {
      control.execute("BEGIN IMMEDIATE");
      try {
        work.run();
        control.execute("COMMIT");
      } catch (SQLException | RuntimeException e) {
        rollBack(control, e);
        throw e;
      }
    } catch (SQLException e) {
      throw new StorageException(
          "database_failed",
          action + " in " + file + ": " + e.getMessage() + "; check the disk and free space",
          e,
          Map.of("path", file.toString()));
    } finally {
      lock.unlock();
    }
  }

  @Override
  public void close() {
    lock.lock();
    try {
      connection.close();
    } catch (SQLException _) {
      // Every transaction is on disk already.
    } finally {
      lock.unlock();
    }
  }
}
