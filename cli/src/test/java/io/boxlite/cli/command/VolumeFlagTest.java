package io.boxlite.cli.command;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.boxlite.api.VolumeMount;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// The grammar of `--volume`.
class VolumeFlagTest {
  private VolumeMount parse(String text) {
    return VolumeFlag.parse(text);
  }

  private void refused(String text, String message) {
    assertThatThrownBy(() -> parse(text)).isInstanceOf(CliException.class).hasMessage(message);
  }

  @ParameterizedTest
  @CsvSource({
    "/data,/data,false",
    "' /data ',/data,false",
    "/data:ro,/data,true",
    "/data:RO,/data,true",
    "/data:rw,/data,false"
  })
  void onePartOrOneWithAModeIsAnonymous(String text, String target, boolean readOnly) {
    assertThat(parse(text)).isEqualTo(VolumeMount.ofAnonymous(target, readOnly));
  }

  @ParameterizedTest
  @ValueSource(strings = {"data", "data:ro", "./data"})
  void anonymousPathsAreAbsolute(String text) {
    refused(
        text,
        "anonymous volume box path must be absolute (e.g. /data), got \""
            + text.split(":")[0]
            + "\"");
  }

  @ParameterizedTest
  @CsvSource({
    "/host:/data,false",
    "/host : /data,false",
    "/host:/data:ro,true",
    "/host:/data:Ro,true",
    "'/host:/data:z, ro ',true",
    "'/host:/data:z,cached',false",
    "/host:/data:rw,false",
    "/host:/data:,false"
  })
  void absolutePathsOfTheHostAreTakenAsTheyAre(String text, boolean readOnly) {
    assertThat(parse(text)).isEqualTo(VolumeMount.ofHostPath("/host", "/data", readOnly));
  }

  @Test
  void relativePathsAreMadeAbsoluteAndMustExist() throws Exception {
    for (String there : List.of("src", "./src", "../cli/src")) {
      assertThat(parse(there + ":/data:ro"))
          .isEqualTo(VolumeMount.ofHostPath(Path.of("src").toRealPath().toString(), "/data", true));
    }
    for (String missing : List.of("./missing", "no/such", "~/x", ".hidden")) {
      refused(
          missing + ":/data", "volume host path \"" + missing + "\": No such file or directory");
    }
  }

  @Test
  void aPathOfWindowsIsOnePart() {
    for (String text : List.of("C:\\x:/data", "C:\\x:/data:ro")) {
      refused(text, "volume host path \"C:\\x\": No such file or directory");
    }
  }

  @Test
  void aNameIsAVolume() {
    assertThat(parse("cache:/data:ro")).isEqualTo(VolumeMount.ofManaged("cache", "/data", true));
  }

  @Test
  void whatIsEmptyOrTooMuchIsRefused() {
    refused("", "empty volume spec");
    refused("  ", "empty volume spec");
    refused(":/data", "volume host path must be non-empty");
    refused(":/data:ro", "volume host path must be non-empty");
    refused("/host:", "volume box path must be non-empty");
    refused("/host: :ro", "volume box path must be non-empty");
    refused(":ro", "volume box path must be non-empty");
    refused(
        "/a:/b:ro:x", "invalid volume spec \"/a:/b:ro:x\"; use [HOST-PATH|NAME:]BOX-PATH[:ro|rw]");
    refused(
        "C:\\x:/b:ro:x",
        "invalid volume spec \"C:\\x:/b:ro:x\"; use [HOST-PATH|NAME:]BOX-PATH[:ro|rw]");
  }
}
