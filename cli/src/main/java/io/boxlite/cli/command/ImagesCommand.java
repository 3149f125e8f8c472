package io.boxlite.cli.command;

import io.boxlite.api.ImageInfo;
import io.boxlite.cli.output.Format;
import io.boxlite.cli.output.Table;
import io.boxlite.cli.output.Times;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParseResult;

/// `images`: shows the images of the home.
final class ImagesCommand implements Command {
  private static final int SHORT_ID = 12;

  @Override
  public CommandSpec spec() {
    CommandSpec spec = Specs.command("List images");
    spec.addOption(Specs.flag("Accepted, has no effect", "-a", "--all"));
    spec.addOption(Specs.flag("Show digests", "--digests"));
    spec.addOption(Specs.flag("Show ids in full", "--no-trunc"));
    Listings.addFlags(spec);
    spec.addPositional(Specs.arguments("[REPOSITORY[:TAG]]", "Only images of that name"));
    return spec;
  }

  @Override
  public int run(ParseResult parsed, CliContext context) {
    Format format = Listings.format(parsed);
    List<String> names = Specs.arguments(parsed);
    String name = names.isEmpty() ? "" : Specs.onlyArgument(parsed, "REPOSITORY[:TAG]");
    List<ImageInfo> images =
        context.boxlite().images().list().stream().filter(image -> isNamed(image, name)).toList();
    if (Specs.has(parsed, "--quiet")) {
      images.forEach(image -> context.out().println(image.id()));
    } else {
      context.out().print(render(images, format, parsed));
    }
    return 0;
  }

  private static String render(List<ImageInfo> images, Format format, ParseResult parsed) {
    boolean full = Specs.has(parsed, "--no-trunc");
    return switch (format) {
      case TABLE -> table(images, full, Specs.has(parsed, "--digests"));
      case JSON -> Format.json(images.stream().map(image -> tree(image, full)).toList());
      case YAML -> Format.yaml(images.stream().map(image -> tree(image, full)).toList());
    };
  }

  /// Users leave out what names of Docker Hub have in common.
  private static boolean isNamed(ImageInfo image, String name) {
    return name.isEmpty()
        || List.of("", "docker.io/", "docker.io/library/").stream()
            .map(prefix -> prefix + name)
            .anyMatch(full -> full.equals(image.repository()) || full.equals(image.reference()));
  }

  private static String table(List<ImageInfo> images, boolean full, boolean digests) {
    List<String> header = new ArrayList<>(List.of("REPOSITORY", "TAG", "IMAGE ID", "CREATED"));
    if (digests) {
      header.add(2, "DIGEST");
    }
    Table table = new Table(header.toArray(String[]::new));
    for (ImageInfo image : images) {
      List<String> row = new ArrayList<>();
      row.add(image.repository());
      row.add(image.tag());
      if (digests) {
        row.add(image.id());
      }
      row.add(full ? image.id() : shortId(image.id()));
      row.add(Times.utc(image.cachedAt()));
      table.row(row.toArray(String[]::new));
    }
    return table.render();
  }

  private static Map<String, Object> tree(ImageInfo image, boolean full) {
    Map<String, Object> tree = new LinkedHashMap<>();
    tree.put("Repository", image.repository());
    tree.put("Tag", image.tag());
    tree.put("ID", full ? image.id() : shortId(image.id()));
    tree.put("CreatedAt", Times.utc(image.cachedAt()));
    image.sizeBytes().ifPresent(size -> tree.put("size", Long.toString(size)));
    return tree;
  }

  static String shortId(String digest) {
    String hex = digest.substring(digest.indexOf(':') + 1);
    return hex.substring(0, Math.min(SHORT_ID, hex.length()));
  }
}
