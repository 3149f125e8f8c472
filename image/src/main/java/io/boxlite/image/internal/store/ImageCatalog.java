package io.boxlite.image.internal.store;

import io.boxlite.api.StorageException;
import io.boxlite.image.internal.oci.Digest;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.locks.ReentrantLock;

/// The database `images.db`: what the manifests of the store say, and which files their layers were
/// converted to. All of it can be made again from `index.json` and the blobs, which are the truth:
/// a database that is damaged, or of another version, is thrown away.
///
/// Thread-safe: one connection, one lock.
public final class ImageCatalog implements AutoCloseable {
  private static final int SCHEMA_VERSION = 1;

  /// A layer of an image.
  ///
  /// @param blob digest of it as registries have it
  /// @param size of the blob in bytes
  /// @param diffId digest of the uncompressed archive
  /// @param file name of the converted file, once it is known
  public record Layer(Digest blob, long size, Digest diffId, Optional<String> file) {}

  /// An image.
  ///
  /// @param manifest digest of its manifest
  /// @param config digest of its configuration
  /// @param layers lowest first
  public record Entry(Digest manifest, Digest config, List<Layer> layers) {
    public long size() {
      return layers.stream().mapToLong(Layer::size).sum();
    }

    /// {@return all blobs of the image}
    Set<Digest> blobs() {
      Set<Digest> blobs = new HashSet<>(Set.of(manifest, config));
      layers.forEach(layer -> blobs.add(layer.blob));
      return blobs;
    }
  }

  private final Path file;
  private final Connection connection;
  private final ReentrantLock lock = new ReentrantLock();

  private ImageCatalog(Path file, Connection connection) {
    this.file = file;
    this.connection = connection;
  }

  /// Opens the database, or makes a new one.
  ///
  /// @throws StorageException if there can be none
  static ImageCatalog open(Path file) throws IOException {
    Files.createDirectories(file.toAbsolutePath().getParent());
    try {
      return new ImageCatalog(file, connect(file));
    } catch (SQLException e) {
      for (String part : List.of("", "-wal", "-shm")) {
        Files.deleteIfExists(Path.of(file + part));
      }
      try {
        return new ImageCatalog(file, connect(file));
      } catch (SQLException again) {
        again.addSuppressed(e);
        throw failed(file, again);
      }
    }
  }

  private static Connection connect(Path file) throws SQLException {
    Connection connection = DriverManager.getConnection("jdbc:sqlite:" + file);
    try {
      prepare(connection);
      return connection;
    } catch (SQLException e) {
      connection.close();
      throw e;
    }
  }

  private static void prepare(Connection connection) throws SQLException {
    try (Statement statement = connection.createStatement()) {
      statement.execute("PRAGMA journal_mode=WAL");
      statement.execute("PRAGMA synchronous=NORMAL");
      statement.execute("PRAGMA foreign_keys=ON");
      try (ResultSet row = statement.executeQuery("PRAGMA quick_check(1)")) {
        if (!row.next() || !"ok".equals(row.getString(1))) {
          throw new SQLException("integrity check failed");
        }
      }
      try (ResultSet row = statement.executeQuery("PRAGMA user_version")) {
        int version = row.next() ? row.getInt(1) : 0;
        if (version != 0 && version != SCHEMA_VERSION) {
          throw new SQLException("it has schema version " + version);
        }
      }
      statement.execute(
          "CREATE TABLE IF NOT EXISTS image (manifest TEXT PRIMARY KEY, config TEXT NOT NULL)");
      statement.execute(
          "CREATE TABLE IF NOT EXISTS layer (manifest TEXT NOT NULL REFERENCES image(manifest) ON"
              + " DELETE CASCADE, position INTEGER NOT NULL, blob TEXT NOT NULL, size INTEGER NOT"
              + " NULL, diff_id TEXT NOT NULL, file TEXT, PRIMARY KEY (manifest, position))");
      statement.execute("PRAGMA user_version=" + SCHEMA_VERSION);
    }
  }

  /// {@return what is known of an image}
  Optional<Entry> find(Digest manifest) {
    lock.lock();
    try (PreparedStatement images =
            connection.prepareStatement("SELECT config FROM image WHERE manifest = ?");
        PreparedStatement layers =
            connection.prepareStatement(
                "SELECT blob, size, diff_id, file FROM layer WHERE manifest = ? ORDER BY"
                    + " position")) {
      images.setString(1, manifest.hex());
      layers.setString(1, manifest.hex());
      try (ResultSet image = images.executeQuery();
          ResultSet rows = layers.executeQuery()) {
        return image.next()
            ? Optional.of(new Entry(manifest, new Digest(image.getString(1)), layers(rows)))
            : Optional.empty();
      }
    } catch (SQLException e) {
      throw failed(file, e);
    } finally {
      lock.unlock();
    }
  }

  private static List<Layer> layers(ResultSet rows) throws SQLException {
    List<Layer> layers = new ArrayList<>();
    while (rows.next()) {
      layers.add(
          new Layer(
              new Digest(rows.getString(1)),
              rows.getLong(2),
              new Digest(rows.getString(3)),
              Optional.ofNullable(rows.getString(4))));
    }
    return List.copyOf(layers);
  }

  /// Keeps what is known of an image, instead of what was known before.
  void put(Entry entry) {
    lock.lock();
    try {
      connection.setAutoCommit(false);
      try (PreparedStatement delete =
              connection.prepareStatement("DELETE FROM image WHERE manifest = ?");
          PreparedStatement image =
              connection.prepareStatement("INSERT INTO image (manifest, config) VALUES (?, ?)");
          PreparedStatement layer =
              connection.prepareStatement(
                  "INSERT INTO layer (manifest, position, blob, size, diff_id, file) VALUES"
                      + " (?, ?, ?, ?, ?, ?)")) {
        delete.setString(1, entry.manifest.hex());
        delete.executeUpdate();
        image.setString(1, entry.manifest.hex());
        image.setString(2, entry.config.hex());
        image.executeUpdate();
        for (int i = 0; i < entry.layers.size(); i++) {
          insert(layer, entry.manifest, i, entry.layers.get(i));
        }
        connection.commit();
      } catch (SQLException e) {
        connection.rollback();
        throw e;
      } finally {
        connection.setAutoCommit(true);
      }
    } catch (SQLException e) {
      throw failed(file, e);
    } finally {
      lock.unlock();
    }
  }

  private static void insert(PreparedStatement row, Digest manifest, int position, Layer layer)
      throws SQLException {
    row.setString(1, manifest.hex());
    row.setInt(2, position);
    row.setString(3, layer.blob.hex());
    row.setLong(4, layer.size);
    row.setString(5, layer.diffId.hex());
    row.setString(6, layer.file.orElse(null));
    row.executeUpdate();
  }

  /// Forgets all images but these.
  void retain(Set<Digest> manifests) {
    lock.lock();
    try (PreparedStatement all = connection.prepareStatement("SELECT manifest FROM image");
        PreparedStatement delete =
            connection.prepareStatement("DELETE FROM image WHERE manifest = ?")) {
      Set<String> gone = new HashSet<>();
      try (ResultSet rows = all.executeQuery()) {
        while (rows.next()) {
          gone.add(rows.getString(1));
        }
      }
      manifests.forEach(manifest -> gone.remove(manifest.hex()));
      for (String manifest : gone) {
        delete.setString(1, manifest);
        delete.executeUpdate();
      }
    } catch (SQLException e) {
      throw failed(file, e);
    } finally {
      lock.unlock();
    }
  }

  private static StorageException failed(Path file, SQLException cause) {
    return new StorageException(
        "image_catalog",
        "cannot use %s: %s; it may be deleted while BoxLite does not run"
            .formatted(file, cause.getMessage()),
        cause,
        Map.of("path", file.toString()));
  }

  @Override
  public void close() {
    lock.lock();
    try {
      connection.close();
    } catch (SQLException e) {
      // Everything is committed already.
    } finally {
      lock.unlock();
    }
  }
}
