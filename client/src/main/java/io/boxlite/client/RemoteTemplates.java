package io.boxlite.client;

import io.boxlite.api.TemplateInfo;
import io.boxlite.api.TemplateProgress;
import io.boxlite.api.Templates;
import io.boxlite.rest.BoxMapping;
import io.boxlite.rest.ErrorBody;
import io.boxlite.rest.ErrorEnvelope;
import io.boxlite.rest.JsonCodec;
import io.boxlite.rest.Paths;
import io.boxlite.rest.TemplateBody;
import io.boxlite.rest.TemplateEventBody;
import io.boxlite.rest.TemplateListBody;
import io.boxlite.rest.TemplateSizeBody;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.List;
import java.util.function.Consumer;

/// Templates over REST.
///
/// @param caller sends the requests
record RemoteTemplates(RestCaller caller) implements Templates {
  /// Stands for a status: the answer began before it was known that it would fail.
  private static final int FAILED = 500;

  private static final int MAX_LINE = 64 * 1024;

  @Override
  public TemplateInfo build(int cpus, int memoryMib, Consumer<TemplateProgress> progress) {
    try (InputStream lines =
        caller.stream("POST", Paths.TEMPLATES, new TemplateSizeBody(cpus, memoryMib))) {
      while (true) {
        TemplateEventBody event = JsonCodec.read(TemplateEventBody.class, line(lines));
        ErrorBody.Failure error = event.error();
        if (error != null) {
          throw ErrorEnvelope.toException(FAILED, JsonCodec.write(new ErrorBody(error)));
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

  private static byte[] line(InputStream from) throws IOException {
    ByteArrayOutputStream line = new ByteArrayOutputStream();
    for (int next = from.read(); next != '\n'; next = from.read()) {
      if (next < 0) {
        throw new IOException("the answer was cut");
      }
      if (line.size() == MAX_LINE) {
        throw new IOException("a line of the answer is longer than " + MAX_LINE + " bytes");
      }
      line.write(next);
    }
    return line.toByteArray();
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
