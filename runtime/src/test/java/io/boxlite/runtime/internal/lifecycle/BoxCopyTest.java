package io.boxlite.runtime.internal.lifecycle;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.boxlite.api.BoxStatus;
import io.boxlite.api.CopyOptions;
import io.boxlite.api.InvalidStateException;
import io.boxlite.api.StorageException;
import io.boxlite.image.ImageStore;
import io.boxlite.image.ImageStoreOptions;
import io.boxlite.image.StoredImage;
import io.boxlite.runtime.internal.layout.HomeLayout;
import io.boxlite.runtime.internal.portal.FakeService;
import io.boxlite.runtime.internal.state.BoxRecord;
import io.grpc.Status;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.PipedInputStream;
import java.io.PipedOutputStream;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// Copies to a box beside what else is asked of it.
@Timeout(60)
class BoxCopyTest {
  @TempDir Path directory;

  private final FakeDriver driver = new FakeDriver();
  private final PipedInputStream stalled = new PipedInputStream();
  private final PipedOutputStream client = new PipedOutputStream();
  private HomeLayout layout;
  private BoxContext context;
  private LocalBox box;

  @BeforeEach
  void makeBox() throws Exception {
    stalled.connect(client);
    layout = new HomeLayout(directory.resolve("home"));
    layout.create();
    ImageStore images = ImageStore.open(ImageStoreOptions.of(layout.images()));
    StoredImage image = TinyImage.load(images, directory);
    context = TestContext.of(directory, layout, images, driver, Timing.HOST, _ -> {});
    BoxRecord made = BoxRecord.create(TestContext.tiny().build(), Instant.now());
    BoxRecord record = made.with(made.state().withImage(image.id()));
    context.store().insert(record);
    box = new LocalBox(context, record);
  }

  @AfterEach
  void close() throws Exception {
    client.close();
    driver.close();
    context.store().close();
  }

  private static void await(String what, BooleanSupplier condition) {
    Instant deadline = Instant.now().plusSeconds(20);
    while (!condition.getAsBoolean()) {
      assertThat(Instant.now()).as(what).isBefore(deadline);
      Thread.onSpinWait();
    }
  }

  private record Running<T>(FutureTask<T> task, Thread thread) {
    void awaitWaiting() {
      await("waits", () -> thread.getState() == Thread.State.WAITING);
    }

    T get() throws Exception {
      return task.get(20, TimeUnit.SECONDS);
    }
  }

  private static <T> Running<T> begin(java.util.concurrent.Callable<T> work) {
    FutureTask<T> task = new FutureTask<>(work);
    return new Running<>(task, Thread.ofVirtual().start(task));
  }

  private Running<List<String>> copy(InputStream tar) {
    return begin(() -> box.copyIn(tar, "/x", CopyOptions.DEFAULT));
  }

  @Test
  void removalByForceDoesNotWaitForCopiesThatWaitThemselves() throws Exception {
    Running<List<String>> first = copy(stalled);
    await("up", () -> box.snapshot().status() == BoxStatus.STOPPING);
    Running<List<String>> second = copy(stalled);
    second.awaitWaiting();
    Running<Boolean> remove =
        begin(() -> {
          box.remove(true);
          return true;
        });
    assertThat(remove.get()).isTrue();
    for (Running<List<String>> copy : List.of(first, second)) {
      assertThatThrownBy(copy::get)
          .cause()
          .isInstanceOf(InvalidStateException.class)
          .hasMessageContaining("was removed meanwhile");
    }
    assertThat(driver.vms).hasSize(1);
  }

  @Test
  void copyThatWasAskedForDuringAStartDoesNotKeepTheBoxFromBeingStopped() throws Exception {
    CountDownLatch mayStart = new CountDownLatch(1);
    driver.onStart =
        () -> {
          try {
            mayStart.await();
          } catch (InterruptedException e) {
            throw new IllegalStateException(e);
          }
        };
    Running<Boolean> start =
        begin(() -> {
          box.start();
          return true;
        });
    start.awaitWaiting();
    Running<List<String>> copy = copy(stalled);
    copy.awaitWaiting();
    mayStart.countDown();
    start.get();
    Running<Boolean> stop =
        begin(() -> {
          box.stop();
          return true;
        });
    assertThat(stop.get()).isTrue();
    assertThat(box.info().status()).isEqualTo(BoxStatus.STOPPED);
    client.close();
    assertThatThrownBy(copy::get).isNotNull(); // its agent has gone
  }

  @Test
  void copyIsDoneWhenItIsOnTheDisk() throws Exception {
    assertThat(box.copyIn(new ByteArrayInputStream(new byte[10]), "/x", CopyOptions.DEFAULT))
        .isEmpty();
    InputStream tar =
        new InputStream() {
          @Override
          public int read() throws IOException {
            driver.service.failure = FakeService.refusal(Status.Code.DATA_LOSS, "a bad block");
            return -1;
          }
        };
    assertThatThrownBy(() -> box.copyIn(tar, "/x", CopyOptions.DEFAULT))
        .isInstanceOf(StorageException.class)
        .hasMessageContaining("not all that was written has reached its disk")
        .hasMessageContaining("a bad block");
    assertThat(box.info().status()).isEqualTo(BoxStatus.CONFIGURED);
    assertThat(driver.vms).noneMatch(FakeDriver.FakeVm::isAlive);
  }
}
