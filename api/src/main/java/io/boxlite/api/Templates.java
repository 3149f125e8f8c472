package io.boxlite.api;

import java.util.List;
import java.util.function.Consumer;

/// The VMs at rest that boxes start from.
///
/// @since 0.1
public interface Templates {
  TemplateInfo build(int cpus, int memoryMib, Consumer<TemplateProgress> progress);

  List<TemplateInfo> list();

  List<TemplateInfo> prune();
}
