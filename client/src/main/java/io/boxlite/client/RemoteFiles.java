package io.boxlite.client;

import io.boxlite.api.Box.TarConsumer;
import io.boxlite.api.CopyOptions;
import io.boxlite.api.StorageException;
import io.boxlite.rest.FileWarnings;
import io.boxlite.rest.Paths;
import java.io.IOException;
import java.io.InputStream;
import java.util.List;
import java.util.Map;

/// Files of a box of another process. Only tar streams are sent: packing is done here.
record RemoteFiles(RestCaller caller, String boxId) {
  List<String> copyIn(InputStream tar, String target, CopyOptions options) {
    String path =
        base(target)
            + (options.overwrite() ? "" : "&overwrite=false")
            + (options.includeParent() ? "&rename_top=true" : "");
    return caller
        .put(path, tar)
        .header(FileWarnings.HEADER)
        .map(FileWarnings::decode)
        .orElse(List.of());
  }

  void copyOut(String source, CopyOptions options, TarConsumer consumer) {
    String path =
        base(source)
            + (options.recursive() ? "" : "&recursive=false")
            + (options.followSymlinks() ? "&follow_symlinks=true" : "")
            + (options.includeParent() ? "" : "&include_parent=false");
    try (InputStream tar = caller.stream("GET", path, null)) {
      consumer.accept(tar);
    } catch (IOException e) {
      throw new StorageException(
          "copy_failed", "copy of " + source + " broke off: " + e.getMessage(), e, Map.of());
    }
  }

  private String base(String path) {
    return Paths.box(boxId) + "/files?path=" + Paths.encode(path);
  }
}
