package io.boxlite.cli.command;

import io.boxlite.api.VolumeInfo;
import io.boxlite.api.VolumeMount;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;

/// The value of `--volume`: `[HOST-PATH|NAME:]BOX-PATH[:ro|rw]`.
///
/// A first part that is no absolute path is a path below the working directory if there is such a
/// file, and otherwise the name of a volume, which is made when there is none.
final class VolumeFlag {
  private VolumeFlag() {}

  /// Reads one.
  ///
  /// @param text as the user typed it
  /// @throws CliException if it is none
  static VolumeMount parse(String text) {
    if (text.isBlank()) {
      throw CliException.failure("empty volume spec");
    }
    List<String> parts = Arrays.stream(text.split(":", -1)).map(String::strip).toList();
    return switch (parts.size()) {
      case 1 -> anonymous(parts.getFirst(), false);
      case 2 ->
          isMode(parts.get(1))
              ? anonymous(parts.getFirst(), isReadOnly(parts.get(1)))
              : shared(parts.getFirst(), parts.get(1), "");
      case 3 ->
          isDrive(parts)
              ? shared(parts.getFirst() + ":" + parts.get(1), parts.get(2), "")
              : shared(parts.getFirst(), parts.get(1), parts.get(2));
      default -> {
        if (parts.size() == 4 && isDrive(parts)) {
          yield shared(parts.getFirst() + ":" + parts.get(1), parts.get(2), parts.get(3));
        }
        throw CliException.failure(
            "invalid volume spec \"" + text + "\"; use [HOST-PATH|NAME:]BOX-PATH[:ro|rw]");
      }
    };
  }

  /// Whether the first two parts are a path of Windows, `C:\dir`.
  private static boolean isDrive(List<String> parts) {
    return parts.getFirst().length() == 1
        && Character.isLetter(parts.getFirst().charAt(0))
        && parts.get(1).startsWith("\\");
  }

  private static boolean isMode(String part) {
    return part.equalsIgnoreCase("ro") || part.equalsIgnoreCase("rw");
  }

  private static boolean isReadOnly(String options) {
    return Stream.of(options.split(",")).anyMatch(option -> option.strip().equalsIgnoreCase("ro"));
  }

  private static VolumeMount anonymous(String target, boolean readOnly) {
    if (target.isEmpty()) {
      throw CliException.failure("volume box path must be non-empty");
    }
    if (!target.startsWith("/")) {
      throw CliException.failure(
          "anonymous volume box path must be absolute (e.g. /data), got \"" + target + "\"");
    }
    return VolumeMount.ofAnonymous(target, readOnly);
  }

  private static VolumeMount shared(String source, String target, String options) {
    if (source.isEmpty()) {
      throw CliException.failure("volume host path must be non-empty");
    }
    if (target.isEmpty()) {
      throw CliException.failure("volume box path must be non-empty");
    }
    boolean readOnly = isReadOnly(options);
    if (source.startsWith("/")) {
      return VolumeMount.ofHostPath(source, target, readOnly);
    }
    Path relative = Path.of(source);
    if (Files.exists(relative)) {
      return VolumeMount.ofHostPath(canonical(relative, source), target, readOnly);
    }
    if (VolumeInfo.isName(source)) {
      return VolumeMount.ofManaged(source, target, readOnly);
    }
    throw CliException.failure("volume host path \"" + source + "\": No such file or directory");
  }

  private static String canonical(Path relative, String source) {
    try {
      return relative.toRealPath().toString();
    } catch (java.io.IOException e) {
      throw CliException.failure("volume host path \"" + source + "\": " + e);
    }
  }
}
