package io.boxlite.runtime.internal.volume;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.boxlite.api.AlreadyExistsException;
import io.boxlite.api.BoxOptions;
import io.boxlite.api.ConfigException;
import io.boxlite.api.EngineException;
import io.boxlite.api.InvalidStateException;
import io.boxlite.api.NotFoundException;
import io.boxlite.api.VolumeInfo;
import io.boxlite.api.VolumeMount;
import io.boxlite.runtime.internal.layout.HomeLayout;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class LocalVolumesTest {
  @TempDir private Path home;
  private final List<VolumeMount> used = new CopyOnWriteArrayList<>();
  private HomeLayout layout;
  private LocalVolumes volumes;

  @BeforeEach
  void open() {
    layout = new HomeLayout(home);
    volumes = new LocalVolumes(layout, used::stream);
  }

  private VolumeInfo create(String name) {
    return volumes.create(Optional.of(name));
  }

  /// A box of the volumes; what it has is used from then on.
  private List<VolumeMount> box(VolumeMount... mounts) {
    return volumes.give(
        BoxOptions.ofImage("image").volumes(List.of(mounts)).build(),
        given -> {
          used.addAll(given.volumes());
          return given.volumes();
        });
  }

  private static VolumeMount own() {
    return VolumeMount.ofAnonymous("/own", false);
  }

  private static VolumeMount managed(String name) {
    return VolumeMount.ofManaged(name, "/named", false);
  }

  private static String id(VolumeMount own) {
    return ((VolumeMount.Anonymous) own.source()).id();
  }

  private static List<String> entries(Path directory) {
    try (Stream<Path> entries = Files.list(directory)) {
      return entries.map(entry -> entry.getFileName().toString()).toList();
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }

  private List<String> anonymous() {
    return entries(layout.anonymousVolumes());
  }

  @Test
  void aVolumeIsFoundByIdAndName() throws IOException {
    VolumeInfo made = create("data");
    Files.writeString(made.directory().resolve("file"), "12345");
    VolumeInfo unnamed = volumes.create(Optional.empty());
    assertThat(volumes.list()).extracting(VolumeInfo::id).contains(made.id(), unnamed.id());
    assertThat(volumes.get("data")).isEqualTo(volumes.get(made.id()));
    assertThat(volumes.get("data").orElseThrow().sizeBytes()).hasValue(5);
    assertThat(volumes.get("other")).isEmpty();
    assertThat(volumes.get(unnamed.id()).orElseThrow().name()).isEmpty();
  }

  @Test
  void aNameIsGivenOnce() {
    create("data");
    assertThatThrownBy(() -> create("data")).isInstanceOf(AlreadyExistsException.class);
    assertThat(volumes.list()).hasSize(1);
  }

  @ParameterizedTest
  @ValueSource(strings = {"", ".", "..", ".x", "a/b", "../x", "-x", "ä", "a b", "a\nb", "a:b"})
  void whatIsNoNameIsRefused(String name) {
    assertThatThrownBy(() -> create(name)).isInstanceOf(ConfigException.class);
    assertThat(volumes.get(name)).isEmpty();
    assertThatThrownBy(() -> volumes.remove(name, false)).isInstanceOf(NotFoundException.class);
    assertThat(entries(layout.namedVolumes())).isEmpty();
  }

  @Test
  void removedVolumesAreGone() throws IOException {
    Files.writeString(create("data").directory().resolve("file"), "x");
    volumes.remove("data", false);
    assertThat(volumes.list()).isEmpty();
    assertThat(entries(layout.namedVolumes())).isEmpty();
    assertThatThrownBy(() -> volumes.remove("data", false)).isInstanceOf(NotFoundException.class);
    volumes.remove("data", true);
  }

  @Test
  void volumesOfBoxesAreNeitherRemovedNorPruned() {
    VolumeInfo data = create("data");
    String own = id(box(managed("data"), own()).getLast());
    for (String each : List.of("data", data.id(), own)) {
      assertThatThrownBy(() -> volumes.remove(each, true))
          .isInstanceOf(InvalidStateException.class);
    }
    assertThat(volumes.prune(true)).isEmpty();
    assertThat(volumes.list()).hasSize(2);
  }

  @Test
  void pruneRemovesAnonymousVolumesAndNamedOnesWhenAsked() {
    create("data");
    box(own());
    used.clear();
    assertThat(volumes.prune(false)).hasSize(1).allMatch(VolumeInfo::anonymous);
    assertThat(volumes.prune(false)).isEmpty();
    assertThat(volumes.prune(true)).hasSize(1);
    assertThat(volumes.list()).isEmpty();
  }

  @Test
  void aBoxKeepsIdsOfItsVolumes() {
    String id = create("data").id();
    List<VolumeMount> given = box(managed("data"), own());
    assertThat(given.getFirst().source()).isEqualTo(new VolumeMount.Managed(id));
    assertThat(anonymous()).containsExactly(id(given.getLast()));
    assertThat(volumes.path(given.getLast())).isDirectory();
  }

  @Test
  void whenABoxIsNotMadeNothingIsLeft() {
    assertThatThrownBy(() -> box(own(), managed("missing"))).isInstanceOf(NotFoundException.class);
    BoxOptions options = BoxOptions.ofImage("image").volumes(List.of(own())).build();
    assertThatThrownBy(() ->
            volumes.give(
                options,
                _ -> {
                  throw new ConfigException("no", "not made");
                }))
        .isInstanceOf(ConfigException.class);
    assertThat(anonymous()).isEmpty();
  }

  @Test
  void volumesAreUnfinishedUntilTheirBoxIsStoredAndAgainBeforeItGoes() {
    BoxOptions options = BoxOptions.ofImage("image").volumes(List.of(own())).build();
    List<List<String>> seen = new ArrayList<>();
    List<VolumeMount> given =
        volumes.give(
            options,
            made -> {
              seen.add(anonymous());
              return made.volumes();
            });
    String id = id(given.getFirst());
    assertThat(anonymous()).containsExactly(id);
    volumes.removeOwn(given, () -> seen.add(anonymous()));
    assertThat(seen).containsExactly(List.of("." + id), List.of("." + id));
    assertThat(anonymous()).isEmpty();
  }

  @Test
  void volumesStayWhenTheirBoxCannotBeRemoved() throws IOException {
    List<VolumeMount> given = box(own());
    Path file = Files.writeString(volumes.path(given.getFirst()).resolve("file"), "kept");
    assertThatThrownBy(() ->
            volumes.removeOwn(
                given,
                () -> {
                  throw new InvalidStateException("no", "not removed");
                }))
        .isInstanceOf(InvalidStateException.class);
    assertThat(file).hasContent("kept");
  }

  @Test
  void sweepKeepsWhatABoxHasAndDeletesTheRest() throws IOException {
    String kept = id(box(own()).getFirst());
    Files.move(
        layout.anonymousVolumes().resolve(kept), layout.anonymousVolumes().resolve("." + kept));
    Files.createDirectories(layout.anonymousVolumes().resolve(".01J00000000000000000000000/sub"));
    String named = create("data").id();
    Files.createDirectories(layout.namedVolumes().resolve(".01J00000000000000000000000/data"));
    volumes.sweep();
    assertThat(anonymous()).containsExactly(kept);
    assertThat(entries(layout.namedVolumes())).containsExactly(named);
  }

  @Test
  void aBoxThatIsBeingMadeHasItsVolumeWhoeverRemovesMeanwhile() throws Exception {
    try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
      for (int i = 0; i < 50; i++) {
        used.clear();
        String id = create("data").id();
        CountDownLatch go = new CountDownLatch(1);
        Future<?> removal =
            threads.submit(() -> {
              go.await();
              volumes.remove("data", false);
              return "";
            });
        Future<?> pruning =
            threads.submit(() -> {
              go.await();
              return volumes.prune(true);
            });
        go.countDown();
        boolean made = true;
        try {
          box(managed("data"), own());
        } catch (NotFoundException _) {
          made = false;
        }
        pruning.get();
        await(removal);
        assertThat(Files.exists(layout.namedVolumes().resolve(id))).isEqualTo(made);
        assertThat(anonymous()).hasSize(made ? 1 : 0);
        used.clear();
        volumes.prune(true);
      }
    }
  }

  private static void await(Future<?> removal) throws InterruptedException {
    try {
      removal.get();
    } catch (java.util.concurrent.ExecutionException e) {
      assertThat(e.getCause())
          .isInstanceOfAny(InvalidStateException.class, NotFoundException.class);
    }
  }

  @Test
  void pathsOfTheHostMustBeThere() throws IOException {
    Path file = Files.writeString(home.resolve("file"), "x");
    Path link = Files.createSymbolicLink(home.resolve("link"), file);
    assertThat(volumes.path(VolumeMount.ofHostPath(link.toString(), "/x", false)))
        .isEqualTo(file.toRealPath());
    for (String bad : List.of(home.resolve("missing").toString(), "/dev/null")) {
      assertThatThrownBy(() -> volumes.path(VolumeMount.ofHostPath(bad, "/x", false)))
          .isInstanceOf(ConfigException.class);
    }
  }

  @Test
  void volumesOfAnImageAreAddedWhereTheUserHasNone() {
    BoxOptions options =
        BoxOptions.ofImage("image")
            .volumes(
                List.of(
                    VolumeMount.ofHostPath("/tmp", "/data", false),
                    VolumeMount.ofHostPath("/tmp", "/var/lib/db/log", false)))
            .build();
    List<String> paths =
        List.of("/data/", "/data/sub", "/proc/x", "relative", "", "/", "/var/lib/db");
    assertThat(ImageVolumes.add(options, paths).volumes())
        .extracting(VolumeMount::guestPath)
        .containsExactly("/var/lib/db", "/data", "/data/sub", "/var/lib/db/log");
  }

  private boolean isFilled(VolumeMount... mounts) {
    try (FirstUse first = volumes.firstUse(List.of(mounts), () -> false)) {
      boolean fills = !first.volumes().isEmpty();
      first.done();
      return fills;
    }
  }

  private Path file(VolumeMount volume) throws IOException {
    return Files.writeString(volumes.path(volume).resolve("file"), "x");
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void anEmptyVolumeIsFilledUntilThereIsSomethingInIt(boolean isNamed) throws IOException {
    VolumeMount volume = box(isNamed ? managed(create("data").id()) : own()).getFirst();
    assertThat(isFilled(volume)).isTrue();
    try (FirstUse first = volumes.firstUse(List.of(volume), () -> false)) {
      assertThat(first.volumes()).containsExactly(volume);
      file(volume);
      first.done();
    }
    assertThat(isFilled(volume)).isFalse();
    Files.delete(volumes.path(volume).resolve("file"));
    assertThat(isFilled(volume)).as("emptied by its user").isFalse();
  }

  @Test
  void whatTheHostHasPutInAVolumeKeepsItFromBeingFilled() throws IOException {
    VolumeMount volume = box(managed(create("data").id())).getFirst();
    file(volume);
    assertThat(isFilled(volume)).isFalse();
  }

  @Test
  void halfACopyIsDoneAgainAlsoByTheNextSupervisor() throws IOException {
    VolumeMount volume = box(own()).getFirst();
    try (FirstUse first = volumes.firstUse(List.of(volume), () -> false)) {
      assertThat(first.volumes()).isNotEmpty();
      file(volume);
    }
    volumes = new LocalVolumes(layout, used::stream);
    volumes.sweep();
    assertThat(isFilled(volume)).isTrue();
    assertThat(isFilled(volume)).isFalse();
  }

  @Test
  void readOnlyVolumesAndPathsOfTheHostAreNotFilled() {
    String id = create("data").id();
    assertThat(isFilled(VolumeMount.ofManaged(id, "/v", true))).isFalse();
    assertThat(isFilled(VolumeMount.ofHostPath(home.toString(), "/v", false))).isFalse();
  }

  @Test
  void anotherBoxWaitsUntilANamedVolumeIsFilled() throws Exception {
    VolumeMount volume = box(managed(create("data").id())).getFirst();
    try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
      Future<Boolean> other;
      try (FirstUse first = volumes.firstUse(List.of(volume), () -> false)) {
        CountDownLatch begun = new CountDownLatch(1);
        other =
            threads.submit(() -> {
              begun.countDown();
              return isFilled(volume);
            });
        begun.await();
        assertThat(isFilled(box(own()).getFirst())).as("one of a box's own").isTrue();
        VolumeMount second = box(managed(create("second").id())).getFirst();
        assertThat(isFilled(second)).as("another named one").isTrue();
        file(volume);
        first.done();
      }
      assertThat(other.get()).isFalse();
    }
  }

  @Test
  void aStartThatNobodyWantsAnyMoreDoesNotWaitForAVolume() throws Exception {
    VolumeMount volume = box(managed(create("data").id())).getFirst();
    try (var threads = Executors.newVirtualThreadPerTaskExecutor();
        FirstUse _ = volumes.firstUse(List.of(volume), () -> false)) {
      Future<?> other = threads.submit(() -> volumes.firstUse(List.of(volume), () -> true));
      assertThatThrownBy(other::get).hasRootCauseInstanceOf(EngineException.class);
    }
    assertThat(isFilled(volume)).isTrue();
  }

  @Test
  void whatIsPutInAVolumeAfterAStartThatFailedAtOnceIsNoHalfCopy() throws IOException {
    VolumeMount volume = box(own()).getFirst();
    volumes.firstUse(List.of(volume), () -> false).close();
    file(volume);
    assertThat(isFilled(volume)).isFalse();
  }

  @Test
  void marksOfVolumesGoWithThem() {
    VolumeMount own = box(own()).getFirst();
    create("data");
    assertThat(entries(layout.newVolumes())).hasSize(2);
    volumes.remove("data", false);
    volumes.removeOwn(List.of(own), () -> {});
    assertThat(entries(layout.newVolumes())).isEmpty();
  }
}
