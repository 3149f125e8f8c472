package io.boxlite.image;

import io.boxlite.api.ConfigException;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Pattern;

/// The full name of an image: registry, repository, and a tag or digest. Immutable.
///
/// Short names are completed as Docker does: `alpine` is `docker.io/library/alpine:latest`.
///
/// @param registry host, with its port if one was given
/// @param path repository in the registry, such as `library/alpine`
/// @param tag the tag; `latest` when neither tag nor digest was given
/// @param digest `sha256:` and 64 hex digits, if given
/// @since 0.1
public record ImageReference(
    String registry, String path, Optional<String> tag, Optional<String> digest) {
  private static final String DOCKER_HUB = "docker.io";
  private static final int MAX_LENGTH = 512;
  private static final int MAX_REPOSITORY_LENGTH = 255;

  // The grammar of github.com/distribution/reference, which OCI registries follow.
  private static final Pattern HOST =
      Pattern.compile(
          "(?:[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?"
              + "(?:\\.[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?)*|\\[[0-9a-fA-F:]+])"
              + "(?::[0-9]{1,5})?");
  private static final Pattern PATH =
      Pattern.compile(
          "[a-z0-9]+(?:(?:\\.|_|__|-+)[a-z0-9]+)*(?:/[a-z0-9]+(?:(?:\\.|_|__|-+)[a-z0-9]+)*)*+");
  private static final Pattern TAG = Pattern.compile("\\w[\\w.-]{0,127}");
  private static final Pattern DIGEST = Pattern.compile("sha256:[0-9a-f]{64}");

  /// Checks every part; callers normally use [#parse(String)].
  ///
  /// @throws ConfigException if a part is malformed
  public ImageReference {
    String text = text(registry, path, tag, digest);
    check(HOST.matcher(registry).matches(), text, "bad registry host");
    check(PATH.matcher(path).matches(), text, pathProblem(path));
    check(
        registry.length() + 1 + path.length() <= MAX_REPOSITORY_LENGTH,
        text,
        "a repository has at most " + MAX_REPOSITORY_LENGTH + " characters");
    check(tag.isEmpty() || TAG.matcher(tag.get()).matches(), text, "bad tag");
    check(digest.isEmpty() || DIGEST.matcher(digest.get()).matches(), text, "bad digest");
    check(tag.isPresent() || digest.isPresent(), text, "neither tag nor digest");
  }

  /// Reads a reference as a user writes it.
  ///
  /// @param text such as `alpine`, `ghcr.io/owner/app:1.2` or `app@sha256:…`
  /// @return the full reference
  /// @throws ConfigException if it is malformed; the message names it
  public static ImageReference parse(String text) {
    check(!text.isEmpty(), text, "it is empty");
    check(text.length() <= MAX_LENGTH, text, "longer than " + MAX_LENGTH + " characters");
    check(!text.contains("://"), text, "a reference has no scheme");
    String name = text;
    Optional<String> digest = Optional.empty();
    int at = name.indexOf('@');
    if (at >= 0) {
      digest = Optional.of(name.substring(at + 1));
      check(DIGEST.matcher(digest.get()).matches(), text, "a digest is sha256: and 64 hex digits");
      name = name.substring(0, at);
    }
    Optional<String> tag = Optional.empty();
    int colon = name.indexOf(':', name.lastIndexOf('/') + 1);
    if (colon >= 0) {
      tag = Optional.of(name.substring(colon + 1));
      check(TAG.matcher(tag.get()).matches(), text, "bad tag");
      name = name.substring(0, colon);
    } else if (digest.isEmpty()) {
      tag = Optional.of("latest");
    }
    return complete(text, name, tag, digest);
  }

  // A first component names a host only if it looks like one: a dot, a port, or localhost.
  private static ImageReference complete(
      String text, String name, Optional<String> tag, Optional<String> digest) {
    int slash = name.indexOf('/');
    String first = slash < 0 ? "" : name.substring(0, slash);
    boolean host =
        first.contains(".")
            || first.contains(":")
            || first.equals("localhost")
            || !first.equals(first.toLowerCase(Locale.ROOT));
    String registry = host ? first : DOCKER_HUB;
    String path = host ? name.substring(slash + 1) : name;
    if (registry.equals("index.docker.io")) {
      registry = DOCKER_HUB;
    }
    if (registry.equals(DOCKER_HUB) && !path.contains("/")) {
      check(PATH.matcher(path).matches(), text, pathProblem(path));
      path = "library/" + path;
    }
    check(HOST.matcher(registry).matches(), text, "bad registry host");
    check(PATH.matcher(path).matches(), text, pathProblem(path));
    return new ImageReference(registry, path, tag, digest);
  }

  /// {@return registry and path, without tag and digest}
  public String repository() {
    return registry + "/" + path;
  }

  /// {@return the full reference, such as `docker.io/library/alpine:latest`}
  @Override
  public String toString() {
    return text(registry, path, tag, digest);
  }

  private static String text(
      String registry, String path, Optional<String> tag, Optional<String> digest) {
    return registry
        + "/"
        + path
        + tag.map(value -> ":" + value).orElse("")
        + digest.map(value -> "@" + value).orElse("");
  }

  private static String pathProblem(String path) {
    return path.equals(path.toLowerCase(Locale.ROOT))
        ? "a name is made of a-z, 0-9 and single separators . _ - /"
        : "a name must be lower case";
  }

  private static void check(boolean good, String text, String why) {
    if (!good) {
      String shown = text.length() > 200 ? text.substring(0, 200) + "…" : text;
      throw new ConfigException(
          "invalid_reference", "invalid image reference '" + shown + "': " + why);
    }
  }
}
