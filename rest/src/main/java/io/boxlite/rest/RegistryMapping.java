package io.boxlite.rest;

import io.boxlite.api.ConfigException;
import io.boxlite.api.ImageRegistry;
import io.boxlite.api.ImageRegistry.Credentials;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// Turns entries for registries into JSON trees and back: `registries` of requests, and
/// `image_registries` of the configuration file. No message shows a value that may be a secret.
///
/// @since 0.1
public final class RegistryMapping {
  private static final Set<String> KEYS =
      Set.of("host", "transport", "skip_verify", "search", "auth", "ca_file", "mirrors");
  private static final Set<String> AUTH_KEYS = Set.of("type", "username", "password", "token");

  private RegistryMapping() {}

  /// {@return the tree of entries, or null if there are none}
  ///
  /// @param registries the entries
  public static @Nullable Object toTree(List<ImageRegistry> registries) {
    return registries.isEmpty() ? null : registries.stream().map(RegistryMapping::toTree).toList();
  }

  private static Map<String, Object> toTree(ImageRegistry registry) {
    Map<String, Object> tree = new LinkedHashMap<>();
    tree.put("host", registry.host());
    tree.put("transport", registry.plainHttp() ? "http" : "https");
    tree.put("skip_verify", registry.skipVerify());
    tree.put("search", registry.search());
    registry.credentials().ifPresent(credentials -> tree.put("auth", toTree(credentials)));
    registry.caFile().ifPresent(file -> tree.put("ca_file", file));
    if (!registry.mirrors().isEmpty()) {
      tree.put("mirrors", registry.mirrors());
    }
    return tree;
  }

  private static Map<String, Object> toTree(Credentials credentials) {
    return switch (credentials) {
      case Credentials.Basic basic ->
          Map.of("type", "basic", "username", basic.username(), "password", basic.password());
      case Credentials.Bearer bearer -> Map.of("type", "bearer", "token", bearer.token());
    };
  }

  /// Reads entries.
  ///
  /// @param field name of the list, for messages
  /// @param tree the list, or null
  /// @return the entries, in their order
  /// @throws ConfigException if an entry is malformed or has a key that is not known; names it
  public static List<ImageRegistry> toRegistries(String field, @Nullable Object tree) {
    if (tree == null) {
      return List.of();
    }
    if (!(tree instanceof List<?> items)) {
      throw invalid(field, "must be a list of objects");
    }
    List<ImageRegistry> registries = new ArrayList<>();
    for (@Nullable Object item : items) {
      registries.add(registry(new Fields(field + "[" + registries.size() + "]", item, KEYS)));
    }
    return List.copyOf(registries);
  }

  private static ImageRegistry registry(Fields entry) {
    return new ImageRegistry(
        entry.required("host"),
        entry.choice("transport", "https", Set.of("https", "http")).equals("http"),
        entry.flag("skip_verify"),
        entry.flag("search"),
        credentials(entry),
        entry.text("ca_file"),
        entry.texts("mirrors"));
  }

  private static Optional<Credentials> credentials(Fields entry) {
    Object auth = entry.value("auth");
    if (auth == null) {
      return Optional.empty();
    }
    Fields fields = new Fields(entry.name() + ".auth", auth, AUTH_KEYS);
    return switch (fields.choice("type", "anonymous", Set.of("anonymous", "basic", "bearer"))) {
      case "basic" ->
          Optional.of(
              new Credentials.Basic(fields.required("username"), fields.required("password")));
      case "bearer" -> Optional.of(new Credentials.Bearer(fields.required("token")));
      default -> Optional.empty();
    };
  }

  private static ConfigException invalid(String field, String problem) {
    return new ConfigException("invalid_registries", field + " " + problem);
  }

  /// The fields of one object.
  private static final class Fields {
    private final String name;
    private final Map<?, ?> map;

    Fields(String name, @Nullable Object tree, Set<String> known) {
      if (!(tree instanceof Map<?, ?> fields)) {
        throw invalid(name, "must be an object");
      }
      for (Object key : fields.keySet()) {
        if (!known.contains(String.valueOf(key))) {
          throw invalid(name + "." + key, "is not known");
        }
      }
      this.name = name;
      this.map = fields;
    }

    String name() {
      return name;
    }

    @Nullable Object value(String key) {
      return map.get(key);
    }

    Optional<String> text(String key) {
      return switch (map.get(key)) {
        case null -> Optional.empty();
        case String text -> Optional.of(text);
        default -> throw invalid(name + "." + key, "must be a text");
      };
    }

    String required(String key) {
      return text(key)
          .filter(text -> !text.isEmpty())
          .orElseThrow(() -> invalid(name + "." + key, "is missing"));
    }

    /// One of a few words: what else is there is no word, and may be a secret in a wrong place.
    String choice(String key, String absent, Set<String> choices) {
      String value = text(key).orElse(absent);
      if (!choices.contains(value)) {
        throw invalid(
            name + "." + key,
            "must be one of " + String.join(", ", choices.stream().sorted().toList()));
      }
      return value;
    }

    boolean flag(String key) {
      return switch (map.get(key)) {
        case null -> false;
        case Boolean flag -> flag;
        default -> throw invalid(name + "." + key, "must be true or false");
      };
    }

    List<String> texts(String key) {
      Object value = map.get(key);
      if (value == null) {
        return List.of();
      }
      if (!(value instanceof List<?> items)) {
        throw invalid(name + "." + key, "must be a list of texts");
      }
      List<String> texts = new ArrayList<>();
      for (@Nullable Object item : items) {
        if (!(item instanceof String text)) {
          throw invalid(name + "." + key, "must be a list of texts");
        }
        texts.add(text);
      }
      return texts;
    }
  }
}
