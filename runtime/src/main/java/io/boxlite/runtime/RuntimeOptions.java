package io.boxlite.runtime;

import io.boxlite.api.ConfigException;
import io.boxlite.api.ImageRegistry;
import io.boxlite.api.RuntimeInfo;
import io.boxlite.image.ImageLimits;
import java.io.File;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// What a supervisor may be told that is not part of a box. Immutable.
///
/// @param accelerator `auto`, `kvm` or `tcg`; from `BOXLITE_ACCEL`, default `auto`
/// @param kernel guest kernel; from `BOXLITE_KERNEL`
/// @param initramfs with the agent and the modules of that kernel; from `BOXLITE_INITRAMFS`
/// @param volumeServer program that serves volumes to guests
/// @param networkServer program that is the network of a box
/// @param publishIp address of the host that ports are bound to which name none; from
///   `BOXLITE_PUBLISH_IP`, default `0.0.0.0`
/// @param resolvers where names are looked up for boxes; none: as `/etc/resolv.conf` says; from
///   `BOXLITE_DNS`, addresses with optional ports, separated by commas
/// @param certificates authorities, in PEM, that servers to which secrets go may have beside those
///   that the JDK trusts; from `SSL_CERT_FILE`
/// @param secretKey what seals secrets; empty: the key file of the home; from `BOXLITE_SECRET_KEY`
/// @param bundledImages directory of the images that come with BoxLite
/// @param temporaryDirectory from `BOXLITE_TMPDIR`, default the system's
/// @param bootTimeout how long a guest may take until its agent answers; from
///   `BOXLITE_BOOT_TIMEOUT_SECONDS`, default 120
/// @param warmPool how many VMs at most wait restored for a box, 0 to 16; empty: what seems
///   sensible; from `BOXLITE_WARM_POOL`, default `auto`
/// @param templates whether boxes start from templates; from `BOXLITE_TEMPLATES`, `on` or `off`,
///   default `on`
/// @param registries how registries are reached; none from the environment
/// @param imageLimits what a layer of an image may have; from `BOXLITE_IMAGE_MAX_…`, see
///   [ImageLimits]
/// @since 0.1
public record RuntimeOptions(
    String accelerator,
    Path kernel,
    Path initramfs,
    Path volumeServer,
    Path networkServer,
    String publishIp,
    List<InetSocketAddress> resolvers,
    Optional<Path> certificates,
    Optional<String> secretKey,
    Path bundledImages,
    Path temporaryDirectory,
    Duration bootTimeout,
    OptionalInt warmPool,
    boolean templates,
    List<ImageRegistry> registries,
    ImageLimits imageLimits) {
  /// Variable of the key that seals secrets. Never in the environment of a process of our own.
  public static final String SECRET_KEY = "BOXLITE_SECRET_KEY";

  private static final String JAR_NAME = "boxlite-runtime-" + RuntimeInfo.VERSION + ".jar";
  private static final int DEFAULT_BOOT_SECONDS = 120;
  private static final int MAX_BOOT_SECONDS = 3600;
  private static final int MAX_WARM_POOL = 16;
  private static final Pattern RESOLVER =
      Pattern.compile("(\\d{1,3}(?:\\.\\d{1,3}){3})(?::(\\d{1,5}))?");
  private static final Pattern IPV4 = Pattern.compile("\\d{1,3}(\\.\\d{1,3}){3}");

  /// Reads the options from environment variables.
  ///
  /// @param environment the variables
  /// @return the options
  /// @throws ConfigException if one is invalid; names it
  public static RuntimeOptions ofEnvironment(Map<String, String> environment) {
    String accelerator = environment.getOrDefault("BOXLITE_ACCEL", "auto");
    if (!accelerator.equals("auto") && !accelerator.equals("kvm") && !accelerator.equals("tcg")) {
      throw new ConfigException(
          "invalid_accelerator",
          "BOXLITE_ACCEL '" + accelerator + "' must be one of auto, kvm, tcg");
    }
    Path distribution = path(environment, "BOXLITE_DIST").orElseGet(RuntimeOptions::distribution);
    Path guest = path(environment, "BOXLITE_GUEST_DIR").orElse(distribution.resolve("guest"));
    return new RuntimeOptions(
        accelerator,
        path(environment, "BOXLITE_KERNEL").orElse(guest.resolve("vmlinuz")),
        path(environment, "BOXLITE_INITRAMFS").orElse(guest.resolve("initramfs.gz")),
        guest.resolve("boxlite-volumes"),
        guest.resolve("boxlite-net"),
        publishIp(environment.getOrDefault("BOXLITE_PUBLISH_IP", "0.0.0.0")),
        resolvers(environment.getOrDefault("BOXLITE_DNS", "")),
        Optional.of(environment.getOrDefault("SSL_CERT_FILE", ""))
            .filter(file -> !file.isEmpty())
            .map(Path::of),
        Optional.of(environment.getOrDefault(SECRET_KEY, "")).filter(key -> !key.isEmpty()),
        distribution.resolve("images"),
        path(environment, "BOXLITE_TMPDIR")
            .orElseGet(() -> Path.of(System.getProperty("java.io.tmpdir"))),
        bootTimeout(environment.getOrDefault("BOXLITE_BOOT_TIMEOUT_SECONDS", "")),
        warmPool(environment.getOrDefault("BOXLITE_WARM_POOL", "auto")),
        templates(environment.getOrDefault("BOXLITE_TEMPLATES", "on")),
        List.of(),
        ImageLimits.ofEnvironment(environment));
  }

  /// {@return the same, with entries for registries}
  ///
  /// @param entries how registries are reached
  public RuntimeOptions withRegistries(List<ImageRegistry> entries) {
    return new RuntimeOptions(
        accelerator,
        kernel,
        initramfs,
        volumeServer,
        networkServer,
        publishIp,
        resolvers,
        certificates,
        secretKey,
        bundledImages,
        temporaryDirectory,
        bootTimeout,
        warmPool,
        templates,
        entries,
        imageLimits);
  }

  private static String publishIp(String text) {
    if (!IPV4.matcher(text).matches()) {
      throw new ConfigException(
          "invalid_publish_ip", "BOXLITE_PUBLISH_IP '" + text + "' must be an IPv4 address");
    }
    return text;
  }

  private static List<InetSocketAddress> resolvers(String text) {
    List<InetSocketAddress> found = new ArrayList<>();
    for (String part : text.isEmpty() ? new String[0] : text.split(",", -1)) {
      Matcher match = RESOLVER.matcher(part.strip());
      int port = match.matches() && match.group(2) != null ? Integer.parseInt(match.group(2)) : 53;
      if (!match.matches() || port < 1 || port > 65535) {
        throw new ConfigException(
            "invalid_dns",
            "BOXLITE_DNS '"
                + text
                + "' must be IPv4 addresses, with ports if you like: 192.0.2.1:53");
      }
      found.add(new InetSocketAddress(match.group(1), port));
    }
    return List.copyOf(found);
  }

  private static OptionalInt warmPool(String limit) {
    if (limit.isEmpty() || limit.equals("auto")) {
      return OptionalInt.empty();
    }
    try {
      int value = Integer.parseInt(limit);
      if (value >= 0 && value <= MAX_WARM_POOL) {
        return OptionalInt.of(value);
      }
    } catch (NumberFormatException _) {
      // Falls through to the one message.
    }
    throw new ConfigException(
        "invalid_warm_pool",
        "BOXLITE_WARM_POOL '" + limit + "' must be auto, or between 0 and " + MAX_WARM_POOL);
  }

  private static boolean templates(String setting) {
    return switch (setting) {
      case "", "on" -> true;
      case "off" -> false;
      default ->
          throw new ConfigException(
              "invalid_templates", "BOXLITE_TEMPLATES '" + setting + "' must be on or off");
    };
  }

  private static Duration bootTimeout(String seconds) {
    if (seconds.isEmpty()) {
      return Duration.ofSeconds(DEFAULT_BOOT_SECONDS);
    }
    try {
      int value = Integer.parseInt(seconds);
      if (value >= 1 && value <= MAX_BOOT_SECONDS) {
        return Duration.ofSeconds(value);
      }
    } catch (NumberFormatException _) {
      // Falls through to the one message.
    }
    throw new ConfigException(
        "invalid_boot_timeout",
        "BOXLITE_BOOT_TIMEOUT_SECONDS '" + seconds + "' must be between 1 and " + MAX_BOOT_SECONDS);
  }

  private static Optional<Path> path(Map<String, String> environment, String name) {
    String value = environment.getOrDefault(name, "");
    if (value.isEmpty()) {
      return Optional.empty();
    }
    Path path = Path.of(value);
    if (!path.isAbsolute()) {
      throw new ConfigException(
          "path_not_absolute", name + " '" + value + "' must be an absolute path");
    }
    return Optional.of(path);
  }

  /// The build puts this jar into `dist/lib`, beside `dist/guest` and `dist/images`. The class path
  /// is asked, because a class from an ahead-of-time cache may not know its jar.
  private static Path distribution() {
    String classPath = System.getProperty("java.class.path", "");
    for (String entry : classPath.split(File.pathSeparator, -1)) {
      Path jar = Path.of(entry).toAbsolutePath();
      Path lib = jar.getParent();
      if (jar.endsWith(JAR_NAME) && lib != null && lib.getParent() != null) {
        return lib.getParent();
      }
    }
    return Path.of("/usr/lib/boxlite");
  }

  /// Tells nothing: of a key not even that there is one.
  @Override
  public String toString() {
    return "RuntimeOptions";
  }
}
