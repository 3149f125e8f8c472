package io.boxlite.client;

import io.boxlite.api.TemplateInfo;
import io.boxlite.api.TemplateProgress;
import io.boxlite.api.Templates;
import io.boxlite.rest.BoxMapping;
import io.boxlite.rest.ErrorBody;
import io.boxlite.rest.ErrorEnvelope;
import io.boxlite.rest.Paths;
import io.boxlite.rest.TemplateBody;
import io.boxlite.rest.TemplateEventBody;
import io.boxlite.rest.TemplateListBody;
import io.boxlite.rest.TemplateSizeBody;
import java.io.IOException;
import java.util.List;
import java.util.function.Consumer;

/// Templates over REST.
///
/// @param caller sends the requests
record RemoteTemplates(RestCaller caller) implements Templates {
  @Override
  public TemplateInfo build(int cpus, int memoryMib, Consumer<TemplateProgress> progress) {
    try (AnswerLines lines = caller.lines(Paths.TEMPLATES, new TemplateSizeBody(cpus, memoryMib))) {
      while (true) {
        TemplateEventBody event = lines.next(TemplateEventBody.class);
        ErrorBody.Failure error = event.error();
        if (error != null) {
          throw ErrorEnvelope.toException(error);
        }
        TemplateBody made = event.template();
        if (made != null) {
          return BoxMapping.toInfo(made);
        }
        for (TemplateProgress stage : TemplateProgress.values()) {
          if (stage.wireName().equals(event.progress())) {
            progress.accept(stage);
          }
        }
      }
    } catch (IOException e) {
      throw caller.unreachable(e);
    }
  }

  @Override
  public List<TemplateInfo> list() {
    return templates("GET");
  }

  @Override
  public List<TemplateInfo> prune() {
    return templates("DELETE");
  }

  private List<TemplateInfo> templates(String method) {
    return caller.call(TemplateListBody.class, method, Paths.TEMPLATES, null).templates().stream()
        .map(BoxMapping::toInfo)
        .toList();
  }
}
