package io.boxlite.runtime;

import io.boxlite.api.Box;
import io.boxlite.api.BoxInfo;
import io.boxlite.api.BoxLog;
import io.boxlite.api.BoxOptions;
import io.boxlite.api.BoxStatus;
import io.boxlite.api.Boxlite;
import io.boxlite.api.BoxliteException;
import io.boxlite.api.ConfigException;
import io.boxlite.api.DiskUsage;
import io.boxlite.api.Images;
import io.boxlite.api.InvalidStateException;
import io.boxlite.api.RuntimeInfo;
import io.boxlite.api.RuntimeMetrics;
import io.boxlite.api.SnapshotInfo;
import io.boxlite.api.StorageException;
import io.boxlite.api.TemplateInfo;
import io.boxlite.api.Templates;
import io.boxlite.api.VolumeMount;
import io.boxlite.api.Volumes;
import io.boxlite.api.internal.CrashPoint;
import io.boxlite.image.ImageStore;
import io.boxlite.image.ImageStoreOptions;
import io.boxlite.image.StoredImage;
import io.boxlite.runtime.internal.archive.BoxImport;
import io.boxlite.runtime.internal.disk.BoxDisks;
import io.boxlite.runtime.internal.disk.KeptDisks;
import io.boxlite.runtime.internal.layout.BoxLayout;
import io.boxlite.runtime.internal.layout.HomeLayout;
import io.boxlite.runtime.internal.layout.HomeLock;
import io.boxlite.runtime.internal.layout.Trees;
import io.boxlite.runtime.internal.lifecycle.BoxContext;
import io.boxlite.runtime.internal.lifecycle.ContainerRequests;
import io.boxlite.runtime.internal.lifecycle.Counters;
import io.boxlite.runtime.internal.lifecycle.LocalBox;
import io.boxlite.runtime.internal.lifecycle.LocalImages;
import io.boxlite.runtime.internal.lifecycle.OrphanVms;
import io.boxlite.runtime.internal.lifecycle.Timing;
import io.boxlite.runtime.internal.log.ForeignLog;
import io.boxlite.runtime.internal.network.BoxNetworks;
import io.boxlite.runtime.internal.state.ArchiveManifest;
import io.boxlite.runtime.internal.state.BoxRecord;
import io.boxlite.runtime.internal.state.BoxRecord.BoxState;
import io.boxlite.runtime.internal.state.BoxStore;
import io.boxlite.runtime.internal.state.SnapshotFile;
import io.boxlite.runtime.internal.state.Ulid;
import io.boxlite.runtime.internal.vm.VmSource;
import io.boxlite.runtime.internal.volume.ImageVolumes;
import io.boxlite.runtime.internal.volume.LocalVolumes;
import io.boxlite.vmm.Accelerator;
import io.boxlite.vmm.Engine;
import io.boxlite.vmm.VmConfig;
import io.boxlite.vmm.VmmDriver;
import io.boxlite.vmm.qemu.QemuDriver;
import io.boxlite.vmm.qemu.QemuOptions;
import java.io.InputStream;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/// The runtime of a home that this process owns. Thread-safe.
///
/// @since 0.1
public final class LocalBoxlite implements Boxlite {
  private static final System.Logger LOG = System.getLogger("io.boxlite.runtime");
  private static final Duration RECOVERY_PATIENCE = Duration.ofSeconds(5);
  private static final Duration LOG_CHECK = Duration.ofSeconds(2);
  private static final Duration CLOSE_GRACE = Duration.ofSeconds(5);

  private final HomeLayout layout;
  private final HomeLock lock;
  private final BoxContext context;
  private final LocalImages images;
  private final ConcurrentMap<String, LocalBox> boxes = new ConcurrentHashMap<>();
  private final Thread logLimiter;
  private volatile boolean closed;

  private LocalBoxlite(HomeLayout layout, HomeLock lock, RuntimeOptions options) {
    this.layout = layout;
    this.lock = lock;
    ImageStore imageStore =
        ImageStore.open(
            new ImageStoreOptions(
                layout.images(),
                layout.imageCatalog(),
                options.imageLimits(),
                options.registries(),
                System.getenv()));
    this.images = new LocalImages(imageStore, options.bundledImages(), this::madeFrom);
    BoxDisks disks = new BoxDisks(layout.baseDisks());
    VmmDriver driver =
        QemuDriver.open(
            new QemuOptions(
                Accelerator.Choice.parse(options.accelerator()),
                new VmConfig.Boot(options.kernel(), options.initramfs(), List.of()),
                QemuOptions.PROBE_LIMIT,
                layout.kvmVerdict(),
                environment(options)));
    this.context =
        new BoxContext(
            options,
            layout,
            BoxStore.open(layout),
            imageStore,
            new LocalVolumes(layout, this::usedVolumes),
            new BoxNetworks(options, layout),
            disks,
            new KeptDisks(layout.keptDisks(), this::keptRoots),
            driver,
            new VmSource(
                options, layout, driver, disks, () -> ContainerRequests.prepare(Instant.now())),
            new Counters(),
            Timing.HOST,
            this::makeStopped,
            this::removed);
    this.logLimiter = Thread.ofVirtual().name("log-limiter").unstarted(this::limitLogs);
  }

  private void removed(String id) {
    boxes.remove(id);
    sweepDisks();
  }

  private KeptDisks.Roots keptRoots() {
    List<BoxLayout> all = layout.boxDirectories();
    return new KeptDisks.Roots(
        all.stream().map(BoxLayout::disk).toList(),
        all.stream()
            .flatMap(box -> SnapshotFile.read(box).stream())
            .map(SnapshotInfo::id)
            .collect(Collectors.toSet()));
  }

  /// A disk that cannot be read is no reason not to have the others.
  private void sweepDisks() {
    try {
      context.kept().sweep();
    } catch (StorageException e) {
      LOG.log(System.Logger.Level.ERROR, "disks that nobody needs stay: {0}", e.getMessage());
    }
  }

  /// Keeps what VMs write to files of the host within bounds.
  private void limitLogs() {
    try {
      while (!closed) {
        for (BoxInfo box : list()) {
          if (box.status().isActive()) {
            ForeignLog.limit(layout.box(box.id()).log(BoxLog.CONSOLE));
            ForeignLog.limit(layout.box(box.id()).vmmLog());
            ForeignLog.limit(layout.box(box.id()).networkLog());
          }
        }
        Thread.sleep(LOG_CHECK);
      }
    } catch (InterruptedException | InvalidStateException _) {
      // The runtime closes.
    }
  }

  private static Map<String, String> environment(RuntimeOptions options) {
    Map<String, String> environment = new HashMap<>(System.getenv());
    environment.put("BOXLITE_TMPDIR", options.temporaryDirectory().toString());
    return environment;
  }

  /// Opens a home when no process owns it, takes over the boxes that run, and ends what an earlier
  /// owner left that must not go on.
  ///
  /// @param home absolute path, made when missing
  /// @param options of the runtime
  /// @return the runtime, to be closed by the caller; empty when a process owns the home
  /// @throws StorageException if the home cannot be used
  public static Optional<LocalBoxlite> tryOpen(Path home, RuntimeOptions options) {
    HomeLayout layout = new HomeLayout(home);
    layout.create();
    Optional<HomeLock> lock = HomeLock.tryAcquire(layout.lock());
    if (lock.isEmpty()) {
      return Optional.empty();
    }
    try {
      LocalBoxlite runtime = new LocalBoxlite(layout, lock.get(), options);
      try {
        runtime.recover();
        runtime.logLimiter.start();
        return Optional.of(runtime);
      } catch (RuntimeException e) {
        runtime.context.store().close();
        throw e;
      }
    } catch (RuntimeException e) {
      lock.get().close();
      throw e;
    }
  }

  private void recover() {
    List<BoxRecord> found = context.store().found();
    found.forEach(record -> boxes.put(record.id(), new LocalBox(context, record)));
    context.volumes().sweep();
    Trees.delete(layout.exchange());
    HomeLayout.createPrivate(layout.exchange());
    sweepDisks();
    OrphanVms.end(
        layout.home(),
        found.stream()
            .flatMap(record -> record.state().process().stream())
            .map(BoxRecord.RecordedVm::pid)
            .collect(Collectors.toSet()));
    // Those that hang are waited for by whoever uses them, not by everybody.
    inParallel(List.copyOf(boxes.values()), "recover", LocalBox::recover, RECOVERY_PATIENCE);
  }

  private interface BoxWork {
    void run(LocalBox box);
  }

  private static void inParallel(
      List<LocalBox> boxes, String what, BoxWork work, Duration patience) {
    List<Thread> threads = new ArrayList<>();
    for (LocalBox box : boxes) {
      threads.add(
          Thread.ofVirtual()
              .name(what + "-" + box.id())
              .start(() -> {
                try {
                  work.run(box);
                } catch (BoxliteException e) {
                  LOG.log(System.Logger.Level.ERROR, "{0} {1}: {2}", what, box.id(), e);
                }
              }));
    }
    Instant deadline = Instant.now().plus(patience);
    try {
      for (Thread thread : threads) {
        Duration left = Duration.between(Instant.now(), deadline);
        if (left.isPositive()) {
          thread.join(left);
        }
      }
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
    }
  }

  private void checkOpen() {
    if (closed) {
      throw new InvalidStateException(
          "runtime_closed", "the runtime of " + layout.home() + " is closed; open it again");
    }
  }

  @Override
  public Box create(BoxOptions options) {
    checkOpen();
    var _ = BoxNetworks.policy(options.network()); // a rule that cannot be read is refused here
    StoredImage image = image(options);
    return context
        .volumes()
        .give(
            ImageVolumes.add(options, image.config().volumes()),
            given -> insert(BoxRecord.create(given, Instant.now()), image.id(), _ -> {}));
  }

  @Override
  public Box importBox(InputStream archive, Optional<String> name) {
    checkOpen();
    Path directory = layout.exchange().resolve(Ulid.next(System.currentTimeMillis()));
    try (BoxImport read = new BoxImport(directory)) {
      ArchiveManifest manifest = read.read(archive);
      BoxOptions options = manifest.options().withName(name);
      CrashPoint.reached("import.read");
      String imageId = read.addImage(context.images(), manifest);
      CrashPoint.reached("import.image");
      return makeStopped(options, imageId, files -> Trees.move(read.disk(), files.disk()));
    }
  }

  private LocalBox makeStopped(BoxOptions options, String imageId, Consumer<BoxLayout> disk) {
    checkOpen();
    return context
        .volumes()
        .give(
            options,
            given -> {
              BoxRecord made = BoxRecord.create(given, Instant.now());
              BoxState stopped = made.state().stopped(OptionalInt.empty()).stoppedByUser();
              return insert(made.with(stopped), imageId, disk);
            });
  }

  private LocalBox insert(BoxRecord made, String imageId, Consumer<BoxLayout> content) {
    Optional<byte[]> secrets = context.networks().seal(made);
    BoxRecord record = made.with(made.state().withImage(imageId)).withoutSecretValues();
    LocalBox box = new LocalBox(context, record);
    images.use(
        imageId,
        () -> {
          context.store().insert(record, secrets, content);
          boxes.put(record.id(), box);
        });
    context.counters().boxesCreated.increment();
    return box;
  }

  /// An image that cannot be had is refused before anything of the box exists; one that is there is
  /// what the box is made from, whatever its name means later.
  private StoredImage image(BoxOptions options) {
    if (options.rootfsPath().isPresent()) {
      return context.images().importLayout(Path.of(options.rootfsPath().get()));
    }
    return images.bring(options.image().orElseThrow(), options.pull());
  }

  private Stream<VolumeMount> usedVolumes() {
    return boxes.values().stream().flatMap(box -> box.volumes().stream());
  }

  private List<String> madeFrom(String imageId) {
    return boxes.values().stream()
        .filter(box -> box.imageId().equals(Optional.of(imageId)))
        .map(box -> box.name().orElse(box.id()))
        .sorted()
        .toList();
  }

  @Override
  public Optional<Box> get(String idOrName) {
    checkOpen();
    LocalBox exact = boxes.get(idOrName);
    if (exact != null) {
      return Optional.of(exact);
    }
    Optional<Box> named =
        boxes.values().stream()
            .filter(box -> box.name().equals(Optional.of(idOrName)))
            .<Box>map(box -> box)
            .findFirst();
    return named.isPresent() || idOrName.isEmpty() ? named : byPrefix(idOrName);
  }

  private Optional<Box> byPrefix(String prefix) {
    List<LocalBox> matches =
        boxes.values().stream()
            .filter(box -> box.id().regionMatches(true, 0, prefix, 0, prefix.length()))
            .toList();
    if (matches.size() > 1) {
      throw new ConfigException(
          "ambiguous_prefix",
          "multiple boxes match prefix '" + prefix + "'; give more characters of the id");
    }
    return matches.stream().<Box>map(box -> box).findFirst();
  }

  @Override
  public List<BoxInfo> list() {
    checkOpen();
    return boxes.values().stream()
        .map(LocalBox::snapshot)
        .sorted(Comparator.comparing(BoxInfo::createdAt).thenComparing(BoxInfo::id).reversed())
        .toList();
  }

  @Override
  public Images images() {
    checkOpen();
    return images;
  }

  @Override
  public Volumes volumes() {
    checkOpen();
    return context.volumes();
  }

  @Override
  public Templates templates() {
    checkOpen();
    return context.vms().templates();
  }

  @Override
  public DiskUsage diskUsage() {
    checkOpen();
    List<DiskUsage.Row> rows = new ArrayList<>(images.usage());
    long size = 0;
    long idle = 0;
    List<BoxInfo> all = list();
    for (BoxInfo box : all) {
      long bytes = Trees.bytes(layout.box(box.id()).directory());
      size += bytes;
      idle += box.status().isActive() ? 0 : bytes;
    }
    int active = (int) all.stream().filter(box -> box.status().isActive()).count();
    rows.add(1, new DiskUsage.Row("Boxes", all.size(), active, size, idle));
    rows.add(2, templateUsage());
    return new DiskUsage(rows);
  }

  private DiskUsage.Row templateUsage() {
    List<TemplateInfo> templates = templates().list();
    List<TemplateInfo> used = templates.stream().filter(TemplateInfo::inUse).toList();
    long size = templates.stream().mapToLong(TemplateInfo::sizeBytes).sum();
    return new DiskUsage.Row(
        "Templates",
        templates.size(),
        used.size(),
        size,
        size - used.stream().mapToLong(TemplateInfo::sizeBytes).sum());
  }

  @Override
  public RuntimeInfo info() {
    checkOpen();
    List<BoxInfo> all = list();
    String engine;
    String virtualization;
    try {
      Engine found = context.driver().engine();
      engine = found.toString();
      virtualization =
          found.accelerator() == Accelerator.KVM ? "available" : "unavailable: " + found.reason();
    } catch (BoxliteException e) {
      engine = "none";
      virtualization = "unavailable: " + e.getMessage();
    }
    return new RuntimeInfo(
        RuntimeInfo.VERSION,
        layout.home(),
        engine,
        virtualization,
        System.getProperty("os.name").toLowerCase(java.util.Locale.ROOT),
        System.getProperty("os.arch"),
        all.size(),
        count(all, BoxStatus.RUNNING),
        count(all, BoxStatus.STOPPED),
        count(all, BoxStatus.CONFIGURED),
        images.list().size(),
        context.vms().warmVms());
  }

  private static int count(List<BoxInfo> boxes, BoxStatus status) {
    return (int) boxes.stream().filter(box -> box.status() == status).count();
  }

  @Override
  public RuntimeMetrics metrics() {
    checkOpen();
    Counters counters = context.counters();
    return new RuntimeMetrics(
        counters.boxesCreated.sum(),
        counters.boxesFailed.sum(),
        counters.boxesStopped.sum(),
        count(list(), BoxStatus.RUNNING),
        counters.commandsExecuted.sum(),
        counters.execErrors.sum());
  }

  @Override
  public synchronized void close() {
    if (closed) {
      return;
    }
    closed = true;
    logLimiter.interrupt();
    inParallel(
        List.copyOf(boxes.values()),
        "close",
        box -> {
          try {
            if (!box.snapshot().detach()) {
              box.stop(CLOSE_GRACE);
            }
          } finally {
            box.release();
          }
        },
        CLOSE_GRACE.plusSeconds(20));
    context.vms().close();
    context.images().close();
    context.store().close();
    lock.close();
  }
}
