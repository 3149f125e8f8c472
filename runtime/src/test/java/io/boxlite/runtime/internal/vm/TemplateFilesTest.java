package io.boxlite.runtime.internal.vm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.boxlite.api.TemplateInfo;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Instant;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TemplateFilesTest {
  private static final String KEY = "0123456789abcdef";

  @TempDir Path root;
  private TemplateFiles template;

  @BeforeEach
  void publish() throws IOException {
    Path unfinished = Files.createDirectory(root.resolve("unfinished"));
    Files.writeString(unfinished.resolve("memory"), "all that the guest remembers");
    Files.writeString(unfinished.resolve("state"), "all else");
    template =
        new TemplateFiles(unfinished)
            .publish(
                root.resolve(KEY),
                new TemplateInfo(KEY, 2, 256, 4711, Instant.EPOCH, Instant.now(), false));
    assertThat(unfinished).doesNotExist();
  }

  private Path writable(String name) throws IOException {
    Path file = root.resolve(KEY).resolve(name);
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-------"));
    return file;
  }

  private void assertRefused(String what) {
    assertThatThrownBy(() -> template.verify(KEY))
        .isInstanceOf(IOException.class)
        .hasMessageContaining(what);
  }

  @Test
  void anUntouchedTemplateIsGoodAndSaysWhatItIs() throws IOException {
    template.verify(KEY);
    TemplateInfo info = template.info(true);
    assertThat(info.key()).isEqualTo(KEY);
    assertThat(info.cpus()).isEqualTo(2);
    assertThat(info.memoryMib()).isEqualTo(256);
    assertThat(info.sizeBytes()).isEqualTo(4711);
    assertThat(info.createdAt()).isEqualTo(Instant.EPOCH);
    assertThat(info.inUse()).isTrue();
  }

  @Test
  void aUseIsRemembered() throws IOException {
    Files.setLastModifiedTime(root.resolve(KEY).resolve("manifest"), FileTime.from(Instant.EPOCH));
    template.touch();
    assertThat(template.info(false).lastUsedAt()).isAfter(Instant.now().minusSeconds(60));
    template.verify(KEY);
  }

  @Test
  void memoryThatWasCutIsNoticed() throws IOException {
    Files.writeString(writable("memory"), "all");
    assertRefused("memory");
  }

  @Test
  void memoryThatWasWrittenIsNoticed() throws IOException {
    Path memory = writable("memory");
    Files.writeString(memory, "ALL that the guest remembers");
    assertRefused("memory");
  }

  @Test
  void stateThatChangedBehindItsTimeIsNoticed() throws IOException {
    Path state = writable("state");
    FileTime time = Files.getLastModifiedTime(state);
    Files.writeString(state, "all eLse");
    Files.setLastModifiedTime(state, time);
    assertRefused("content of the state");
  }

  @Test
  void missingFilesAreNoticed() throws IOException {
    Files.delete(root.resolve(KEY).resolve("memory"));
    assertRefused("memory");
    Files.delete(root.resolve(KEY).resolve("manifest"));
    assertRefused("manifest");
    assertThatThrownBy(() -> template.info(false)).isInstanceOf(IOException.class);
  }

  @Test
  void aTemplateForSomethingElseIsRefused() {
    assertThatThrownBy(() -> template.verify("fedcba")).hasMessageContaining("key");
  }

  @Test
  void aManifestOfNonsenseIsRefused() throws IOException {
    Files.writeString(root.resolve(KEY).resolve("manifest"), "\\u00zz=1");
    assertThatThrownBy(() -> template.verify(KEY)).isInstanceOf(IOException.class);
    Files.writeString(root.resolve(KEY).resolve("manifest"), "cpus=many");
    assertThatThrownBy(() -> template.info(false)).isInstanceOf(IOException.class);
  }

  @Test
  void sizeOnDiskIsThatOfTheBlocks() throws IOException {
    assertThat(template.allocatedBytes()).isBetween(1L, 1L << 20);
  }

  @Test
  void deletedIsDeleted() {
    template.delete();
    assertThat(root.resolve(KEY)).doesNotExist();
    template.delete();
  }
}
