package io.boxlite.cli.command;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// The servers that a user has logged in to: `credentials.toml`, with a table `[profiles.NAME]` of
/// strings for each. Other programs write it too, so what this one does not know is kept. Of TOML
/// (1.0) it reads what such a file needs: those tables, bare and quoted keys, strings of one line,
/// comments. A library for all of TOML would cost every start of the command line.
final class Profiles {
  /// Of the profile that is used when none is named.
  static final String DEFAULT = "default";

  static final String URL = "url";
  static final String API_KEY = "api_key";
  static final String ACCESS_TOKEN = "access_token";
  static final String PATH_PREFIX = "path_prefix";
  static final String AUTH_METHOD = "auth_method";

  private static final String KEY =
      "([A-Za-z0-9_-]+|\"(?:[^\"\\\\\\p{Cntrl}]|\\\\.)*\"|'[^'\\p{Cntrl}]*')";
  private static final String END = "\\s*(?:#.*)?";
  private static final Pattern TABLE =
      Pattern.compile("\\s*\\[\\s*profiles\\s*\\.\\s*" + KEY + "\\s*]" + END);
  private static final Pattern ENTRY =
      Pattern.compile(
          "\\s*([A-Za-z0-9_-]+)\\s*=\\s*"
              + "(\"(?:[^\"\\\\\\p{Cntrl}]|\\\\.)*\"|'[^'\\p{Cntrl}]*')"
              + END);
  private static final Pattern BARE = Pattern.compile("[A-Za-z0-9_-]+");
  private static final Pattern ESCAPE = Pattern.compile("\\\\(u([0-9A-Fa-f]{4})|.)");
  private static final int MAX_FILE = 1024 * 1024;
  private static final Set<PosixFilePermission> OWN_FILE =
      PosixFilePermissions.fromString("rw-------");
  private static final ReentrantLock WITHIN = new ReentrantLock();

  private final Path file;
  private final Map<String, Map<String, String>> tables;

  private Profiles(Path file, Map<String, Map<String, String>> tables) {
    this.file = file;
    this.tables = tables;
  }

  /// {@return the file of this user}
  ///
  /// @param environment `BOXLITE_HOME` counts when it is absolute
  static Path file(Map<String, String> environment) {
    String home = environment.getOrDefault("BOXLITE_HOME", "");
    Path directory =
        home.startsWith("/")
            ? Path.of(home)
            : Path.of(environment.getOrDefault("HOME", System.getProperty("user.home")))
                .resolve(".boxlite");
    return directory.resolve("credentials.toml");
  }

  /// Reads the file; one that is not there has no profiles.
  ///
  /// @throws CliException if it cannot be read or understood
  static Profiles read(Path file) {
    Map<String, Map<String, String>> tables = new LinkedHashMap<>();
    Map<String, String> table = new LinkedHashMap<>();
    int number = 0;
    for (String line : text(file).split("\r?\n", -1)) {
      number++;
      Matcher head = TABLE.matcher(line);
      Matcher entry = ENTRY.matcher(line);
      if (head.matches()) {
        table = new LinkedHashMap<>();
        if (tables.put(unquoted(head.group(1)), table) != null) {
          throw broken(file, number);
        }
      } else if (entry.matches() && !tables.isEmpty()) {
        if (table.put(entry.group(1), unquoted(entry.group(2))) != null) {
          throw broken(file, number);
        }
      } else if (!line.isBlank() && !line.strip().startsWith("#")) {
        throw broken(file, number);
      }
    }
    return new Profiles(file, tables);
  }

  private static CliException broken(Path file, int line) {
    return CliException.failure(
        file + " is not understood at line " + line + "; repair or remove it");
  }

  private static String text(Path file) {
    try {
      if (Files.size(file) > MAX_FILE) {
        throw new IOException("longer than " + MAX_FILE + " bytes");
      }
      return Files.readString(file);
    } catch (NoSuchFileException e) {
      return "";
    } catch (CharacterCodingException e) {
      throw CliException.failure(file + " is not UTF-8; repair or remove it");
    } catch (IOException e) {
      throw CliException.failure("cannot read " + file + ": " + e.getMessage());
    }
  }

  private static String unquoted(String text) {
    if (text.startsWith("'")) {
      return text.substring(1, text.length() - 1);
    }
    if (!text.startsWith("\"")) {
      return text;
    }
    return ESCAPE
        .matcher(text.substring(1, text.length() - 1))
        .replaceAll(escape -> Matcher.quoteReplacement(meaning(escape.group(1), escape.group(2))));
  }

  private static String meaning(String escape, @org.jspecify.annotations.Nullable String code) {
    if (code != null) {
      return String.valueOf((char) Integer.parseInt(code, 16));
    }
    return switch (escape) {
      case "n" -> "\n";
      case "t" -> "\t";
      case "r" -> "\r";
      default -> escape;
    };
  }

  private static String quoted(String text) {
    StringBuilder out = new StringBuilder("\"");
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (c == '"' || c == '\\') {
        out.append('\\').append(c);
      } else if (c < ' ' || c == 0x7f) {
        out.append(String.format("\\u%04x", (int) c));
      } else {
        out.append(c);
      }
    }
    return out.append('"').toString();
  }

  /// {@return what is known about a server}
  ///
  /// @param name of the profile
  Optional<Map<String, String>> get(String name) {
    return Optional.ofNullable(tables.get(name));
  }

  /// Changes the file while no other program of this kind does.
  ///
  /// @param change given what the file says now; what it puts or removes is written at once
  /// @return what the change returns
  /// @throws CliException if the file cannot be read, understood or locked
  static <T> T change(Path file, Function<Profiles, T> change) {
    makeDirectory(file);
    Path lock = file.resolveSibling("credentials.lock");
    WITHIN.lock(); // a lock of a file is one of the whole process
    try (FileChannel channel =
            FileChannel.open(
                lock,
                Set.of(StandardOpenOption.CREATE, StandardOpenOption.WRITE),
                PosixFilePermissions.asFileAttribute(OWN_FILE));
        FileLock _ = channel.lock()) {
      return change.apply(read(file));
    } catch (IOException e) {
      throw CliException.failure("cannot lock " + lock + ": " + e.getMessage());
    } finally {
      WITHIN.unlock();
    }
  }

  private static void makeDirectory(Path file) {
    Path directory = file.toAbsolutePath().getParent();
    try {
      if (Files.notExists(directory)) {
        Files.createDirectories(
            directory,
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
      }
    } catch (IOException e) {
      throw CliException.failure("cannot make " + directory + ": " + e.getMessage());
    }
  }

  /// Remembers a server, in place of what the profile said before.
  ///
  /// @return this
  Profiles put(String name, Map<String, String> entries) {
    tables.put(name, new LinkedHashMap<>(entries));
    write();
    return this;
  }

  /// Forgets a server; the file goes with the last one.
  ///
  /// @return this
  Profiles remove(String name) {
    tables.remove(name);
    write();
    return this;
  }

  private void write() {
    try {
      if (tables.isEmpty()) {
        Files.deleteIfExists(file);
        return;
      }
      StringBuilder text = new StringBuilder();
      tables.forEach((name, entries) -> {
        String key = BARE.matcher(name).matches() ? name : quoted(name);
        text.append(text.isEmpty() ? "" : "\n").append("[profiles.").append(key).append("]\n");
        entries.forEach((k, v) -> text.append(k).append(" = ").append(quoted(v)).append('\n'));
      });
      makeDirectory(file);
      Path next = file.resolveSibling(file.getFileName() + ".new");
      Files.deleteIfExists(next);
      Files.createFile(next, PosixFilePermissions.asFileAttribute(OWN_FILE));
      try (FileChannel channel = FileChannel.open(next, StandardOpenOption.WRITE)) {
        ByteBuffer bytes = ByteBuffer.wrap(text.toString().getBytes(StandardCharsets.UTF_8));
        while (bytes.hasRemaining()) {
          channel.write(bytes);
        }
        channel.force(true);
      }
      Files.move(next, file, StandardCopyOption.ATOMIC_MOVE);
    } catch (IOException e) {
      throw CliException.failure("cannot write " + file + ": " + e.getMessage());
    }
  }
}
