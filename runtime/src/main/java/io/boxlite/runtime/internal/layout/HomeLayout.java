package io.boxlite.runtime.internal.layout;

import io.boxlite.api.StorageException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/// Every file and directory name of a home directory. ARCHITECTURE.md shows it as a tree.
///
/// @param home absolute path
public record HomeLayout(Path home) {
  /// Makes the directories that are always there, private to the user.
  ///
  /// @throws StorageException if one cannot be made
  public void create() {
    createPrivate(home);
    for (Path directory :
        List.of(
            images(),
            boxes(),
            keptDisks(),
            init(),
            baseDisks(),
            templates(),
            logs(),
            databaseDirectory())) {
      createPrivate(directory);
    }
    createPrivate(home.resolve("gvproxy"));
  }

  /// {@return the file whose exclusive lock makes a process the supervisor}
  public Path lock() {
    return home.resolve("lock");
  }

  /// {@return the database}
  public Path database() {
    return databaseDirectory().resolve("boxes.db");
  }

  /// {@return what seals secrets: 32 random bytes, mode 0600}
  public Path secretKey() {
    return home.resolve("secret.key");
  }

  /// {@return the catalog of images}
  public Path imageCatalog() {
    return databaseDirectory().resolve("images.db");
  }

  private Path databaseDirectory() {
    return home.resolve("db");
  }

  /// {@return the image store}
  public Path images() {
    return home.resolve("images");
  }

  /// {@return the directory of all boxes}
  public Path boxes() {
    return home.resolve("boxes");
  }

  /// {@return the directory of one box}
  ///
  /// @param id its id
  public BoxLayout box(String id) {
    return new BoxLayout(boxes().resolve(id));
  }

  /// {@return the directory of the disks that never change again: snapshots, and what disks of
  /// boxes lie over}
  public Path keptDisks() {
    return home.resolve("disks");
  }

  /// {@return the directory of what is being exported and imported; nothing in it outlives its
  /// supervisor}
  public Path exchange() {
    return home.resolve("exchange");
  }

  /// {@return the directories of all boxes, and of those that cannot be read any more}
  public List<BoxLayout> boxDirectories() {
    List<BoxLayout> found = new ArrayList<>();
    for (Path parent : List.of(boxes(), home.resolve("boxes-lost"))) {
      if (Files.isDirectory(parent)) {
        try (Stream<Path> entries = Files.list(parent)) {
          entries.map(BoxLayout::new).forEach(found::add);
        } catch (IOException e) {
          throw new StorageException(
              "directory_not_readable",
              "read " + parent + ": " + e + "; check its permissions",
              e,
              Map.of("path", parent.toString()));
        }
      }
    }
    return found;
  }

  /// {@return where a box is kept that cannot be read}
  ///
  /// @param id its id
  public Path lost(String id) {
    Path directory = home.resolve("boxes-lost");
    createPrivate(directory);
    return directory.resolve(id + "-" + System.currentTimeMillis());
  }

  /// {@return what boxes share to start}
  public Path init() {
    return home.resolve("init");
  }

  /// {@return the verdict of the KVM probe}
  public Path kvmVerdict() {
    return init().resolve("kvm.json");
  }

  /// {@return the directory of the empty formatted disks}
  public Path baseDisks() {
    return init().resolve("disks");
  }

  /// {@return the directory of the VMs that boxes start from}
  public Path templates() {
    return init().resolve("templates");
  }

  /// {@return the layer that guests rehearse with}
  public Path rehearsalLayer() {
    return init().resolve("rehearsal.erofs");
  }

  /// {@return the directory of VMs that wait for a box}
  public Path warmPool() {
    return home.resolve("pool");
  }

  /// {@return the directory of volumes that were made with a box}
  public Path anonymousVolumes() {
    return home.resolve("volumes").resolve("anonymous");
  }

  /// {@return the directory of volumes that somebody made}
  public Path namedVolumes() {
    return home.resolve("volumes").resolve("named");
  }

  /// {@return the directory of marks of volumes that nothing has been in}
  public Path newVolumes() {
    return home.resolve("volumes").resolve("new");
  }

  /// {@return the directory of the supervisor's logs}
  public Path logs() {
    return home.resolve("logs");
  }

  /// Makes a directory that only its owner may read, unless it is there.
  ///
  /// @param directory which
  /// @throws StorageException if it cannot be made
  public static void createPrivate(Path directory) {
    try {
      if (!Files.isDirectory(directory)) {
        Files.createDirectories(
            directory,
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
      }
    } catch (IOException e) {
      throw new StorageException(
          "directory_not_made",
          "make directory " + directory + ": " + e + "; check its parent and permissions",
          e,
          Map.of("path", directory.toString()));
    }
  }
}
