package io.boxlite.runtime.internal.layout;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class HomeLockTest {
  @TempDir Path directory;

  @Test
  void homeHasOneOwnerAtATime() {
    Path file = directory.resolve("lock");
    HomeLock first = HomeLock.tryAcquire(file).orElseThrow();
    assertThat(HomeLock.tryAcquire(file)).isEmpty();
    first.close();
    try (HomeLock second = HomeLock.tryAcquire(file).orElseThrow()) {
      assertThat(second).isNotNull();
    }
  }

  @Test
  void homeIsPrivateAndHasItsDirectories() throws Exception {
    HomeLayout layout = new HomeLayout(directory.resolve("a/home"));
    layout.create();
    for (String name : new String[] {"images", "boxes", "init", "logs", "gvproxy", "db"}) {
      assertThat(layout.home().resolve(name)).isDirectory();
    }
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(layout.home())))
        .isEqualTo("rwx------");
  }

  @Test
  void deletingABoxNeverFollowsALink() throws Exception {
    Path outside = Files.createDirectory(directory.resolve("outside"));
    Files.writeString(outside.resolve("precious"), "x");
    BoxLayout box = new BoxLayout(directory.resolve("box"));
    box.create();
    Files.createSymbolicLink(box.directory().resolve("link"), outside);
    box.delete();
    assertThat(box.directory()).doesNotExist();
    assertThat(outside.resolve("precious")).exists();
    box.delete();
  }
}
