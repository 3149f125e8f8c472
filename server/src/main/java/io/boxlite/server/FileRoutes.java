package io.boxlite.server;

import io.boxlite.api.Box;
import io.boxlite.api.Boxlite;
import io.boxlite.api.CopyOptions;
import io.boxlite.rest.FileWarnings;
import java.io.IOException;
import java.io.InputStream;
import java.time.Duration;
import java.util.List;

/// Files of boxes, as tar streams in both directions.
final class FileRoutes {
  /// A copy of a box that does not run holds it up.
  private static final Duration STALL_LIMIT = Duration.ofMinutes(5);

  private final Boxlite boxlite;

  FileRoutes(Boxlite boxlite) {
    this.boxlite = boxlite;
  }

  void addTo(Router router) {
    router.add("PUT", "boxes/{box}/files", e -> e.withinStalls(STALL_LIMIT, () -> put(e)));
    router.add("GET", "boxes/{box}/files", e -> e.withinStalls(STALL_LIMIT, () -> get(e)));
  }

  private void put(Exchange exchange) throws IOException {
    String path = exchange.required("path");
    CopyOptions options =
        new CopyOptions(true, exchange.flag("overwrite", true), false, exchange.flag("rename_top"));
    Box box = BoxRoutes.find(boxlite, exchange);
    try (InputStream tar = exchange.body()) {
      List<String> skipped = box.copyIn(tar, path, options);
      if (!skipped.isEmpty()) {
        exchange.header(FileWarnings.HEADER, FileWarnings.encode(skipped));
      }
    }
    exchange.noContent();
  }

  private void get(Exchange exchange) throws IOException {
    String path = exchange.required("path");
    CopyOptions options =
        new CopyOptions(
            exchange.flag("recursive", true),
            true,
            exchange.flag("follow_symlinks"),
            exchange.flag("include_parent", true));
    Box box = BoxRoutes.find(boxlite, exchange);
    exchange.write(
        "application/x-tar", out -> box.copyOut(path, options, tar -> tar.transferTo(out)));
  }
}
