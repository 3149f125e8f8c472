package io.boxlite.runtime.internal.lifecycle;

import io.boxlite.api.Box;
import io.boxlite.api.BoxInfo;
import io.boxlite.api.BoxMetrics;
import io.boxlite.api.BoxNetwork;
import io.boxlite.api.BoxUpdate;
import io.boxlite.api.CommitOptions;
import io.boxlite.api.CopyOptions;
import io.boxlite.api.ExecOptions;
import io.boxlite.api.Execution;
import io.boxlite.api.ImageInfo;
import io.boxlite.api.LogOptions;
import io.boxlite.api.LogStream;
import io.boxlite.api.Snapshots;
import io.boxlite.api.StorageException;
import io.boxlite.api.VolumeMount;
import io.boxlite.api.internal.CrashPoint;
import io.boxlite.runtime.internal.archive.BoxExport;
import io.boxlite.runtime.internal.disk.FlatDisk;
import io.boxlite.runtime.internal.log.LogReader;
import io.boxlite.runtime.internal.state.BoxRecord;
import io.boxlite.runtime.internal.state.Ulid;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// One box of this process, as its callers see it. What changes its state is [BoxLifecycle]'s.
public final class LocalBox implements Box {
  private final BoxContext context;
  private final BoxFigures figures;
  private final BoxLifecycle lifecycle;

  /// Makes the handle of a box that is stored.
  ///
  /// @param context of the runtime
  /// @param record its record
  public LocalBox(BoxContext context, BoxRecord record) {
    this.context = context;
    this.figures = new BoxFigures(context.counters());
    this.lifecycle = new BoxLifecycle(context, record, figures);
  }

  private BoxRecord record() {
    return lifecycle.record();
  }

  @Override
  public String id() {
    return record().id();
  }

  /// {@return its unique name, if it has one}
  public Optional<String> name() {
    return record().options().name();
  }

  /// {@return digest of the manifest of the image that it was made from}
  public Optional<String> imageId() {
    return record().state().imageId();
  }

  /// {@return its volumes}
  public List<VolumeMount> volumes() {
    return record().options().volumes();
  }

  /// {@return what it is, also when it has been removed meanwhile}
  public BoxInfo snapshot() {
    return lifecycle.snapshot();
  }

  @Override
  public BoxInfo info() {
    lifecycle.checkExists();
    return snapshot();
  }

  @Override
  public void start() {
    lifecycle.start();
  }

  @Override
  public void stop(Duration grace) {
    lifecycle.stop(grace);
  }

  @Override
  public void remove(boolean force, boolean volumes) {
    lifecycle.remove(force, volumes);
  }

  @Override
  public void pause() {
    lifecycle.pause();
  }

  @Override
  public void unpause() {
    lifecycle.unpause();
  }

  @Override
  public Optional<BoxInfo> waitFor(Duration limit) throws InterruptedException {
    return lifecycle.awaitRest(limit);
  }

  @Override
  public void update(BoxUpdate change) {
    lifecycle.update(change);
  }

  /// Brings its state in line with what an earlier supervisor left of it.
  public void recover() {
    lifecycle.recover();
  }

  /// Lets go of the box, which goes on if it runs.
  public void release() {
    lifecycle.release();
  }

  @Override
  public Execution exec(ExecOptions options) {
    RunningBox run = lifecycle.runningForExec();
    return figures.counted(() -> run.exec(options));
  }

  @Override
  public Execution attach() {
    return lifecycle.attach();
  }

  @Override
  public Optional<Execution> execution(String executionId) {
    lifecycle.checkExists();
    return lifecycle.running().flatMap(run -> run.execution(executionId));
  }

  @Override
  public LogStream logs(LogOptions options) {
    lifecycle.checkExists();
    Path file = context.layout().box(id()).log(options.log());
    return LogReader.open(file, options, this::writesLogs);
  }

  private boolean writesLogs() {
    return !lifecycle.removed() && (lifecycle.restarting() || record().state().status().isActive());
  }

  @Override
  public BoxMetrics metrics() {
    lifecycle.checkExists();
    return figures.toMetrics(
        lifecycle.running().map(RunningBox::cpu),
        lifecycle.running().flatMap(run -> run.network().metrics()),
        context.layout().box(id()).disk());
  }

  @Override
  public BoxNetwork network() {
    return new LocalNetwork(context, lifecycle);
  }

  @Override
  public void export(OutputStream archive) {
    Path directory = context.layout().exchange().resolve(Ulid.next(System.currentTimeMillis()));
    BoxRecord box = record();
    String image = box.state().imageId().orElseThrow();
    try (BoxExport export = new BoxExport(directory, box.options(), image)) {
      context
          .kept()
          .using(() -> {
            Path disk = lifecycle.held(_ -> lifecycle.stillDisk(export.disk()));
            if (!disk.equals(export.disk())) {
              FlatDisk.copy(disk, export.disk()); // the box goes on meanwhile
            }
            return true;
          });
      CrashPoint.reached("export.copied");
      context.kept().sweep();
      export.write(context.images(), archive);
    }
  }

  @Override
  public Box cloneBox(Optional<String> name) {
    return new BoxClone(context, lifecycle).make(name);
  }

  @Override
  public Snapshots snapshots() {
    return new LocalSnapshots(context, lifecycle);
  }

  @Override
  public ImageInfo commit(CommitOptions options) {
    BoxCommit commit = new BoxCommit(context, options);
    return lifecycle.alone(
        () -> Refusals.checkCommit(record()), false, portal -> commit.of(record(), portal));
  }

  @Override
  public List<String> copyIn(InputStream tar, String boxTarget, CopyOptions options) {
    return lifecycle.withAgent(true, portal -> portal.copyIn(tar, boxTarget, options));
  }

  @Override
  public void copyOut(String boxSource, CopyOptions options, TarConsumer consumer) {
    lifecycle.withAgent(
        false,
        portal -> {
          try (InputStream tar = portal.copyOut(boxSource, options)) {
            consumer.accept(tar);
            return true;
          } catch (IOException e) {
            throw new StorageException(
                "copy_failed", "copy of " + boxSource + ": " + e.getMessage(), e, Map.of());
          }
        });
  }
}
