package io.boxlite.server;

import io.boxlite.api.BoxInfo;
import io.boxlite.api.BoxStatus;
import io.boxlite.api.RuntimeMetrics;
import java.util.List;
import java.util.Locale;

/// Figures in the text format of Prometheus, version 0.0.4.
final class PrometheusText {
  private PrometheusText() {}

  static String of(RuntimeMetrics metrics, List<BoxInfo> boxes) {
    StringBuilder text = new StringBuilder(1024);
    counter(text, "boxlite_boxes_created_total", "Boxes made", metrics.boxesCreated());
    counter(text, "boxlite_boxes_failed_total", "Starts that failed", metrics.boxesFailed());
    counter(text, "boxlite_boxes_stopped_total", "Boxes that stopped", metrics.boxesStopped());
    counter(
        text, "boxlite_commands_total", "Execs that were asked for", metrics.commandsExecuted());
    counter(text, "boxlite_command_errors_total", "Execs that did not start", metrics.execErrors());
    head(text, "boxlite_boxes", "Boxes by state", "gauge");
    for (BoxStatus status : BoxStatus.values()) {
      long count = boxes.stream().filter(box -> box.status() == status).count();
      text.append("boxlite_boxes{state=\"")
          .append(status.name().toLowerCase(Locale.ROOT))
          .append("\"} ")
          .append(count)
          .append('\n');
    }
    return text.toString();
  }

  private static void counter(StringBuilder text, String name, String help, long value) {
    head(text, name, help, "counter");
    text.append(name).append(' ').append(value).append('\n');
  }

  private static void head(StringBuilder text, String name, String help, String type) {
    text.append("# HELP ").append(name).append(' ').append(help).append('\n');
    text.append("# TYPE ").append(name).append(' ').append(type).append('\n');
  }
}
