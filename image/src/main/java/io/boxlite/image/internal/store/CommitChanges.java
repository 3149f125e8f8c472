package io.boxlite.image.internal.store;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.boxlite.api.ConfigException;
import io.boxlite.image.internal.oci.JsonTree;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// Applies instructions as in a Dockerfile to the part `config` of an image configuration, with the
/// meaning that `docker commit --change` gives them.
public final class CommitChanges {
  private static final Pattern PORT =
      Pattern.compile("([0-9]{1,5})(?:-([0-9]{1,5}))?(?:/(tcp|udp|sctp))?");
  private static final Pattern SIGNAL = Pattern.compile("[A-Za-z0-9+-]{1,32}");
  private static final int MAX_PORT = 65535;

  private final Map<String, @Nullable Object> config;
  private boolean commandSet;

  private CommitChanges(Map<String, @Nullable Object> config) {
    this.config = config;
  }

  /// Refuses changes that no configuration could take.
  ///
  /// @throws ConfigException if one is malformed; names it
  public static void check(List<String> changes) {
    apply(changes, new LinkedHashMap<>());
  }

  /// Applies changes in their order.
  ///
  /// @param config is changed
  /// @throws ConfigException if one is malformed; names it
  static void apply(List<String> changes, Map<String, @Nullable Object> config) {
    CommitChanges target = new CommitChanges(config);
    for (String change : changes) {
      try {
        target.apply(change.strip());
      } catch (IllegalArgumentException e) {
        throw new ConfigException(
            "invalid_change", "invalid change '%s': %s".formatted(shown(change), e.getMessage()));
      }
    }
  }

  private static String shown(String change) {
    String cut = change.length() > 200 ? change.substring(0, 200) + "…" : change;
    return cut.replaceAll("\\p{Cntrl}", "?");
  }

  private void apply(String change) {
    require(change.indexOf('\0') < 0, "it has a NUL character");
    String[] parts = change.split("\\s+", 2);
    String arguments = parts.length > 1 ? parts[1].strip() : "";
    String instruction = parts[0].toUpperCase(Locale.ROOT);
    require(!arguments.isEmpty(), "it says nothing; give an instruction and its arguments");
    switch (instruction) {
      case "CMD" -> {
        config.put("Cmd", command(arguments));
        commandSet = true;
      }
      case "ENTRYPOINT" -> {
        config.put("Entrypoint", command(arguments));
        if (!commandSet) {
          config.remove("Cmd"); // it was meant for another program
        }
      }
      case "ENV" -> pairs(arguments).forEach(this::putVariable);
      case "LABEL" -> map("Labels").putAll(pairs(arguments));
      case "EXPOSE" -> words(arguments).forEach(this::expose);
      case "VOLUME" -> volumes(arguments).forEach(this::putVolume);
      case "USER" -> config.put("User", one(arguments));
      case "WORKDIR" -> config.put("WorkingDir", directory(word(arguments)));
      case "STOPSIGNAL" -> config.put("StopSignal", signal(one(arguments)));
      default ->
          throw new IllegalArgumentException(
              "only CMD, ENTRYPOINT, ENV, EXPOSE, LABEL, STOPSIGNAL, USER, VOLUME and WORKDIR are"
                  + " possible");
    }
  }

  private static void require(boolean good, String why) {
    if (!good) {
      throw new IllegalArgumentException(why);
    }
  }

  // The form of a JSON array is the program itself, any other a line for the shell.
  private List<String> command(String arguments) {
    List<String> exec = JsonTree.texts(arguments.getBytes(UTF_8));
    if (exec != null) {
      require(exec.stream().noneMatch(word -> word.indexOf('\0') >= 0), "it has a NUL character");
      return exec;
    }
    List<String> shell = new ArrayList<>(texts("Shell"));
    if (shell.isEmpty()) {
      shell.addAll(List.of("/bin/sh", "-c"));
    }
    shell.add(arguments);
    return shell;
  }

  private List<String> texts(String key) {
    return config.get(key) instanceof List<?> list
        ? list.stream().filter(String.class::isInstance).map(String.class::cast).toList()
        : List.of();
  }

  @SuppressWarnings("unchecked") // what JsonTree reads as an object
  private Map<String, @Nullable Object> map(String key) {
    if (!(config.get(key) instanceof Map<?, ?>)) {
      config.put(key, new LinkedHashMap<String, @Nullable Object>());
    }
    return (Map<String, @Nullable Object>) config.get(key);
  }

  private String variable(String name) {
    return texts("Env").stream()
        .filter(entry -> entry.startsWith(name + "="))
        .map(entry -> entry.substring(name.length() + 1))
        .findFirst()
        .orElse("");
  }

  private List<String> words(String arguments) {
    return CommitWords.split(arguments, this::variable);
  }

  private String word(String arguments) {
    return CommitWords.join(arguments, this::variable);
  }

  private String one(String arguments) {
    List<String> words = words(arguments);
    require(words.size() == 1 && !words.getFirst().isEmpty(), "it needs exactly one argument");
    return words.getFirst();
  }

  // `A=1 B="2 3"`, or the old form with one name and the rest of the line.
  private Map<String, String> pairs(String arguments) {
    Map<String, String> pairs = new LinkedHashMap<>();
    String[] parts = arguments.split("\\s+", 2);
    if (parts[0].indexOf('=') < 0 && "\"'".indexOf(parts[0].charAt(0)) < 0) {
      require(parts.length == 2, "'" + parts[0] + "' has no value; write " + parts[0] + "=value");
      pairs.put(parts[0], word(parts[1]));
      return pairs;
    }
    for (String pair : words(arguments)) {
      int equals = pair.indexOf('=');
      require(equals > 0, "'" + pair + "' is not of the form name=value");
      pairs.put(pair.substring(0, equals), pair.substring(equals + 1));
    }
    return pairs;
  }

  private void putVariable(String name, String value) {
    List<String> variables = new ArrayList<>(texts("Env"));
    int known = 0;
    while (known < variables.size() && !variables.get(known).startsWith(name + "=")) {
      known++;
    }
    if (known < variables.size()) {
      variables.set(known, name + "=" + value);
    } else {
      variables.add(name + "=" + value);
    }
    config.put("Env", variables);
  }

  private void expose(String ports) {
    Matcher parts = PORT.matcher(ports.toLowerCase(Locale.ROOT));
    require(parts.matches(), "'" + ports + "' is not a port such as 80, 80/tcp or 8000-8010/udp");
    int first = Integer.parseInt(parts.group(1));
    int last = parts.group(2) == null ? first : Integer.parseInt(parts.group(2));
    require(first >= 1 && first <= last && last <= MAX_PORT, "ports are 1 to " + MAX_PORT);
    String protocol = parts.group(3) == null ? "tcp" : parts.group(3);
    for (int port = first; port <= last; port++) {
      map("ExposedPorts").put(port + "/" + protocol, new LinkedHashMap<>());
    }
  }

  private List<String> volumes(String arguments) {
    List<String> exec = JsonTree.texts(arguments.getBytes(UTF_8));
    return exec == null ? words(arguments) : exec.stream().map(this::word).toList();
  }

  private void putVolume(String path) {
    require(!path.isBlank(), "a path is empty");
    map("Volumes").put(path, new LinkedHashMap<>());
  }

  private String directory(String path) {
    require(!path.isEmpty(), "the path is empty");
    if (path.startsWith("/")) {
      return path;
    }
    String before = config.get("WorkingDir") instanceof String text ? text : "";
    String base = before.startsWith("/") ? before : "/" + before;
    return (base.endsWith("/") ? base : base + "/") + path;
  }

  private static String signal(String name) {
    require(SIGNAL.matcher(name).matches(), "'" + name + "' is no signal");
    return name;
  }
}
