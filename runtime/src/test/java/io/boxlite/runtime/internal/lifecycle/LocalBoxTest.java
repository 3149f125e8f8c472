package io.boxlite.runtime.internal.lifecycle;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import io.boxlite.api.BoxInfo;
import io.boxlite.api.BoxOptions;
import io.boxlite.api.BoxStatus;
import io.boxlite.api.BoxUpdate;
import io.boxlite.api.CommitOptions;
import io.boxlite.api.ConfigException;
import io.boxlite.api.CopyOptions;
import io.boxlite.api.ExecException;
import io.boxlite.api.ExecOptions;
import io.boxlite.api.Execution;
import io.boxlite.api.ImageException;
import io.boxlite.api.ImageInfo;
import io.boxlite.api.InvalidStateException;
import io.boxlite.api.NotFoundException;
import io.boxlite.api.PortalException;
import io.boxlite.api.RestartPolicy;
import io.boxlite.api.StorageException;
import io.boxlite.image.ImageStore;
import io.boxlite.image.StoredImage;
import io.boxlite.protocol.agent.v1.ExportChangesResponse;
import io.boxlite.runtime.internal.layout.HomeLayout;
import io.boxlite.runtime.internal.portal.FakeService;
import io.boxlite.runtime.internal.state.BoxRecord;
import io.boxlite.runtime.internal.state.BoxStore;
import io.boxlite.vmm.VmDisk;
import io.grpc.Status;
import java.io.IOException;
import java.io.PipedInputStream;
import java.io.PipedOutputStream;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LocalBoxTest {
  @TempDir Path directory;

  private final FakeDriver driver = new FakeDriver();
  private final List<String> removed = new ArrayList<>();
  private HomeLayout layout;
  private BoxContext context;
  private StoredImage image;

  @BeforeEach
  void makeHome() throws Exception {
    layout = new HomeLayout(directory.resolve("home"));
    layout.create();
    ImageStore images = ImageStore.open(io.boxlite.image.ImageStoreOptions.of(layout.images()));
    image = TinyImage.load(images, directory);
    context = TestContext.of(directory, layout, images, driver, Timing.HOST, removed::add);
  }

  @AfterEach
  void close() throws Exception {
    driver.close();
    context.store().close();
  }

  private static void await(String what, java.util.function.BooleanSupplier condition) {
    Instant deadline = Instant.now().plusSeconds(20);
    while (!condition.getAsBoolean()) {
      assertThat(Instant.now()).as(what).isBefore(deadline);
      Thread.onSpinWait();
    }
  }

  @Test
  void boxIsPausedWhileTheHostIsFullAndGoesOnByItself() {
    LocalBox box = box(options -> options.cmd(List.of("sleep", "1000")));
    box.start();
    driver.vm().full = true;
    driver.vm().onStop.run();
    await("paused", () -> box.info().status() == BoxStatus.PAUSED);
    assertThat(box.info().errorReason().orElseThrow()).startsWith("the host's disk is full: ");
    assertThatThrownBy(() -> box.exec(ExecOptions.of("true")))
        .isInstanceOf(InvalidStateException.class)
        .hasMessageContaining("is paused (the host's disk is full");
    assertThatThrownBy(box::start).isInstanceOf(InvalidStateException.class);
    driver.vm().full = false;
    await("running", () -> box.info().status() == BoxStatus.RUNNING);
    assertThat(box.info().errorReason()).isEmpty();
    driver.vm().full = true;
    driver.vm().onStop.run();
    await("paused", () -> box.info().status() == BoxStatus.PAUSED);
    box.stop();
    assertThat(box.info().status()).isEqualTo(BoxStatus.STOPPED);
    assertThat(box.info().errorReason()).isEmpty();
  }

  @Test
  void changeIsStoredAndCountsFromTheNextStart() {
    LocalBox box = box(options -> options.diskSizeGb(2));
    assertThatThrownBy(() -> box.update(BoxUpdate.builder().memoryMib(1024).diskSizeGb(1).build()))
        .isInstanceOf(ConfigException.class)
        .hasMessageContaining("disks only grow");
    assertThatThrownBy(() -> box.update(BoxUpdate.builder().memoryMib(1).build()))
        .isInstanceOf(ConfigException.class);
    assertThat(box.info().memoryMib()).isEqualTo(512);
    box.update(BoxUpdate.builder().memoryMib(1024).diskSizeGb(3).build());
    box.start();
    assertThat(driver.vm().config.memoryMib()).isEqualTo(1024);
    assertThat(driver.service.created.getLast().getDiskSize()).isEqualTo(3L << 30);
    assertThat(driver.vm().attached).noneMatch(VmDisk::ephemeral);
    box.stop();
  }

  @Test
  void diskOfABoxThatRemovesItselfIsEphemeral() {
    LocalBox box = box(options -> options.autoRemove(true));
    box.start();
    assertThat(driver.vm().attached)
        .filteredOn(disk -> disk.slot() == VmDisk.Slot.BOX)
        .allMatch(VmDisk::ephemeral)
        .hasSize(1);
    box.stop();
  }

  private LocalBox box(UnaryOperator<BoxOptions.Builder> options) {
    BoxRecord made = BoxRecord.create(options.apply(TestContext.tiny()).build(), Instant.now());
    BoxRecord record = made.with(made.state().withImage(image.id()));
    context.store().insert(record);
    return new LocalBox(context, record);
  }

  private static BoxInfo awaitStatus(LocalBox box, BoxStatus status) {
    Instant deadline = Instant.now().plusSeconds(10);
    while (box.snapshot().status() != status) {
      assertThat(Instant.now()).as("status %s", box.snapshot()).isBefore(deadline);
      Thread.onSpinWait();
    }
    return box.snapshot();
  }

  @Test
  void endOfTheMainCommandStopsTheBoxAndKeepsItsCode() throws Exception {
    LocalBox box = box(options -> options);
    Execution main = box.attach();
    box.start();
    assertThat(box.info().status()).isEqualTo(BoxStatus.RUNNING);
    assertThat(box.info().pid()).isPresent();
    driver.service.process(main.id()).exit(5);

    assertThat(main.waitFor().code()).isEqualTo(5);
    assertThat(box.info().status()).isEqualTo(BoxStatus.STOPPED);
    assertThat(box.info().exitCode()).isEqualTo(OptionalInt.of(5));
    assertThat(driver.vm().isAlive()).isFalse();
  }

  @Test
  void boxWithAutoRemoveIsGoneWhenItsEndIsTold() throws Exception {
    LocalBox box = box(options -> options.autoRemove(true));
    Execution main = box.attach();
    box.start();
    driver.service.process(main.id()).exit(0);
    main.waitFor();
    assertThat(layout.box(box.id()).directory()).doesNotExist();
    assertThat(removed).containsExactly(box.id());
    assertThatThrownBy(box::info).isInstanceOf(NotFoundException.class);
  }

  @Test
  void commandThatCannotBeStartedFailsTheBoxAndEndsItsVm() {
    LocalBox box = box(options -> options);
    Execution main = box.attach();
    driver.service.failure = FakeService.refusal(Status.Code.NOT_FOUND, "command_not_found");
    assertThatThrownBy(box::start).isInstanceOf(ExecException.class).hasMessageContaining("/run");
    assertThat(box.info().status()).isEqualTo(BoxStatus.FAILED);
    assertThat(box.info().errorReason()).isPresent();
    assertThat(driver.vm().isAlive()).isFalse();
    assertThatThrownBy(main::waitFor).isInstanceOf(PortalException.class);
  }

  @Test
  void vmThatDiesFailsTheBoxWithItsCause() {
    LocalBox box = box(options -> options);
    box.start();
    driver.vm().die();
    BoxInfo info = awaitStatus(box, BoxStatus.FAILED);
    assertThat(info.errorReason().orElseThrow()).contains("ended unasked").contains("139");
    assertThat(info.pid()).isEmpty();

    box.start();
    assertThat(box.info().status()).isEqualTo(BoxStatus.RUNNING);
    assertThat(box.info().errorReason()).isEmpty();
  }

  private void exports(byte[] tar) {
    driver.service.export =
        observer -> {
          observer.onNext(
              ExportChangesResponse.newBuilder().setData(ByteString.copyFrom(tar)).build());
          observer.onCompleted();
        };
  }

  @Test
  void imageOfABoxIsMadeInEachOfItsStatesAndChangesNone() {
    exports(new byte[1024]);
    LocalBox box = box(options -> options);
    assertThat(box.commit(CommitOptions.of("made:1")).reference())
        .isEqualTo("docker.io/library/made:1");
    assertThat(box.info().status()).isEqualTo(BoxStatus.CONFIGURED);
    assertThat(driver.vm().isAlive()).isFalse();

    box.start();
    box.commit(CommitOptions.of("made:2"));
    assertThat(box.info().status()).isEqualTo(BoxStatus.RUNNING);
    assertThat(driver.vm().isAlive()).isTrue();

    box.stop();
    BoxInfo before = box.info();
    box.commit(CommitOptions.of("made:3"));
    assertThat(box.info().status()).isEqualTo(BoxStatus.STOPPED);
    assertThat(box.info().exitCode()).isEqualTo(before.exitCode());
    assertThat(driver.vm().isAlive()).isFalse();
    assertThat(context.images().get("made:3").config().diffIds()).hasSize(2);
  }

  @Test
  void imageThatCannotBeMadeLeavesTheBoxAsItWas() {
    LocalBox box = box(options -> options);
    assertThatThrownBy(() -> box.commit(CommitOptions.of("No Name")))
        .isInstanceOf(ConfigException.class);
    driver.service.export =
        observer -> observer.onError(FakeService.refusal(Status.Code.FAILED_PRECONDITION, "busy"));
    assertThatThrownBy(() -> box.commit(CommitOptions.of("made")))
        .isInstanceOf(InvalidStateException.class);
    exports(new byte[] {1, 2, 3});
    assertThatThrownBy(() -> box.commit(CommitOptions.of("made")))
        .isInstanceOf(ImageException.class);
    assertThat(box.info().status()).isEqualTo(BoxStatus.CONFIGURED);
    assertThat(driver.vm().isAlive()).isFalse();
    assertThat(context.images().find("made")).isEmpty();

    box.start();
    driver.vm().die();
    awaitStatus(box, BoxStatus.FAILED);
    assertThatThrownBy(() -> box.commit(CommitOptions.of("made")))
        .isInstanceOf(InvalidStateException.class)
        .hasMessageContaining("failed");
  }

  @Test
  void clientThatStallsInACopyDoesNotKeepABoxFromBeingRemoved() throws Exception {
    LocalBox box = box(options -> options);
    try (PipedInputStream stalled = new PipedInputStream(new PipedOutputStream())) {
      FutureTask<List<String>> copy =
          new FutureTask<>(() -> box.copyIn(stalled, "/x", CopyOptions.DEFAULT));
      Thread.ofVirtual().start(copy);
      awaitStatus(box, BoxStatus.STOPPING);
      box.remove(true);
      assertThat(layout.box(box.id()).directory()).doesNotExist();
      assertThatThrownBy(copy::get)
          .cause()
          .isInstanceOf(InvalidStateException.class)
          .hasMessageContaining("was removed meanwhile");
    }
  }

  @Test
  void fullHostEndsACopyToABoxThatDoesNotRun() throws Exception {
    LocalBox box = box(options -> options);
    AtomicBoolean exporting = new AtomicBoolean();
    driver.service.export = _ -> exporting.set(true); // and nothing more
    FutureTask<ImageInfo> commit = new FutureTask<>(() -> box.commit(CommitOptions.of("made")));
    Thread.ofVirtual().start(commit);
    await("exporting", exporting::get);
    driver.vm().full = true;
    driver.vm().onStop.run();
    assertThatThrownBy(commit::get)
        .cause()
        .isInstanceOf(StorageException.class)
        .hasMessageContaining("the host's disk is full; make room in");
    assertThat(box.info().status()).isEqualTo(BoxStatus.CONFIGURED);
    assertThat(driver.vm().isAlive()).isFalse();
  }

  private BoxRecord stored(LocalBox box) {
    try (BoxStore store = BoxStore.open(layout)) {
      return store.found().stream().filter(r -> r.id().equals(box.id())).findFirst().orElseThrow();
    }
  }

  @Test
  void whatABoxWasOutlivesASupervisorThatEndsWhileItsVmIsUpForACopy() {
    for (BoxStatus was : List.of(BoxStatus.CONFIGURED, BoxStatus.STOPPED, BoxStatus.FAILED)) {
      LocalBox box = box(options -> options.detach(true).restart(RestartPolicy.parse("no")));
      BoxRecord made = stored(box);
      BoxRecord before =
          switch (was) {
            case STOPPED -> made.with(made.state().stopped(OptionalInt.of(3)));
            case FAILED -> made.with(made.state().failed("why"));
            default -> made;
          };
      context
          .store()
          .update(before.with(before.state().upFor(new BoxRecord.RecordedVm(1, 2, "boot"))));
      BoxRecord found = stored(box);
      assertThat(found.state().status()).isEqualTo(BoxStatus.STOPPING);
      LocalBox next = new LocalBox(context, found);
      next.recover();
      assertThat(next.info().status()).isEqualTo(was);
      assertThat(next.info().exitCode()).isEqualTo(before.state().exitCode());
      assertThat(next.info().errorReason()).isEqualTo(before.state().errorReason());
    }
  }

  @Test
  void closingTheRuntimeWakesWhoWaitsForTheBox() throws Exception {
    LocalBox box = box(options -> options);
    box.start();
    FutureTask<Optional<BoxInfo>> waiter = new FutureTask<>(() -> box.waitFor(Duration.ofHours(1)));
    Thread thread = Thread.ofVirtual().start(waiter);
    await("waits", () -> thread.getState() == Thread.State.TIMED_WAITING);
    box.release();
    assertThatThrownBy(waiter::get).cause().hasMessageContaining("the runtime of box");
  }

  @Test
  void lostPortalIsOpenedAgainWhileTheVmLives() throws Exception {
    LocalBox box = box(options -> options);
    Execution main = box.attach();
    box.start();
    driver.vm().agent.dropConnection();
    driver.service.process(main.id()).exit(3);
    assertThat(main.waitFor(Duration.ofSeconds(20)).orElseThrow().code()).isEqualTo(3);
    assertThat(box.info().status()).isEqualTo(BoxStatus.STOPPED);
  }

  @Test
  void execWhoseAnswerIsLostIsEndedOverTheNextPortal() throws Exception {
    LocalBox box = box(options -> options);
    Execution main = box.attach();
    box.start();
    driver.service.process(main.id()).awaitAttaches(1); // or it would be taken for the exec's
    AtomicReference<String> lost = new AtomicReference<>();
    driver.service.opensFirst = false;
    driver.service.hostile =
        (id, _) -> {
          driver.service.hostile = null;
          lost.set(id);
          dropConnection();
        };
    assertThatThrownBy(() -> box.exec(ExecOptions.of("true"))).isInstanceOf(PortalException.class);
    assertThat(driver.service.killed.poll(20, TimeUnit.SECONDS)).isEqualTo(lost.get());
    driver.service.process(lost.get()).exit(137);
    assertThat(driver.service.released.poll(20, TimeUnit.SECONDS)).isEqualTo(lost.get());
  }

  private void dropConnection() {
    try {
      driver.vm().agent.dropConnection();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Test
  void runningBoxIsRemovedByForceOnly() {
    LocalBox box = box(options -> options);
    box.start();
    assertThatThrownBy(() -> box.remove(false))
        .isInstanceOf(InvalidStateException.class)
        .hasMessageContaining("force");
    box.remove(true);
    assertThat(driver.vm().isAlive()).isFalse();
    assertThat(layout.box(box.id()).directory()).doesNotExist();
    assertThatThrownBy(() -> box.remove(true)).isInstanceOf(NotFoundException.class);
  }

  @Test
  void execStartsABoxUnlessThatWouldRunItsOwnCommand() {
    LocalBox plain = box(options -> options);
    plain.exec(ExecOptions.of("true"));
    assertThat(plain.info().status()).isEqualTo(BoxStatus.RUNNING);

    LocalBox job = box(options -> options.cmd(List.of("job")));
    assertThatThrownBy(() -> job.exec(ExecOptions.of("true")))
        .isInstanceOf(InvalidStateException.class)
        .hasMessageContaining("main command");
    assertThat(job.info().status()).isEqualTo(BoxStatus.CONFIGURED);
  }

  @Test
  void startAndStopAreIdempotent() {
    LocalBox box = box(options -> options);
    box.stop();
    assertThat(box.info().status()).isEqualTo(BoxStatus.CONFIGURED);
    box.start();
    box.start();
    assertThat(driver.vms).hasSize(1);
    box.stop();
    box.stop();
    assertThat(box.info().status()).isEqualTo(BoxStatus.STOPPED);
    assertThat(box.info().exitCode()).isEqualTo(OptionalInt.of(128 + 15));
    assertThatThrownBy(box::attach).isInstanceOf(InvalidStateException.class);
  }

  @Test
  void boxesThatAreStartedAtOnceBootOnceEach() throws Exception {
    LocalBox box = box(options -> options);
    List<Thread> threads = new ArrayList<>();
    for (int i = 0; i < 8; i++) {
      threads.add(Thread.startVirtualThread(box::start));
    }
    for (Thread thread : threads) {
      thread.join();
    }
    assertThat(driver.vms).hasSize(1);
  }

  @Test
  void vmHasTheDisksThatTheAgentIsToldOf() {
    LocalBox box = box(options -> options.diskSizeGb(3).memoryMib(256));
    box.start();
    assertThat(driver.vm().config.memoryMib()).isEqualTo(256);
    List<VmDisk> disks = driver.vm().attached;
    assertThat(disks)
        .extracting(VmDisk::slot)
        .containsExactlyInAnyOrder(VmDisk.Slot.LAYERS, VmDisk.Slot.BOX);
    assertThat(disks).extracting(VmDisk::file).contains(layout.box(box.id()).disk());
  }

  @Test
  void recoveryRemovesABoxThatWasToBeRemovedAnyway() {
    LocalBox box = box(options -> options.autoRemove(true));
    box.recover();
    assertThat(removed).containsExactly(box.id());
    assertThat(layout.box(box.id()).directory()).doesNotExist();
  }

  @Test
  void recoveryMarksWhatDiedAndEndsWhatWasNotDetached() {
    LocalBox detached = box(options -> options.detach(true));
    LocalBox tied = box(options -> options);
    detached.start();
    tied.start();
    // What the next supervisor reads, its VMs being gone.
    List<BoxRecord> records;
    try (BoxStore store = BoxStore.open(layout)) {
      records = store.found();
    }
    for (BoxRecord record : records) {
      new LocalBox(context, record).recover();
    }
    try (BoxStore store = BoxStore.open(layout)) {
      assertThat(store.found())
          .extracting(record -> record.id(), record -> record.state().status())
          .containsExactlyInAnyOrder(
              org.assertj.core.groups.Tuple.tuple(detached.id(), BoxStatus.FAILED),
              org.assertj.core.groups.Tuple.tuple(tied.id(), BoxStatus.STOPPED));
      assertThat(store.found())
          .allMatch(record -> record.state().process().equals(Optional.empty()));
    }
  }
}
