package io.boxlite.runtime.internal.state;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.boxlite.api.AlreadyExistsException;
import io.boxlite.api.BoxOptions;
import io.boxlite.api.BoxStatus;
import io.boxlite.api.HealthCheck;
import io.boxlite.api.RestartPolicy;
import io.boxlite.api.Secret;
import io.boxlite.api.StorageException;
import io.boxlite.runtime.internal.layout.HomeLayout;
import io.boxlite.runtime.internal.state.BoxRecord.RecordedVm;
import io.boxlite.runtime.internal.state.BoxRecord.RestartState;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.Statement;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class BoxStoreTest {
  @TempDir Path directory;
  private HomeLayout layout;

  @BeforeEach
  void makeHome() {
    layout = new HomeLayout(directory.resolve("home"));
    layout.create();
  }

  private static BoxRecord box(String name) {
    return BoxRecord.create(
        BoxOptions.ofImage("base")
            .name(name)
            .env("KEY", "väl\nue")
            .cmd(List.of("sh", "-c", "exit 7"))
            .detach(true)
            .restart(RestartPolicy.parse("on-failure:2"))
            .healthCheck(HealthCheck.ofShell("true"))
            .build(),
        Instant.now());
  }

  @Test
  void boxIsReadBackAsItWasStored() {
    BoxRecord box = box("a");
    BoxRecord running =
        box.with(box.state().withImage("sha256:ab").running(new RecordedVm(7, 8, "boot")));
    try (BoxStore store = BoxStore.open(layout)) {
      store.insert(box);
      store.update(running);
    }
    try (BoxStore store = BoxStore.open(layout)) {
      assertThat(store.found()).containsExactly(running);
    }
  }

  @Test
  void secretsAreStoredWithoutTheirValuesBesideTheSealedOnes() throws Exception {
    Secret secret = new Secret("key", "hunter2", List.of("*.a.test"), "PLACEHOLDER", true);
    BoxRecord given = box("a");
    given = given.with(given.options().toBuilder().secret(secret).build());
    BoxRecord box = given.withoutSecretValues();
    Path sealed = layout.box(box.id()).secrets();
    try (BoxStore store = BoxStore.open(layout)) {
      store.insert(box, Optional.of(new byte[] {1, 2}), _ -> {});
      assertThat(sealed).hasBinaryContent(new byte[] {1, 2});
      assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(sealed)))
          .isEqualTo("rw-------");
      assertThat(layout.box(box.id()).config())
          .content()
          .contains("PLACEHOLDER", "*.a.test")
          .doesNotContain("hunter2");
    }
    try (BoxStore store = BoxStore.open(layout)) {
      assertThat(store.found()).containsExactly(box);
      assertThat(store.found().getFirst().options().network().secrets())
          .containsExactly(secret.withoutValue());
      store.delete(box.id());
    }
    assertThat(sealed).doesNotExist();
  }

  @Test
  void exitCodeAndErrorAreKept() {
    BoxRecord box = box("a");
    BoxRecord stopped =
        box.with(box.state().withRestarts(new RestartState(4, true)).stopped(OptionalInt.of(137)));
    BoxRecord failed = box("b");
    failed = failed.with(failed.state().failed("no disk"));
    try (BoxStore store = BoxStore.open(layout)) {
      store.insert(stopped);
      store.insert(failed);
    }
    try (BoxStore store = BoxStore.open(layout)) {
      assertThat(store.found()).containsExactlyInAnyOrder(stopped, failed);
    }
  }

  @Test
  void changedOptionsAreInDatabaseAndConfigFile() throws Exception {
    BoxRecord box = box("a");
    BoxRecord changed = box.with(box.options().toBuilder().diskSizeGb(20).build());
    try (BoxStore store = BoxStore.open(layout)) {
      store.insert(box);
      store.updateOptions(changed);
    }
    try (BoxStore store = BoxStore.open(layout)) {
      assertThat(store.found()).containsExactly(changed);
    }
    for (String suffix : List.of("", "-wal", "-shm")) {
      Files.deleteIfExists(Path.of(layout.database() + suffix));
    }
    try (BoxStore store = BoxStore.open(layout)) {
      assertThat(store.found()).containsExactly(changed);
    }
  }

  @Test
  void takenNameIsRefusedAndLeavesNothing() throws Exception {
    try (BoxStore store = BoxStore.open(layout)) {
      store.insert(box("a"));
      assertThatThrownBy(() -> store.insert(box("a")))
          .isInstanceOf(AlreadyExistsException.class)
          .hasMessageContaining("'a' already exists");
    }
    try (var entries = Files.list(layout.boxes())) {
      assertThat(entries).hasSize(1);
    }
  }

  @Test
  void lostDatabaseIsRebuiltFromConfigFiles() throws Exception {
    BoxRecord box = box("a");
    BoxRecord running = box.with(box.state().running(new RecordedVm(7, 8, "boot")));
    try (BoxStore store = BoxStore.open(layout)) {
      store.insert(box);
      store.update(running);
    }
    for (String suffix : List.of("", "-wal", "-shm")) {
      Files.deleteIfExists(Path.of(layout.database() + suffix));
    }
    try (BoxStore store = BoxStore.open(layout)) {
      assertThat(store.found()).containsExactly(running);
    }
  }

  @Test
  void corruptDatabaseIsSetAsideAndRebuilt() throws Exception {
    BoxRecord box = box("a");
    try (BoxStore store = BoxStore.open(layout)) {
      store.insert(box);
    }
    Files.writeString(layout.database(), "this is no database, but it is long enough to be one");
    try (BoxStore store = BoxStore.open(layout)) {
      assertThat(store.found()).containsExactly(box);
    }
    try (var entries = Files.list(layout.database().getParent())) {
      assertThat(entries.map(e -> e.getFileName().toString()))
          .anyMatch(name -> name.startsWith("boxes.db.corrupt-"));
    }
  }

  @Test
  void directoryWithoutRowIsTheRestOfAnUnfinishedStepAndGoes() throws Exception {
    BoxRecord box = box("a");
    try (BoxStore store = BoxStore.open(layout)) {
      store.insert(box);
    }
    layout.box("01UNFINISHED").create();
    try (BoxStore store = BoxStore.open(layout)) {
      assertThat(store.found()).containsExactly(box);
      assertThat(layout.box("01UNFINISHED").directory()).doesNotExist();
    }
  }

  @Test
  void newerSchemaIsRefused() throws Exception {
    BoxStore.open(layout).close();
    try (Connection connection = DriverManager.getConnection("jdbc:sqlite:" + layout.database());
        Statement statement = connection.createStatement()) {
      statement.execute("PRAGMA user_version=99");
    }
    assertThatThrownBy(() -> BoxStore.open(layout))
        .isInstanceOf(StorageException.class)
        .hasMessageContaining("newer");
  }

  @Test
  void configFileIsPrivateAndHasTheFieldsThatUsersKnow() throws Exception {
    BoxRecord box = box("a");
    try (BoxStore store = BoxStore.open(layout)) {
      store.insert(box);
    }
    Path config = layout.box(box.id()).config();
    assertThat(Files.getPosixFilePermissions(config)).hasSize(2);
    assertThat(Files.readString(config))
        .contains("\"id\"", "\"image\"", "\"cpus\"", "\"memory_mib\"", "\"volumes\"", "\"ports\"")
        .contains("\"created_at\"", "\"status\": \"configured\"");
  }

  @Test
  void removedBoxLeavesNothing() {
    BoxRecord box = box("a");
    try (BoxStore store = BoxStore.open(layout)) {
      store.insert(box);
      store.delete(box.id());
      assertThat(layout.box(box.id()).directory()).doesNotExist();
    }
    try (BoxStore store = BoxStore.open(layout)) {
      assertThat(store.found()).isEmpty();
      assertThat(BoxStatus.ofWireName("configured")).isEqualTo(BoxStatus.CONFIGURED);
    }
  }

  @Test
  void idIsAUlidThatSortsByTime() {
    String first = Ulid.next(1_000);
    String second = Ulid.next(2_000);
    assertThat(first).matches("[0-9A-HJKMNP-TV-Z]{26}").isLessThan(second);
  }
}
