package io.boxlite.runtime.internal.lifecycle;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.boxlite.api.BoxInfo;
import io.boxlite.api.BoxOptions;
import io.boxlite.api.BoxStatus;
import io.boxlite.api.BoxUpdate;
import io.boxlite.api.BoxliteException;
import io.boxlite.api.ExecOptions;
import io.boxlite.api.Execution;
import io.boxlite.api.HealthCheck;
import io.boxlite.api.HealthStatus;
import io.boxlite.api.NotFoundException;
import io.boxlite.api.RestartPolicy;
import io.boxlite.image.ImageStore;
import io.boxlite.image.ImageStoreOptions;
import io.boxlite.image.StoredImage;
import io.boxlite.protocol.agent.v1.AttachResponse;
import io.boxlite.protocol.agent.v1.ExitStatus;
import io.boxlite.protocol.agent.v1.OutputChunk;
import io.boxlite.protocol.agent.v1.Stream;
import io.boxlite.runtime.internal.layout.HomeLayout;
import io.boxlite.runtime.internal.portal.FakeService;
import io.boxlite.runtime.internal.state.BoxRecord;
import io.boxlite.runtime.internal.state.BoxRecord.RestartState;
import io.boxlite.runtime.internal.state.BoxStore;
import io.grpc.Status;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// A box that is started again by itself, and one whose health is watched.
class RestartingBoxTest {
  @TempDir Path directory;

  private final FakeDriver driver = new FakeDriver();
  private final HandClock clock = new HandClock();
  private final List<LocalBox> boxes = new ArrayList<>();
  private BoxContext context;
  private StoredImage image;

  @BeforeEach
  void makeHome() throws Exception {
    HomeLayout layout = new HomeLayout(directory.resolve("home"));
    layout.create();
    ImageStore images = ImageStore.open(ImageStoreOptions.of(layout.images()));
    image = TinyImage.load(images, directory);
    context = TestContext.of(directory, layout, images, driver, clock, _ -> {});
  }

  @AfterEach
  void close() throws Exception {
    boxes.forEach(LocalBox::release);
    driver.close();
    context.store().close();
  }

  private LocalBox box(String policy) {
    return box(options -> options.restart(RestartPolicy.parse(policy)));
  }

  private LocalBox box(UnaryOperator<BoxOptions.Builder> options) {
    BoxRecord made =
        BoxRecord.create(options.apply(TestContext.tiny().detach(true)).build(), Instant.now());
    BoxRecord record = made.with(made.state().withImage(image.id()));
    context.store().insert(record);
    return known(record);
  }

  private LocalBox known(BoxRecord record) {
    LocalBox box = new LocalBox(context, record);
    boxes.add(box);
    return box;
  }

  private static BoxInfo await(LocalBox box, Predicate<BoxInfo> wanted) {
    Instant deadline = Instant.now().plusSeconds(10);
    while (!wanted.test(box.snapshot())) {
      assertThat(Instant.now()).as("%s", box.snapshot()).isBefore(deadline);
      Thread.onSpinWait();
    }
    return box.snapshot();
  }

  private static BoxInfo awaitRun(LocalBox box, int restarts) {
    return await(
        box, info -> info.status() == BoxStatus.RUNNING && info.restartCount() == restarts);
  }

  private void mainEnds(LocalBox box, int code) throws InterruptedException {
    Execution main = box.attach();
    driver.service.process(main.id()).exit(code);
    main.waitFor();
  }

  /// The fake agent keeps processes by id, and the main command's is the same in every run.
  private void forgetProcesses() {
    driver.service.forget();
  }

  @Test
  void boxIsStartedAgainAfterItsMainCommandAndItsVmHaveEnded() throws Exception {
    LocalBox box = box("always");
    box.start();
    mainEnds(box, 0);
    BoxInfo between = box.info();
    assertThat(between.status()).isEqualTo(BoxStatus.STOPPED);
    assertThat(between.restarting()).isTrue();
    forgetProcesses();
    assertThat(clock.passSleep()).isEqualTo(Restarts.FIRST_DELAY);
    assertThat(awaitRun(box, 1).restarting()).isFalse();

    driver.vm().die();
    assertThat(clock.passSleep()).isEqualTo(Restarts.FIRST_DELAY.multipliedBy(2));
    awaitRun(box, 2);
    assertThat(driver.vms).hasSize(3);

    box.stop();
    assertThat(box.info().restarting()).isFalse();
    box.start();
    assertThat(box.info().restartCount()).isZero();
  }

  @Test
  void onFailureCountsAndGivesUp() throws Exception {
    LocalBox box = box("on-failure:2");
    box.start();
    for (int i = 1; i <= 2; i++) {
      driver.vm().die();
      clock.passSleep();
      awaitRun(box, i);
    }
    driver.vm().die();
    BoxInfo end = await(box, info -> info.status() == BoxStatus.FAILED);
    assertThat(end.restarting()).isFalse();
    assertThat(end.restartCount()).isEqualTo(2);

    box.start();
    mainEnds(box, 0);
    assertThat(box.info().restarting()).isFalse();
  }

  @Test
  void startThatFailedIsTriedAgainWhenNoUserWaitsForIt() throws Exception {
    LocalBox box = box("always");
    driver.service.failure = FakeService.refusal(Status.Code.NOT_FOUND, "command_not_found");
    assertThatThrownBy(box::start).isInstanceOf(BoxliteException.class);
    assertThat(box.info().restarting()).isFalse();

    driver.service.failure = null;
    box.start();
    driver.service.failure = FakeService.refusal(Status.Code.NOT_FOUND, "command_not_found");
    driver.vm().die();
    clock.passSleep();
    assertThat(clock.awaitSleeper()).isEqualTo(Restarts.FIRST_DELAY.multipliedBy(2));
    assertThat(await(box, BoxInfo::restarting).status()).isEqualTo(BoxStatus.FAILED);
    driver.service.failure = null;
    clock.passSleep();
    awaitRun(box, 2);
  }

  @Test
  void stopAndRemoveCancelARestart() throws Exception {
    LocalBox stopped = box("always");
    stopped.start();
    driver.vm().die();
    await(stopped, BoxInfo::restarting);
    stopped.stop();
    assertThat(stopped.info().restarting()).isFalse();
    assertThat(stopped.info().status()).isEqualTo(BoxStatus.FAILED);
    clock.awaitSleepers(0);

    LocalBox removed = box("always");
    removed.start();
    driver.vm().die();
    await(removed, BoxInfo::restarting);
    removed.remove(false);
    clock.awaitSleepers(0);
    assertThatThrownBy(removed::info).isInstanceOf(NotFoundException.class);
    assertThat(driver.vms).hasSize(2);
  }

  @Test
  void policyThatIsTakenAwayCancelsARestart() throws Exception {
    LocalBox box = box("always");
    box.start();
    driver.vm().die();
    await(box, BoxInfo::restarting);
    box.update(BoxUpdate.builder().restart(RestartPolicy.NO).build());
    assertThat(box.info().restarting()).isFalse();
    clock.awaitSleepers(0);
  }

  @Test
  void theNextSupervisorStartsWhatAUserHasNotStopped() throws Exception {
    LocalBox always = box("always");
    LocalBox unless = box("unless-stopped");
    LocalBox failing = box("on-failure");
    LocalBox fresh = box("always");
    for (LocalBox box : List.of(always, unless)) {
      box.start();
      box.stop();
    }
    failing.start();
    driver.vm().die();
    await(failing, BoxInfo::restarting);
    boxes.forEach(LocalBox::release);

    assertThat(next(unless).info().status()).isEqualTo(BoxStatus.STOPPED);
    assertThat(next(fresh).info().status()).isEqualTo(BoxStatus.CONFIGURED);
    awaitRun(next(always), 1);
    awaitRun(next(failing), 1);
  }

  private List<BoxRecord> stored() {
    try (BoxStore store = BoxStore.open(context.layout())) {
      return store.found();
    }
  }

  /// {@return the box as the next supervisor has it}
  private LocalBox next(LocalBox box) {
    LocalBox next =
        known(
            stored().stream()
                .filter(record -> record.id().equals(box.id()))
                .findFirst()
                .orElseThrow());
    next.recover();
    return next;
  }

  private static HealthCheck check() {
    return new HealthCheck(
        List.of("CMD-SHELL", "check"),
        Optional.of(Duration.ofSeconds(5)),
        Optional.of(Duration.ofSeconds(2)),
        Optional.empty(),
        Optional.of(1));
  }

  private void probesAnswer(ExitStatus exit, String output) {
    driver.service.hostile =
        (_, observer) -> {
          if (!output.isEmpty()) {
            observer.onNext(
                AttachResponse.newBuilder()
                    .setOutput(
                        OutputChunk.newBuilder()
                            .setStream(Stream.STREAM_STDOUT)
                            .setData(com.google.protobuf.ByteString.copyFromUtf8(output)))
                    .build());
          }
          observer.onNext(AttachResponse.newBuilder().setExit(exit).build());
          observer.onCompleted();
        };
  }

  private static HealthStatus awaitHealth(LocalBox box, HealthStatus.State state) {
    return await(box, info -> info.health().filter(health -> health.state() == state).isPresent())
        .health()
        .orElseThrow();
  }

  @Test
  void healthIsWhatTheProbesComeToWhileTheBoxRuns() throws Exception {
    LocalBox box = box(options -> options.healthCheck(check()));
    Execution main = box.attach();
    box.start();
    driver.service.process(main.id()).awaitAttaches(1);
    awaitHealth(box, HealthStatus.State.STARTING);
    probesAnswer(ExitStatus.getDefaultInstance(), "fine\n");
    clock.passSleep();
    HealthStatus healthy = awaitHealth(box, HealthStatus.State.HEALTHY);
    assertThat(healthy.log().getFirst().output()).isEqualTo("fine\n");

    probesAnswer(ExitStatus.newBuilder().setSignal(9).setTimedOut(true).build(), "");
    clock.passSleep();
    HealthStatus late = awaitHealth(box, HealthStatus.State.UNHEALTHY);
    assertThat(late.log().getLast().exitCode()).isEqualTo(-1);
    assertThat(late.log().getLast().output()).contains("timeout of 2000 ms");

    probesAnswer(ExitStatus.newBuilder().setCode(3).build(), "x".repeat(10_000));
    clock.passSleep();
    HealthStatus loud =
        await(box, info -> info.health().orElseThrow().failures() == 2).health().orElseThrow();
    assertThat(loud.log().getLast().exitCode()).isEqualTo(3);
    assertThat(loud.log().getLast().output()).hasSize(HealthStatus.MAX_OUTPUT_BYTES);
    assertThat(box.metrics().commandsExecuted()).isZero();

    driver.service.hostile = null;
    box.exec(ExecOptions.of("true"));
    assertThat(box.metrics().commandsExecuted()).isEqualTo(1);
    box.stop();
    assertThat(box.info().health()).isEmpty();
    clock.awaitSleepers(0);
  }

  @Test
  void aBoxWithoutACheckIsNotProbed() throws Exception {
    LocalBox box = box(options -> options.healthCheck(HealthCheck.NONE));
    box.start();
    clock.awaitSleepers(0);
    assertThat(box.info().health()).isEmpty();
  }

  @Test
  void whatDecidesOnRestartsIsStored() {
    LocalBox box = box("always");
    box.start();
    box.stop();
    assertThat(stored())
        .extracting(record -> record.state().restarts())
        .containsExactly(new RestartState(0, true));
  }
}
