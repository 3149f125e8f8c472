package io.boxlite.rest;

import java.nio.charset.StandardCharsets;

/// The paths of the contract, without the optional prefix.
///
/// @since 0.1
public final class Paths {
  /// All boxes.
  public static final String BOXES = "/v1/boxes";

  /// All images.
  public static final String IMAGES = "/v1/images";

  /// Adding images.
  public static final String IMAGES_LOAD = "/v1/images/load";

  /// Fetching an image.
  public static final String IMAGES_PULL = "/v1/images/pull";

  /// Sending an image.
  public static final String IMAGES_PUSH = "/v1/images/push";

  /// All about an image.
  public static final String IMAGES_INSPECT = "/v1/images/inspect";

  /// Naming an image.
  public static final String IMAGES_TAG = "/v1/images/tag";

  /// Removing unused images.
  public static final String IMAGES_PRUNE = "/v1/images/prune";

  /// Images as an archive.
  public static final String IMAGES_SAVE = "/v1/images/save";

  /// What the home takes on disk.
  public static final String DISK_USAGE = "/v1/system/df";

  /// All volumes.
  public static final String VOLUMES = "/v1/volumes";

  /// The VMs at rest that boxes start from.
  public static final String TEMPLATES = "/v1/templates";

  /// What the server can do.
  public static final String CONFIG = "/v1/config";

  /// Who the caller is.
  public static final String ME = "/v1/me";

  /// What the runtime is.
  public static final String INFO = "/v1/info";

  /// Counters of the runtime.
  public static final String METRICS = "/v1/metrics";

  /// Where the supervisor listens by TCP; on the Unix socket only.
  public static final String LISTENERS = "/v1/server/listeners";

  /// API keys; on the Unix socket only.
  public static final String API_KEYS = "/v1/server/keys";

  private Paths() {}

  /// {@return the path of a box}
  ///
  /// @param idOrName which
  public static String box(String idOrName) {
    return BOXES + "/" + encode(idOrName);
  }

  /// {@return the path of what concerns a box's network}
  ///
  /// @param id of the box
  /// @param what `allow`, `deny`, `ports`, `log` or `tunnel`
  public static String network(String id, String what) {
    return box(id) + "/network/" + what;
  }

  /// {@return the path of the snapshots of a box}
  ///
  /// @param id of the box
  public static String snapshots(String id) {
    return box(id) + "/snapshots";
  }

  /// {@return the path of a snapshot}
  ///
  /// @param id of the box
  /// @param name of the snapshot
  public static String snapshot(String id, String name) {
    return snapshots(id) + "/" + encode(name);
  }

  /// {@return the path of a volume}
  ///
  /// @param idOrName which
  public static String volume(String idOrName) {
    return VOLUMES + "/" + encode(idOrName);
  }

  /// {@return the path of an execution}
  ///
  /// @param boxId id of the box
  /// @param executionId id of the execution
  public static String execution(String boxId, String executionId) {
    return box(boxId) + "/executions/" + encode(executionId);
  }

  /// {@return text as one path segment or query value, percent-encoded}
  ///
  /// @param text any
  public static String encode(String text) {
    if (text.equals(".") || text.equals("..")) {
      return text.replace(".", "%2E"); // a path segment with a meaning of its own
    }
    StringBuilder out = new StringBuilder(text.length() + 8);
    for (byte b : text.getBytes(StandardCharsets.UTF_8)) {
      if ((b >= 'a' && b <= 'z')
          || (b >= 'A' && b <= 'Z')
          || (b >= '0' && b <= '9')
          || b == '-'
          || b == '_'
          || b == '.'
          || b == '~') {
        out.append((char) b);
      } else {
        out.append('%').append(hex(b >> 4)).append(hex(b));
      }
    }
    return out.toString();
  }

  private static char hex(int nibble) {
    return "0123456789ABCDEF".charAt(nibble & 0xf);
  }
}
