package io.boxlite.api;

import java.util.List;
import java.util.Optional;

/// Volumes that the home keeps, whatever becomes of boxes: those that somebody made, and those of
/// boxes that were removed without them. Thread-safe.
///
/// @since 0.1
public interface Volumes {
  /// Makes an empty volume.
  ///
  /// @param name unique name; empty: it is known by its id only
  /// @return the volume
  /// @throws ConfigException if the name is malformed
  /// @throws AlreadyExistsException if the name is taken
  /// @throws StorageException if it cannot be made
  VolumeInfo create(Optional<String> name);

  /// {@return all volumes, newest first}
  List<VolumeInfo> list();

  /// Finds a volume.
  ///
  /// @param idOrName id or name
  /// @return the volume, or empty when there is none
  Optional<VolumeInfo> get(String idOrName);

  /// Removes a volume with all that is in it.
  ///
  /// @param idOrName id or name
  /// @param force whether it is no error when there is none
  /// @throws NotFoundException if there is none
  /// @throws InvalidStateException reason `volume_in_use`, if a box has it, running or not
  /// @throws StorageException if something in it cannot be removed
  void remove(String idOrName, boolean force);

  /// Removes volumes that no box has.
  ///
  /// @param all whether also those that somebody made; otherwise those that were made with a box
  /// @return what was removed
  /// @throws StorageException if one cannot be removed
  List<VolumeInfo> prune(boolean all);
}
