package io.boxlite.cli;

import io.boxlite.api.TemplateInfo;
import io.boxlite.api.TemplateProgress;
import io.boxlite.api.Templates;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;

/// Templates in memory.
final class FakeTemplates implements Templates {
  final List<TemplateInfo> all = new ArrayList<>();

  FakeTemplates with(String key, int memoryMib, boolean inUse) {
    all.add(
        new TemplateInfo(
            key,
            1,
            memoryMib,
            1_572_864,
            FakeBoxlite.CREATED,
            FakeBoxlite.CREATED.plusSeconds(60),
            inUse));
    return this;
  }

  @Override
  public TemplateInfo build(int cpus, int memoryMib, Consumer<TemplateProgress> progress) {
    progress.accept(TemplateProgress.BOOTING);
    progress.accept(TemplateProgress.READY);
    return with("t" + cpus + "x" + memoryMib, memoryMib, false).all.getLast();
  }

  @Override
  public List<TemplateInfo> list() {
    return List.copyOf(all);
  }

  @Override
  public List<TemplateInfo> prune() {
    List<TemplateInfo> unused = all.stream().filter(template -> !template.inUse()).toList();
    all.removeAll(unused);
    return unused;
  }
}
