package io.boxlite.server;

import io.boxlite.api.BoxOptions;
import io.boxlite.api.TemplateInfo;
import io.boxlite.api.TemplateProgress;
import io.boxlite.api.Templates;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// Templates in memory; making one may fail when the guest boots.
final class FakeTemplates implements Templates {
  final List<TemplateInfo> made = new CopyOnWriteArrayList<>();
  volatile @Nullable RuntimeException bootFails;

  @Override
  public TemplateInfo build(int cpus, int memoryMib, Consumer<TemplateProgress> progress) {
    var _ = BoxOptions.ofImage("template").cpus(cpus).memoryMib(memoryMib).build();
    progress.accept(TemplateProgress.BOOTING);
    RuntimeException failure = bootFails;
    if (failure != null) {
      throw failure;
    }
    TemplateInfo template =
        new TemplateInfo(
            "k" + memoryMib, cpus, memoryMib, 7, Instant.EPOCH, Instant.EPOCH, memoryMib > 512);
    made.add(template);
    progress.accept(TemplateProgress.READY);
    return template;
  }

  @Override
  public List<TemplateInfo> list() {
    return List.copyOf(made);
  }

  @Override
  public List<TemplateInfo> prune() {
    List<TemplateInfo> unused = made.stream().filter(template -> !template.inUse()).toList();
    made.removeAll(unused);
    return unused;
  }
}
