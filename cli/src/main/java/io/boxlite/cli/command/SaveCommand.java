package io.boxlite.cli.command;

import io.boxlite.api.Images.ArchiveFormat;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParseResult;

/// `save`: writes images to an archive.
final class SaveCommand implements Command {
  @Override
  public CommandSpec spec() {
    CommandSpec spec = Specs.command("Write images to an archive");
    spec.addOption(Specs.text("FILE", "The archive (default: standard output)", "-o", "--output"));
    spec.addOption(Specs.text("FORMAT", "docker-archive (default) or oci", "--format"));
    spec.addPositional(Specs.arguments("IMAGE...", "Names, digests, or first digits of these"));
    return spec;
  }

  @Override
  public int run(ParseResult parsed, CliContext context) throws IOException {
    List<String> images = Specs.someArguments(parsed, "IMAGE");
    ArchiveFormat format = format(parsed.matchedOptionValue("--format", "docker-archive"));
    String file = parsed.matchedOptionValue("--output", "-");
    if (file.equals("-")) {
      if (context.terminal().showsOutput()) {
        throw CliException.failure(
            "cannot write an archive to a terminal; use -o FILE, or redirect standard output");
      }
      context.boxlite().images().save(images, format, context.rawOut());
      return 0;
    }
    Path path = Path.of(file);
    if (Files.exists(path) && !Files.isRegularFile(path)) {
      if (Files.isDirectory(path)) {
        throw CliException.failure("cannot save to '" + file + "': a directory");
      }
      try (OutputStream out = Files.newOutputStream(path)) { // a pipe or a device
        context.boxlite().images().save(images, format, out);
      }
      return 0;
    }
    saveAs(path.toAbsolutePath(), images, format, context);
    return 0;
  }

  /// A file of that name is replaced only by a complete one.
  private static void saveAs(
      Path file, List<String> images, ArchiveFormat format, CliContext context) throws IOException {
    Path partial =
        file.resolveSibling("." + file.getFileName() + "." + ProcessHandle.current().pid());
    partial.toFile().deleteOnExit(); // a signal ends this process without the lines below
    try {
      try (OutputStream out = new BufferedOutputStream(Files.newOutputStream(partial))) {
        context.boxlite().images().save(images, format, out);
      }
      Files.move(partial, file, StandardCopyOption.ATOMIC_MOVE);
    } finally {
      Files.deleteIfExists(partial);
    }
  }

  private static ArchiveFormat format(String name) {
    return switch (name) {
      case "oci", "oci-archive" -> ArchiveFormat.OCI;
      case "docker", "docker-archive" -> ArchiveFormat.DOCKER;
      default ->
          throw CliException.usage(
              "unknown archive format '" + name + "'; expected oci or docker-archive");
    };
  }
}
