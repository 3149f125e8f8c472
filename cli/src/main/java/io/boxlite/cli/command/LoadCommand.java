package io.boxlite.cli.command;

import io.boxlite.api.ImageException;
import io.boxlite.api.ImageInfo;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParseResult;

/// `load`: adds the images of an archive.
final class LoadCommand implements Command {
  @Override
  public CommandSpec spec() {
    CommandSpec spec = Specs.command("Add the images of an OCI or Docker archive");
    spec.addOption(Specs.text("FILE", "The archive; - (default): standard input", "-i", "--input"));
    spec.addOption(Specs.flag("Accepted, has no effect", "-q", "--quiet"));
    return spec;
  }

  @Override
  public int run(ParseResult parsed, CliContext context) throws IOException {
    String file = parsed.matchedOptionValue("--input", "-");
    List<ImageInfo> images;
    if (file.equals("-")) {
      if (context.terminal().isTerminal()) {
        throw CliException.failure("cannot load from a terminal; use -i FILE, or redirect input");
      }
      images = context.boxlite().images().load(context.in());
    } else {
      Path path = Path.of(file);
      if (!Files.exists(path) || Files.isDirectory(path)) {
        String why = Files.exists(path) ? "a directory" : "no such file";
        throw CliException.failure("cannot load '" + file + "': " + why);
      }
      try (InputStream in = Files.newInputStream(path)) {
        images = context.boxlite().images().load(in);
      } catch (ImageException e) {
        throw CliException.failure("cannot load '" + file + "': " + e.getMessage());
      }
    }
    images.forEach(image -> context.out().println(line(image)));
    return 0;
  }

  private static String line(ImageInfo image) {
    return image.tag().equals("<none>")
        ? "Loaded image ID: " + image.id()
        : "Loaded image: " + image.reference();
  }
}
