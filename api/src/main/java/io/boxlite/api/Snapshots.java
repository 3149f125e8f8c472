package io.boxlite.api;

import java.util.List;
import java.util.Optional;

/// The snapshots of one box: what its disk was at some moment. They share what has not changed
/// since, and go with the box. From any thread; blocking.
///
/// @since 0.1
public interface Snapshots {
  /// Makes a snapshot of the box's disk. A box that runs stands still for that moment, with all
  /// that it has written on its disk; what is only in its memory is not in the snapshot, nor are
  /// its volumes.
  ///
  /// @param name unique in the box, see [SnapshotInfo#isName]
  /// @return the snapshot
  /// @throws ConfigException if the name is malformed
  /// @throws AlreadyExistsException if the name is taken
  /// @throws InvalidStateException if the box is starting, stopping or waiting for room, or does
  ///   not come to stand still
  /// @throws StorageException if it cannot be written
  SnapshotInfo create(String name);

  /// {@return all snapshots, oldest first}
  List<SnapshotInfo> list();

  /// Finds a snapshot.
  ///
  /// @param name its name
  /// @return the snapshot, or empty when there is none
  Optional<SnapshotInfo> get(String name);

  /// Removes a snapshot, any of them. What others need of it stays until they are gone.
  ///
  /// @param name its name
  /// @throws NotFoundException if there is none
  void remove(String name);

  /// Makes the disk of the box what it was. What was written since, and is in no snapshot, is lost.
  ///
  /// @param name its name
  /// @throws NotFoundException if there is none
  /// @throws InvalidStateException if the box runs
  void restore(String name);
}
