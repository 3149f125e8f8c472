package io.boxlite.api;

import java.util.List;
import java.util.function.Consumer;

/// The VMs at rest that boxes start from: one for each number of CPUs and size of memory. They are
/// made when a box first needs one; nobody has to call this. Thread-safe.
///
/// @since 0.1
public interface Templates {
  /// Makes the template for boxes of a size, unless it is there. Takes seconds; several that ask at
  /// once get one.
  ///
  /// @param cpus virtual CPUs, as of a box
  /// @param memoryMib memory in MiB, as of a box
  /// @param progress told each stage on the calling thread; the last is [TemplateProgress#READY]
  /// @return the template
  /// @throws ConfigException if no box can have that size
  /// @throws EngineException if the guest does not come up or cannot be saved
  /// @throws StorageException if it cannot be written
  TemplateInfo build(int cpus, int memoryMib, Consumer<TemplateProgress> progress);

  /// {@return all templates, the one that was used last first}
  List<TemplateInfo> list();

  /// Removes the templates that no running VM was restored from.
  ///
  /// @return what was removed
  /// @throws StorageException if one cannot be removed
  List<TemplateInfo> prune();
}
