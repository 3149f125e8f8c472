package io.boxlite.cli;

import io.boxlite.api.BootTiming;
import io.boxlite.api.Box;
import io.boxlite.api.BoxInfo;
import io.boxlite.api.BoxMetrics;
import io.boxlite.api.BoxOptions;
import io.boxlite.api.BoxStatus;
import io.boxlite.api.Boxlite;
import io.boxlite.api.BoxliteException;
import io.boxlite.api.CommitOptions;
import io.boxlite.api.DiskUsage;
import io.boxlite.api.ExecOptions;
import io.boxlite.api.Execution;
import io.boxlite.api.ExitStatus;
import io.boxlite.api.ImageException;
import io.boxlite.api.ImageInfo;
import io.boxlite.api.Images;
import io.boxlite.api.InvalidStateException;
import io.boxlite.api.LogChunk;
import io.boxlite.api.LogOptions;
import io.boxlite.api.LogStream;
import io.boxlite.api.NetworkInfo;
import io.boxlite.api.NetworkMetrics;
import io.boxlite.api.NetworkOptions;
import io.boxlite.api.NotFoundException;
import io.boxlite.api.RuntimeInfo;
import io.boxlite.api.RuntimeMetrics;
import io.boxlite.api.StartOrigin;
import io.boxlite.api.Templates;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/// A runtime without VMs: boxes are entries of a map, commands are [FakeExecution]s.
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

  static final Instant CREATED = Instant.parse("2026-03-04T05:06:07.890Z");

  private static final BootTiming STAGES =
      new BootTiming(
          StartOrigin.WARM,
          Duration.ofMillis(28),
          Duration.ofMillis(2),
          Duration.ofMillis(3),
          Duration.ofMillis(4),
          Duration.ofMillis(5),
          Duration.ofMillis(6),
          Duration.ofMillis(7));

  final Map<String, BoxInfo> boxes = new LinkedHashMap<>();
  final List<String> calls = new ArrayList<>();
  final List<BoxOptions> created = new ArrayList<>();
  final List<ExecOptions> executed = new ArrayList<>();
  FakeExecution execution =
      new FakeExecution(new byte[0], new byte[0], new ExitStatus(0, 0, false));
  @Nullable BoxliteException startFails;
  final FakeTemplates templates = new FakeTemplates();
  final List<LogChunk> log = new ArrayList<>();
  final List<LogOptions> asked = new ArrayList<>();
  boolean removedWhenMeasured;
  final FakeImages images = new FakeImages();

  FakeBoxlite with(String id, @Nullable String name, BoxStatus status) {
    boxes.put(id, info(id, Optional.ofNullable(name), status, "docker.io/library/base:latest"));
    return this;
  }

  /// Gives a box the stages of a start.
  void started(String id) {
    boxes.computeIfPresent(id, (_, box) -> with(box, box.network(), Optional.of(STAGES)));
  }

  /// Gives a box a network.
  void network(String id, NetworkInfo network) {
    boxes.computeIfPresent(id, (_, box) -> with(box, network, box.boot()));
  }

  private static BoxInfo with(BoxInfo box, NetworkInfo network, Optional<BootTiming> boot) {
    return new BoxInfo(
        box.id(),
        box.name(),
        box.status(),
        box.createdAt(),
        box.updatedAt(),
        box.pid(),
        box.image(),
        box.cpus(),
        box.memoryMib(),
        box.exitCode(),
        box.errorReason(),
        box.detach(),
        box.autoRemove(),
        box.tty(),
        network,
        box.health(),
        box.restartCount(),
        box.restarting(),
        boot);
  }

  private static BoxInfo info(String id, Optional<String> name, BoxStatus status, String image) {
    boolean running = status == BoxStatus.RUNNING;
    return new BoxInfo(
        id,
        name,
        status,
        CREATED,
        CREATED,
        running ? OptionalLong.of(4321) : OptionalLong.empty(),
        image,
        2,
        512,
        status == BoxStatus.STOPPED ? OptionalInt.of(7) : OptionalInt.empty(),
        Optional.empty(),
        true,
        false,
        false,
        NetworkInfo.of(NetworkOptions.DEFAULT),
        Optional.empty(),
        0,
        false,
        Optional.empty());
  }

  @Override
  public Box create(BoxOptions options) {
    if (options.image().isPresent() && !images.has(options.image().get())) {
      throw new ImageException("image_not_in_store", "image is not in the store");
    }
    created.add(options);
    String id = "01NEW" + created.size();
    boxes.put(id, info(id, options.name(), BoxStatus.CONFIGURED, options.imageLabel()));
    return new FakeBox(id);
  }

  @Override
  public Optional<Box> get(String idOrName) {
    return boxes.values().stream()
        .filter(b -> b.id().equals(idOrName) || b.name().equals(Optional.of(idOrName)))
        .findFirst()
        .map(b -> new FakeBox(b.id()));
  }

  @Override
  public List<BoxInfo> list() {
    return List.copyOf(boxes.values());
  }

  @Override
  public Images images() {
    return images;
  }

  @Override
  public DiskUsage diskUsage() {
    return new DiskUsage(
        List.of(
            new DiskUsage.Row("Images", 4, 1, 2_000_000_000L, 500_000_000L),
            new DiskUsage.Row("Boxes", 0, 0, 0, 0)));
  }

  @Override
  public io.boxlite.api.Volumes volumes() {
    throw new UnsupportedOperationException();
  }

  @Override
  public Templates templates() {
    return templates;
  }

  @Override
  public RuntimeInfo info() {
    return new RuntimeInfo(
        "0.1.0",
        Path.of("/home/u/.boxlite"),
        "qemu 7.2.22 (tcg)",
        "unavailable: no /dev/kvm",
        "linux",
        "x86_64",
        3,
        1,
        1,
        1,
        4,
        2);
  }

  @Override
  public RuntimeMetrics metrics() {
    throw new UnsupportedOperationException();
  }

  @Override
  public void close() {
    calls.add("close");
  }

  private final class FakeBox implements Box {
    private final FakeSnapshots snapshots = new FakeSnapshots();

    @Override
    public void export(java.io.OutputStream archive) {
      try {
        archive.write(info().image().getBytes(java.nio.charset.StandardCharsets.UTF_8));
      } catch (java.io.IOException e) {
        throw new java.io.UncheckedIOException(e);
      }
    }

    @Override
    public Box cloneBox(Optional<String> name) {
      return create(BoxOptions.ofImage(info().image()).build().withName(name));
    }

    @Override
    public io.boxlite.api.Snapshots snapshots() {
      return snapshots;
    }

    @Override
    public io.boxlite.api.BoxNetwork network() {
      throw new UnsupportedOperationException();
    }

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
    public ImageInfo commit(CommitOptions options) {
      calls.add(
          String.join(
              " ",
              "commit",
              id,
              options.reference(),
              options.author(),
              options.message(),
              options.changes().toString()));
      return new ImageInfo(
          options.reference(), "mine", "2", "sha256:commit", CREATED, OptionalLong.empty());
    }

    private final String id;

    FakeBox(String id) {
      this.id = id;
    }

    @Override
    public String id() {
      return id;
    }

    @Override
    public BoxInfo info() {
      return boxes.get(id);
    }

    @Override
    public void start() {
      calls.add("start " + id);
      if (startFails != null) {
        throw startFails;
      }
      started(id);
    }

    @Override
    public void pause() {
      calls.add("pause " + id);
    }

    @Override
    public void unpause() {
      calls.add("unpause " + id);
    }

    @Override
    public Optional<BoxInfo> waitFor(java.time.Duration limit) {
      return limit.isZero() ? Optional.empty() : Optional.of(info());
    }

    @Override
    public void stop(Duration grace) {
      calls.add("stop " + id);
    }

    @Override
    public void remove(boolean force, boolean volumes) {
      if (!force && info().status().isActive()) {
        throw new InvalidStateException("running", "cannot remove box " + id + ": it is running");
      }
      calls.add("remove " + id);
      boxes.remove(id);
    }

    @Override
    public void update(io.boxlite.api.BoxUpdate change) {
      calls.add("update " + id + " " + change);
    }

    @Override
    public Execution exec(ExecOptions options) {
      executed.add(options);
      return execution;
    }

    @Override
    public Execution attach() {
      calls.add("attach " + id);
      return execution;
    }

    @Override
    public Optional<Execution> execution(String executionId) {
      return Optional.empty();
    }

    @Override
    public LogStream logs(LogOptions options) {
      asked.add(options);
      Iterator<LogChunk> chunks = log.iterator();
      return new LogStream() {
        @Override
        public Optional<LogChunk> next() {
          return chunks.hasNext() ? Optional.of(chunks.next()) : Optional.empty();
        }

        @Override
        public void close() {
          calls.add("close log");
        }
      };
    }

    @Override
    public BoxMetrics metrics() {
      if (!boxes.containsKey(id)) {
        throw new NotFoundException("box_not_found", "box not found: " + id);
      }
      BoxInfo info = info();
      if (removedWhenMeasured) {
        boxes.remove(id);
      }
      if (!info.status().isActive()) {
        return new BoxMetrics(
            0,
            0,
            Optional.empty(),
            OptionalDouble.empty(),
            OptionalLong.empty(),
            OptionalLong.empty(),
            Optional.empty(),
            Optional.empty());
      }
      return new BoxMetrics(
          7,
          2,
          Optional.of(Duration.ofMillis(1234)),
          OptionalDouble.of(112.46),
          OptionalLong.of(3 << 19),
          OptionalLong.of(1023),
          Optional.of(new NetworkMetrics(2048, 3L << 30, 7, 8, 5, 1, 2, 3, 4, 6)),
          Optional.of(STAGES));
    }
  }
}
