package io.boxlite.api;

/// How files are copied into or out of a box. Immutable.
///
/// @param recursive whether a directory may be copied
/// @param overwrite whether the destination may exist
/// @param followSymlinks whether what a symbolic link points to is copied instead of the link
/// @param includeParent whether a directory is copied as itself, as `cp -r` does: into a directory
///   that exists under its own name, else as the destination. Otherwise only what is in it, always
///   into the destination
/// @since 0.1
public record CopyOptions(
    boolean recursive, boolean overwrite, boolean followSymlinks, boolean includeParent) {
  /// Recursive, overwriting, links as links, a directory as itself.
  public static final CopyOptions DEFAULT = new CopyOptions(true, true, false, true);

  /// {@return the same with another `includeParent`}
  ///
  /// @param include the new value
  public CopyOptions withIncludeParent(boolean include) {
    return new CopyOptions(recursive, overwrite, followSymlinks, include);
  }
}
