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
import io.boxlite.api.ImageDetails;
import io.boxlite.api.ImageException;
import io.boxlite.api.ImageInfo;
import io.boxlite.api.ImageRegistry;
import io.boxlite.api.Images;
import io.boxlite.api.InvalidStateException;
import io.boxlite.api.NotFoundException;
import io.boxlite.api.PullOptions;
import io.boxlite.api.PulledImage;
import io.boxlite.api.RemovedImages;
import io.boxlite.api.RuntimeInfo;
import io.boxlite.api.RuntimeMetrics;
import io.boxlite.api.StartOrigin;
import io.boxlite.api.Templates;
import io.boxlite.api.TransferProgress;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
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
import java.util.function.Consumer;

/// A runtime in memory; its commands are [FakeExecution]s.
final class FakeBoxlite implements Boxlite {
  final Map<String, FakeBox> boxes = new ConcurrentHashMap<>();
  final AtomicInteger ids = new AtomicInteger();
  final FakeTemplates templates = new FakeTemplates();
  volatile long loadedBytes;

  @Override
  public Box create(BoxOptions options) {
    if (options.name().isPresent() && get(options.name().get()).isPresent()) {
      throw new AlreadyExistsException("name_taken", "box '" + options.name().get() + "'");
    }
    FakeBox box = new FakeBox("01BOX" + ids.incrementAndGet(), options);
    boxes.put(box.id, box);
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
    return new Images() {
      @Override
      public List<ImageInfo> load(InputStream archive) {
        try {
          byte[] buffer = new byte[65536];
          for (int n = archive.read(buffer); n >= 0; n = archive.read(buffer)) {
            if (loadedBytes == 0 && n > 0 && buffer[0] == 'X') {
              throw new ImageException("not_an_archive", "not an archive");
            }
            loadedBytes += n;
          }
        } catch (IOException e) {
          throw new ImageException("unreadable", "cannot be read");
        }
        return list();
      }

      @Override
      public List<ImageInfo> list() {
        return List.of(
            new ImageInfo(
                "base:latest", "base", "latest", "sha256:1", Instant.EPOCH, OptionalLong.of(7)));
      }

      @Override
      public PulledImage pull(PullOptions options, Consumer<TransferProgress> listener) {
        throw new UnsupportedOperationException();
      }

      @Override
      public String push(
          String reference, List<ImageRegistry> registries, Consumer<TransferProgress> listener) {
        throw new UnsupportedOperationException();
      }

      @Override
      public void save(List<String> references, ArchiveFormat format, OutputStream archive) {
        throw new UnsupportedOperationException();
      }

      @Override
      public Optional<ImageInfo> get(String reference) {
        throw new UnsupportedOperationException();
      }

      @Override
      public ImageDetails inspect(String reference) {
        throw new UnsupportedOperationException();
      }

      @Override
      public ImageInfo tag(String source, String target) {
        throw new UnsupportedOperationException();
      }

      @Override
      public RemovedImages remove(String reference, boolean force) {
        throw new UnsupportedOperationException();
      }

      @Override
      public RemovedImages prune(boolean all) {
        throw new UnsupportedOperationException();
      }
    };
  }

  @Override
  public DiskUsage diskUsage() {
    throw new UnsupportedOperationException();
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
        "0.1.0", Path.of("/home/x"), "fake", "available", "linux", "amd64", 1, 2, 3, 4, 5, 6);
  }

  @Override
  public RuntimeMetrics metrics() {
    return new RuntimeMetrics(1, 2, 3, 4, 5, 6);
  }

  @Override
  public void close() {}

  final class FakeBox implements Box {
    @Override
    public ImageInfo commit(CommitOptions options) {
      throw new UnsupportedOperationException();
    }

    final String id;
    final BoxOptions options;
    final Map<String, FakeExecution> executions = new ConcurrentHashMap<>();
    final CountDownLatch stopped = new CountDownLatch(1);
    volatile FakeExecution main;
    volatile InputStream followed;
    volatile BoxStatus status = BoxStatus.CONFIGURED;
    volatile Duration grace = Duration.ZERO;
    volatile Optional<BootTiming> boot = Optional.empty();

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
    public InputStream logs(BoxLog log, boolean follow) {
      if (follow && followed != null) {
        return followed;
      }
      return new ByteArrayInputStream((log + " " + follow).getBytes(StandardCharsets.UTF_8));
    }

    @Override
    public BoxMetrics metrics() {
      return new BoxMetrics(
          1,
          2,
          Optional.of(Duration.ofMillis(3)),
          OptionalDouble.of(4.5),
          OptionalLong.of(6),
          boot);
    }
  }
}
