package io.boxlite.cli.command;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ProfilesTest {
  @TempDir private Path home;
  private Path file;

  @BeforeEach
  void place() {
    file = home.resolve("below/credentials.toml");
  }

  @Test
  void whatIsWrittenIsReadAgainByThisUserOnly() throws IOException {
    Profiles profiles = Profiles.read(file);
    assertThat(profiles.get(Profiles.DEFAULT)).isEmpty();
    Map<String, String> entries =
        Map.of(Profiles.URL, "http://h", Profiles.API_KEY, "a\"b\\c\u0001");
    profiles.put("default", entries);
    profiles.put("the other", Map.of(Profiles.URL, "http://o"));
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file)))
        .isEqualTo("rw-------");
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file.getParent())))
        .isEqualTo("rwx------");
    Profiles again = Profiles.read(file);
    assertThat(again.get("default")).hasValue(entries);
    assertThat(again.get("the other")).hasValue(Map.of(Profiles.URL, "http://o"));
    again.remove("default");
    again.remove("the other");
    assertThat(file).doesNotExist();
  }

  @Test
  void filesOfOtherProgramsAreUnderstoodAndKept() throws IOException {
    Files.createDirectories(file.getParent());
    Files.writeString(
        file,
        """
        # by hand
        [profiles.default]
        url = "https://h:1/base" # here
        api_key = 'k\\n'
        path_prefix = "t\\u0065am"

        [ profiles . "two words" ]
        url = "http://o"
        access_token = "x"
        """);
    Profiles profiles = Profiles.read(file);
    assertThat(profiles.get("default"))
        .hasValue(Map.of("url", "https://h:1/base", "api_key", "k\\n", "path_prefix", "team"));
    profiles.put("three", Map.of("url", "http://t"));
    assertThat(Profiles.read(file).get("two words"))
        .hasValue(Map.of("url", "http://o", "access_token", "x"));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "url = \"before any table\"",
        "[profiles.a]\nurl = unquoted",
        "[profiles.a]\nurl = \"open",
        "[profiles.a]\nurl = \"\"\"x\"\"\"",
        "[profiles.a]\nurl = \"1\"\nurl = \"2\"",
        "[profiles.a]\n[profiles.a]",
        "[other]\nurl = \"x\"",
        "nonsense"
      })
  void brokenFilesAreToldAndLeftAlone(String text) throws IOException {
    Files.createDirectories(file.getParent());
    Files.writeString(file, text);
    assertThatThrownBy(() -> Profiles.read(file))
        .isInstanceOf(CliException.class)
        .hasMessageContaining(file.toString())
        .hasMessageContaining("is not understood at line");
    assertThat(file).hasContent(text);
  }
}
