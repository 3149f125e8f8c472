package io.boxlite.cli.command;

import io.boxlite.api.ImageInfo;
import io.boxlite.cli.output.Format;
import io.boxlite.cli.output.Table;
import io.boxlite.cli.output.Times;
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
    Listings.addFlags(spec);
    return spec;
  }

  @Override
  public int run(ParseResult parsed, CliContext context) {
    Format format = Listings.format(parsed);
    List<ImageInfo> images = context.boxlite().images().list();
    if (Specs.has(parsed, "--quiet")) {
      images.forEach(image -> context.out().println(image.id()));
    } else {
      context.out().print(render(images, format));
    }
    return 0;
  }

  private static String render(List<ImageInfo> images, Format format) {
    return switch (format) {
      case TABLE -> table(images);
      case JSON -> Format.json(images.stream().map(ImagesCommand::tree).toList());
      case YAML -> Format.yaml(images.stream().map(ImagesCommand::tree).toList());
    };
  }

  private static String table(List<ImageInfo> images) {
    Table table = new Table("REPOSITORY", "TAG", "IMAGE ID", "CREATED");
    for (ImageInfo image : images) {
      table.row(image.repository(), image.tag(), shortId(image), Times.utc(image.cachedAt()));
    }
    return table.render();
  }

  private static Map<String, Object> tree(ImageInfo image) {
    Map<String, Object> tree = new LinkedHashMap<>();
    tree.put("Repository", image.repository());
    tree.put("Tag", image.tag());
    tree.put("ID", shortId(image));
    tree.put("CreatedAt", Times.utc(image.cachedAt()));
    image.sizeBytes().ifPresent(size -> tree.put("size", Long.toString(size)));
    return tree;
  }

  private static String shortId(ImageInfo image) {
    String hex = image.id().substring(image.id().indexOf(':') + 1);
    return hex.substring(0, Math.min(SHORT_ID, hex.length()));
  }
}
