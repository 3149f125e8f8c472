package io.boxlite.server;

import io.boxlite.api.AlreadyExistsException;
import io.boxlite.api.BootTiming;
import io.boxlite.api.Box;
import io.boxlite.api.BoxInfo;
import io.boxlite.api.BoxLog;
import io.boxlite.api.BoxMetrics;
import io.boxlite.api.BoxOptions;
import io.boxlite.api.BoxStatus;
import io.boxlite.api.Boxlite;
import io.boxlite.api.CommitOptions;
import io.boxlite.api.DiskUsage;
import io.boxlite.api.ExecOptions;
import io.boxlite.api.Execution;
import io.boxlite.api.ImageException;
import io.boxlite.api.ImageInfo;
import io.boxlite.api.Images;
import io.boxlite.api.InvalidStateException;
import io.boxlite.api.LogOptions;
import io.boxlite.api.LogStream;
import io.boxlite.api.NetworkMetrics;
import io.boxlite.api.NotFoundException;
import io.boxlite.api.RuntimeInfo;
import io.boxlite.api.RuntimeMetrics;
import io.boxlite.api.StartOrigin;
import io.boxlite.api.Templates;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;

/// A runtime in memory; its commands are [FakeExecution]s.
final class FakeBoxlite implements Boxlite {
  @Override
  public Box importBox(java.io.InputStream archive, Optional<String> name) {
    try {
      String image = new String(archive.readAllBytes(), java.nio.charset.StandardCharsets.UTF_8);
      return create(BoxOptions.ofImage(image).build().withName(name));
    } catch (java.io.IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }

  /// The last copy.
  record Copied(String path, io.boxlite.api.CopyOptions options, byte[] tar) {}

  volatile @org.jspecify.annotations.Nullable Copied copied;
  volatile java.util.List<String> skipped = java.util.List.of();

  /// Run when a box has been created, before that is answered.
  volatile Runnable whenCreated = () -> {};

  final Map<String, FakeBox> boxes = new ConcurrentHashMap<>();
  final AtomicInteger ids = new AtomicInteger();
  final FakeTemplates templates = new FakeTemplates();
  final FakeImages images = new FakeImages();
  final FakeVolumes volumes = new FakeVolumes();

  @Override
  public Box create(BoxOptions options) {
    if (options.name().isPresent() && get(options.name().get()).isPresent()) {
      throw new AlreadyExistsException("name_taken", "box '" + options.name().get() + "'");
    }
    if (options.pull() == BoxOptions.PullPolicy.NEVER
        && images.get(options.image().orElse("")).isEmpty()) {
      throw new ImageException("image_not_in_store", "image is not in the store");
    }
    FakeBox box = new FakeBox("01BOX" + ids.incrementAndGet(), options);
    boxes.put(box.id, box);
    whenCreated.run();
    return box;
  }

  @Override
  public Optional<Box> get(String idOrName) {
    if (idOrName.equals("panic")) {
      throw new IllegalStateException("secret detail");
    }
    for (FakeBox box : boxes.values()) {
      if (box.id.equals(idOrName) || box.options.name().equals(Optional.of(idOrName))) {
        return Optional.of(box);
      }
    }
    return Optional.empty();
  }

  FakeBox only() {
    return boxes.values().iterator().next();
  }

  @Override
  public List<BoxInfo> list() {
    return boxes.values().stream().map(FakeBox::info).toList();
  }

  @Override
  public Images images() {
    return images;
  }

  @Override
  public DiskUsage diskUsage() {
    return new DiskUsage(List.of(new DiskUsage.Row("Images", 4, 1, 1L << 40, 1L << 33)));
  }

  @Override
  public io.boxlite.api.Volumes volumes() {
    return volumes;
  }

  @Override
  public Templates templates() {
    return templates;
  }

  @Override
  public RuntimeInfo info() {
    return new RuntimeInfo(
        "0.1.0", Path.of("/home/x"), "fake", "available", "linux", "amd64", 1, 2, 3, 4, 5, 6);
  }

  @Override
  public RuntimeMetrics metrics() {
    return new RuntimeMetrics(1, 2, 3, 4, 5, 6);
  }

  @Override
  public void close() {}

  final class FakeBox implements Box {
    private final FakeSnapshots snapshots = new FakeSnapshots();

    @Override
    public void export(java.io.OutputStream archive) {
      try {
        archive.write(options.imageLabel().getBytes(java.nio.charset.StandardCharsets.UTF_8));
      } catch (java.io.IOException e) {
        throw new java.io.UncheckedIOException(e);
      }
    }

    @Override
    public Box cloneBox(Optional<String> name) {
      return create(options.withName(name));
    }

    @Override
    public io.boxlite.api.Snapshots snapshots() {
      return snapshots;
    }

    final FakeNetwork network = new FakeNetwork();

    @Override
    public io.boxlite.api.BoxNetwork network() {
      return network;
    }

    volatile boolean paused;

    @Override
    public java.util.List<String> copyIn(
        java.io.InputStream tar, String boxTarget, io.boxlite.api.CopyOptions options) {
      try {
        copied = new Copied(boxTarget, options, tar.readAllBytes());
      } catch (java.io.IOException e) {
        throw new java.io.UncheckedIOException(e);
      }
      return skipped;
    }

    @Override
    public void copyOut(
        String boxSource, io.boxlite.api.CopyOptions options, TarConsumer consumer) {
      if (boxSource.equals("/nothing")) {
        throw new io.boxlite.api.NotFoundException("path_not_found", "/nothing: no such file");
      }
      try {
        Copied stored = copied == null ? new Copied("", options, new byte[0]) : copied;
        copied = new Copied(boxSource, options, stored.tar());
        consumer.accept(new java.io.ByteArrayInputStream(stored.tar()));
      } catch (java.io.IOException e) {
        throw new java.io.UncheckedIOException(e);
      }
    }

    @Override
    public ImageInfo commit(CommitOptions commit) {
      committed = commit;
      return FakeImages.info(commit.reference());
    }

    volatile CommitOptions committed = CommitOptions.of("");

    final String id;
    final BoxOptions options;
    final Map<String, FakeExecution> executions = new ConcurrentHashMap<>();
    final CountDownLatch stopped = new CountDownLatch(1);
    volatile FakeExecution main;
    volatile LogStream log = FakeLog.of();
    volatile LogOptions asked = LogOptions.of(BoxLog.INIT);
    volatile BoxStatus status = BoxStatus.CONFIGURED;
    volatile Duration grace = Duration.ZERO;
    volatile Optional<BootTiming> boot = Optional.empty();
    volatile Waits waits = () -> {};

    FakeBox(String id, BoxOptions options) {
      this.id = id;
      this.options = options;
      this.main = new FakeExecution("main" + id, options.tty());
    }

    @Override
    public String id() {
      return id;
    }

    @Override
    public BoxInfo info() {
      if (!boxes.containsKey(id)) {
        throw new NotFoundException("box_not_found", "box not found: " + id);
      }
      return new BoxInfo(
          id,
          options.name(),
          status,
          Instant.EPOCH,
          Instant.EPOCH,
          OptionalLong.of(42),
          options.imageLabel(),
          options.cpus(),
          options.memoryMib(),
          OptionalInt.empty(),
          Optional.empty(),
          options.detach(),
          options.autoRemove(),
          options.tty(),
          io.boxlite.api.NetworkInfo.of(options.network()),
          Optional.empty(),
          0,
          false,
          boot);
    }

    @Override
    public void start() {
      status = BoxStatus.RUNNING;
      boot =
          Optional.of(
              new BootTiming(
                  StartOrigin.WARM,
                  Duration.ofMillis(28),
                  Duration.ofMillis(2),
                  Duration.ofMillis(3),
                  Duration.ofMillis(4),
                  Duration.ofMillis(5),
                  Duration.ofMillis(6),
                  Duration.ofMillis(7)));
    }

    /// How a box waits for its end.
    interface Waits {
      void run() throws InterruptedException;
    }

    @Override
    public void pause() {
      paused = true;
    }

    @Override
    public void unpause() {
      paused = false;
    }

    @Override
    public Optional<BoxInfo> waitFor(java.time.Duration limit) throws InterruptedException {
      waits.run();
      return limit.isZero() ? Optional.empty() : Optional.of(info());
    }

    @Override
    public void stop(Duration newGrace) {
      grace = newGrace;
      status = BoxStatus.STOPPED;
      main.kill();
      stopped.countDown();
      if (options.autoRemove()) {
        boxes.remove(id);
      }
    }

    @Override
    public void remove(boolean force, boolean volumes) {
      if (status == BoxStatus.RUNNING && !force) {
        throw new InvalidStateException("running", "cannot remove box " + id + ": it is running");
      }
      boxes.remove(id);
    }

    volatile io.boxlite.api.BoxUpdate updated = io.boxlite.api.BoxUpdate.builder().build();

    @Override
    public void update(io.boxlite.api.BoxUpdate change) {
      updated = change;
    }

    @Override
    public Execution exec(ExecOptions exec) {
      FakeExecution execution = new FakeExecution("e" + ids.incrementAndGet(), exec.tty());
      executions.put(execution.id(), execution);
      return execution;
    }

    FakeExecution execution(Execution remote) {
      return executions.get(remote.id());
    }

    @Override
    public Execution attach() {
      if (status == BoxStatus.STOPPED) {
        throw new InvalidStateException("stopped", "cannot attach to box " + id);
      }
      return main;
    }

    @Override
    public Optional<Execution> execution(String executionId) {
      return Optional.ofNullable(executions.get(executionId));
    }

    @Override
    public LogStream logs(LogOptions wanted) {
      asked = wanted;
      return log;
    }

    @Override
    public BoxMetrics metrics() {
      return new BoxMetrics(
          1,
          2,
          Optional.of(Duration.ofMillis(3)),
          OptionalDouble.of(4.5),
          OptionalLong.of(6),
          OptionalLong.of(7),
          Optional.of(new NetworkMetrics(8, 9, 12, 13, 10, 11, 14, 15, 16, 17)),
          boot);
    }
  }
}
