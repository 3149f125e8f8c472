package io.boxlite.cli.command;

import io.boxlite.api.ImageDetails;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// Details of an image under the keys that Docker gives them.
final class ImageTree {
  private ImageTree() {}

  static Map<String, Object> of(ImageDetails image) {
    Map<String, Object> tree = new LinkedHashMap<>();
    tree.put("Id", image.image().id());
    tree.put("RepoTags", image.references().stream().filter(name -> !name.contains("@")).toList());
    tree.put(
        "RepoDigests",
        image.references().stream()
            .map(name -> repository(name) + "@" + image.image().id())
            .distinct()
            .toList());
    tree.put("ConfigDigest", image.configDigest());
    tree.put("Created", image.created().map(Instant::toString).orElse(""));
    tree.put("Author", image.author());
    tree.put("Architecture", image.architecture());
    tree.put("Os", image.os());
    tree.put("Size", size(image));
    tree.put("Config", config(image.config()));
    tree.put(
        "RootFS",
        ordered(
            "Type",
            "layers",
            "Layers",
            image.layers().stream().map(ImageDetails.Layer::diffId).toList()));
    return tree;
  }

  private static long size(ImageDetails image) {
    return image
        .image()
        .sizeBytes()
        .orElseGet(() -> image.layers().stream().mapToLong(ImageDetails.Layer::sizeBytes).sum());
  }

  /// {@return a reference without tag and digest}
  private static String repository(String reference) {
    int at = reference.indexOf('@');
    String name = at < 0 ? reference : reference.substring(0, at);
    int colon = name.indexOf(':', name.lastIndexOf('/') + 1);
    return colon < 0 ? name : name.substring(0, colon);
  }

  private static Map<String, Object> config(ImageDetails.ProcessConfig config) {
    Map<String, Object> tree = new LinkedHashMap<>();
    tree.put("User", config.user());
    tree.put("Env", config.env());
    tree.put("Cmd", config.cmd());
    tree.put("Entrypoint", config.entrypoint());
    tree.put("WorkingDir", config.workingDir());
    tree.put("ExposedPorts", set(config.exposedPorts()));
    tree.put("Volumes", set(config.volumes()));
    tree.put("Labels", new java.util.TreeMap<>(config.labels()));
    tree.put("StopSignal", config.stopSignal());
    return tree;
  }

  /// As Go writes sets: keys without values.
  private static Map<String, Object> set(List<String> names) {
    Map<String, Object> set = new LinkedHashMap<>();
    names.forEach(name -> set.put(name, Map.of()));
    return set;
  }

  private static Map<String, Object> ordered(String k1, Object v1, String k2, Object v2) {
    Map<String, Object> tree = new LinkedHashMap<>();
    tree.put(k1, v1);
    tree.put(k2, v2);
    return tree;
  }
}
