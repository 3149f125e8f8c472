package io.boxlite.api;

import java.util.List;

/// A volume of a box: where it comes from and where the box sees it. Immutable.
///
/// @param source what is mounted
/// @param guestPath absolute path in the box, made when missing
/// @param readOnly whether the box may only read it; the host sees to that
/// @since 0.1
public record VolumeMount(Source source, String guestPath, boolean readOnly) {
  /// Most volumes of one box.
  public static final int MAX = 128;

  /// What is mounted.
  public sealed interface Source {}

  /// A directory or regular file of the supervisor's host.
  ///
  /// @param path absolute path, which is looked up at each start of the box
  public record HostPath(String path) implements Source {}

  /// A volume of [Volumes].
  ///
  /// @param idOrName id or name; a box keeps the id
  public record Managed(String idOrName) implements Source {}

  /// A volume of the box's own.
  ///
  /// @param id its id; empty while the box is not made, which makes it
  public record Anonymous(String id) implements Source {}

  /// {@return a directory or file of the host}
  ///
  /// @param path absolute path on the supervisor's host
  /// @param guestPath absolute path in the box
  /// @param readOnly whether the box may only read it
  public static VolumeMount ofHostPath(String path, String guestPath, boolean readOnly) {
    return new VolumeMount(new HostPath(path), guestPath, readOnly);
  }

  /// {@return a volume that [Volumes#create] has made}
  ///
  /// @param idOrName which
  /// @param guestPath absolute path in the box
  /// @param readOnly whether the box may only read it
  public static VolumeMount ofManaged(String idOrName, String guestPath, boolean readOnly) {
    return new VolumeMount(new Managed(idOrName), guestPath, readOnly);
  }

  /// {@return a volume that is made with the box}
  ///
  /// @param guestPath absolute path in the box
  /// @param readOnly whether the box may only read it
  public static VolumeMount ofAnonymous(String guestPath, boolean readOnly) {
    return new VolumeMount(new Anonymous(""), guestPath, readOnly);
  }

  static void check(List<VolumeMount> volumes, OptionChecks checks) {
    checks.require(volumes.size() <= MAX, "volumes", "must be at most " + MAX);
    for (VolumeMount volume : volumes) {
      String target = volume.guestPath();
      checks
          .require(
              target.startsWith("/") && target.indexOf('\0') < 0,
              "volume box path",
              "'" + target + "' must be an absolute path")
          .require(
              !isReserved(target),
              "volume box path",
              "'" + target + "' must be neither / nor in /proc, /sys or /dev");
      switch (volume.source()) {
        case HostPath(String path) ->
            checks.require(
                path.startsWith("/") && path.indexOf('\0') < 0,
                "volume host path",
                "'" + path + "' must be an absolute path");
        case Managed(String idOrName) ->
            checks.require(
                VolumeInfo.isName(idOrName),
                "volume",
                "'" + idOrName + "' is neither an absolute path nor a name of a volume");
        case Anonymous(String id) ->
            checks.require(
                id.isEmpty() || VolumeInfo.isName(id), "volume", "'" + id + "' is not an id");
      }
    }
    long different =
        volumes.stream().map(VolumeMount::guestPath).map(VolumeMount::plain).distinct().count();
    checks.require(different == volumes.size(), "volumes", "must not have a box path twice");
  }

  /// Dots are taken by their text: at worst more is refused than had to be.
  private static String plain(String path) {
    return java.nio.file.Path.of("/" + path.replace('\0', '?')).normalize().toString();
  }

  private static boolean isReserved(String path) {
    String plain = plain(path);
    return plain.equals("/")
        || plain.equals("/dev")
        || List.of("/proc", "/sys", "/dev/").stream()
            .anyMatch(tree -> (plain + "/").startsWith(tree.endsWith("/") ? tree : tree + "/"));
  }
}
