package io.boxlite.api.internal.copy;

import io.boxlite.api.Box;
import io.boxlite.api.ConfigException;
import io.boxlite.api.CopyOptions;
import io.boxlite.api.internal.tar.TarReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/// Copies between the file system of this process and a box, wherever that is.
public final class HostCopy {
  private static final String CONTENTS = "/.";

  private HostCopy() {}

  /// [Box#copyIn(Path, String, CopyOptions)].
  ///
  /// @param box where to
  /// @param source on this host
  /// @param target in the box
  /// @param options how
  /// @return what was skipped
  public static List<String> in(Box box, Path source, String target, CopyOptions options) {
    requirePath("source", source.toString());
    requirePath("destination", target);
    boolean contents = !options.includeParent() || isContents(source.toString());
    try (TarPacker tar = TarPacker.of(source, options, contents)) {
      boolean rename = !contents || !tar.isDirectory();
      List<String> skipped =
          new ArrayList<>(box.copyIn(tar, target, options.withIncludeParent(rename)));
      skipped.addAll(0, tar.skipped());
      return List.copyOf(skipped);
    }
  }

  /// [Box#copyOut(String, Path, CopyOptions)].
  ///
  /// @param box where from
  /// @param source in the box
  /// @param target on this host
  /// @param options how
  /// @return what was skipped
  public static List<String> out(Box box, String source, Path target, CopyOptions options) {
    requirePath("source", source);
    requirePath("destination", target.toString());
    boolean rename = options.includeParent() && !isContents(source);
    TarUnpacker unpacker = new TarUnpacker(target, options.overwrite(), rename);
    box.copyOut(source, options, tar -> unpack(unpacker, tar));
    return unpacker.skipped();
  }

  /// [Box#copyOut(String, OutputStream, CopyOptions)].
  ///
  /// @param box where from
  /// @param source in the box
  /// @param target gets the tar as the box sends it; not closed
  /// @param options how
  /// @return what was skipped
  public static List<String> stream(
      Box box, String source, OutputStream target, CopyOptions options) {
    requirePath("source", source);
    SkipList skipped = new SkipList();
    box.copyOut(source, options, tar -> pass(tar, target, skipped));
    return skipped.toList();
  }

  static void pass(InputStream tar, OutputStream target, SkipList skipped) throws IOException {
    TarReader reader = new TarReader(new TarTee(tar, target));
    reader.onComment(skipped::addComment);
    while (reader.next().isPresent()) {
      // What it holds is passed on; only the comments between count here.
    }
    reader.drain();
  }

  private static void unpack(TarUnpacker unpacker, InputStream tar) throws IOException {
    unpacker.unpack(tar);
  }

  private static boolean isContents(String path) {
    return path.equals(".") || path.endsWith(CONTENTS);
  }

  private static void requirePath(String what, String path) {
    if (path.isEmpty()) {
      throw new ConfigException("invalid_path", what + " path cannot be empty");
    }
  }
}
