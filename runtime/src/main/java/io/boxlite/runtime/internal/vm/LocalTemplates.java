package io.boxlite.runtime.internal.vm;

import io.boxlite.api.BoxOptions;
import io.boxlite.api.BoxliteException;
import io.boxlite.api.EngineException;
import io.boxlite.api.ErrorCode;
import io.boxlite.api.StorageException;
import io.boxlite.api.TemplateInfo;
import io.boxlite.api.TemplateProgress;
import io.boxlite.api.Templates;
import io.boxlite.api.internal.CrashPoint;
import io.boxlite.runtime.RuntimeOptions;
import io.boxlite.runtime.internal.layout.HomeLayout;
import io.boxlite.runtime.internal.layout.Trees;
import io.boxlite.runtime.internal.portal.Portal;
import io.boxlite.vmm.Accelerator;
import io.boxlite.vmm.Vm;
import io.boxlite.vmm.VmConfig;
import io.boxlite.vmm.VmFiles;
import io.boxlite.vmm.VmOrigin;
import io.boxlite.vmm.VmTemplate;
import io.boxlite.vmm.VmmDriver;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;

/// The templates of a home: VMs that were saved when their agent had come up, one for each size.
///
/// Thread-safe. The home's lock makes sure that no other process builds any.
public final class LocalTemplates implements Templates {
  private static final System.Logger LOG = System.getLogger("io.boxlite.runtime");

  /// Templates that were not used for so long are removed.
  private static final Duration MAX_AGE = Duration.ofDays(14);

  /// Of all templates together, in bytes; those that were used last are kept.
  private static final long MAX_TOTAL = 4L << 30;

  /// After a build that failed boxes boot cold for so long, instead of waiting for the next.
  private static final Duration FAILURE_MEMORY = Duration.ofMinutes(5);

  /// They shorten boot and start; docs/guest.md says by how much.
  private static final List<String> KERNEL_ARGUMENTS =
      List.of("tsc=reliable", "no_timer_check", "cryptomgr.notests", "psi=0");

  /// Where every instruction is emulated: nothing is speculated there that needs a mitigation, a
  /// timer with a tick's resolution is programmed much less often, and shorter page tables are
  /// walked faster.
  private static final List<String> EMULATED_ARGUMENTS =
      List.of("mitigations=off", "highres=off", "no5lvl");

  private static final long MIB = 1L << 20;
  private static final int SHORT_KEY_DIGITS = 8;
  private static final String UNFINISHED = ".tmp";

  private final RuntimeOptions options;
  private final Path root;
  private final VmmDriver driver;
  private final BootGate gate;
  private final Rehearsal rehearsal;
  private final PoolGuard guard;
  private final ConcurrentMap<String, ReentrantLock> building = new ConcurrentHashMap<>();
  private final ConcurrentMap<String, Instant> failures = new ConcurrentHashMap<>();

  /// How many VMs that this object knows of run from each.
  private final ConcurrentMap<String, Integer> uses = new ConcurrentHashMap<>();

  /// Looks at nothing yet but what a killed supervisor left unfinished.
  ///
  /// @param options of the runtime
  /// @param layout of the home, whose lock the caller holds
  /// @param driver makes the VMs
  /// @param gate of everything that boots
  /// @param rehearsal of what is saved
  /// @param guard of VMs that are to be saved
  public LocalTemplates(
      RuntimeOptions options,
      HomeLayout layout,
      VmmDriver driver,
      BootGate gate,
      Rehearsal rehearsal,
      PoolGuard guard) {
    this.options = options;
    this.root = layout.templates();
    this.driver = driver;
    this.gate = gate;
    this.rehearsal = rehearsal;
    this.guard = guard;
    try {
      directories(path -> path.toString().endsWith(UNFINISHED)).forEach(Trees::delete);
    } catch (StorageException e) {
      LOG.log(System.Logger.Level.WARNING, "unfinished templates: {0}", e.getMessage());
    }
  }

  private List<Path> directories(DirectoryStream.Filter<Path> filter) {
    List<Path> directories = new ArrayList<>();
    try (DirectoryStream<Path> all = Files.newDirectoryStream(root, filter)) {
      all.forEach(directories::add);
    } catch (IOException e) {
      throw new StorageException(
          "templates_not_read", "read " + root + ": " + e, e, Map.of("path", root.toString()));
    }
    return directories;
  }

  /// {@return what every VM boots}
  VmConfig.Boot boot() {
    List<String> arguments = new ArrayList<>(KERNEL_ARGUMENTS);
    if (driver.engine().accelerator() == Accelerator.TCG) {
      arguments.addAll(EMULATED_ARGUMENTS);
    }
    return boot(arguments);
  }

  VmConfig.Boot boot(List<String> arguments) {
    return new VmConfig.Boot(options.kernel(), options.initramfs(), arguments);
  }

  /// {@return the key of the template for such a VM}
  ///
  /// @param cpus number of virtual CPUs
  /// @param memoryMib in MiB
  String key(int cpus, int memoryMib) {
    return driver.templateKey(boot(), cpus, memoryMib);
  }

  private TemplateFiles files(String key) {
    return new TemplateFiles(root.resolve(key));
  }

  /// Finds the template for a box that starts. One that was never made is made now, which takes
  /// hardly longer than the cold boot that it saves; one that has changed is removed, to be made
  /// again when there is time.
  ///
  /// @param key of the VM's size
  /// @param cpus number of virtual CPUs
  /// @param memoryMib in MiB
  /// @return the template; empty if the box had better boot
  Optional<VmTemplate> forStart(String key, int cpus, int memoryMib) {
    TemplateFiles files = files(key);
    if (files.exists()) {
      return usable(files, key) ? Optional.of(files.template()) : Optional.empty();
    }
    Instant failed = failures.get(key);
    if (failed != null && failed.plus(FAILURE_MEMORY).isAfter(Instant.now())) {
      return Optional.empty();
    }
    try {
      build(key, cpus, memoryMib, _ -> {});
      return Optional.of(files.template());
    } catch (BoxliteException e) {
      if (e.reason().equals("interrupted")) {
        throw e;
      }
      LOG.log(System.Logger.Level.WARNING, "boxes boot cold for a while: {0}", e.getMessage());
      return Optional.empty();
    }
  }

  private boolean usable(TemplateFiles files, String key) {
    try {
      files.verify(key);
      files.touch();
      return true;
    } catch (IOException e) {
      discard(key, e.toString());
      return false;
    }
  }

  /// Removes a template that is not good.
  ///
  /// @param key which
  /// @param why for the log
  void discard(String key, String why) {
    LOG.log(
        System.Logger.Level.WARNING,
        "template {0} is not usable and will be made again: {1}",
        key,
        why);
    files(key).delete();
  }

  /// Notes that a VM runs from a template, until it ends.
  ///
  /// @param key of the template
  /// @param vm the VM
  void usedBy(String key, Vm vm) {
    uses.merge(key, 1, Integer::sum);
    var _ = vm.onExit().thenRun(() -> uses.computeIfPresent(key, LocalTemplates::oneLess));
  }

  @SuppressWarnings("NullAway") // ConcurrentMap: null removes the entry
  private static Integer oneLess(String key, Integer count) {
    return count == 1 ? null : count - 1;
  }

  @Override
  public TemplateInfo build(int cpus, int memoryMib, Consumer<TemplateProgress> progress) {
    // The same bounds as those of a box.
    var _ = BoxOptions.ofImage("template").cpus(cpus).memoryMib(memoryMib).build();
    String key = key(cpus, memoryMib);
    TemplateFiles files = files(key);
    if (!files.exists() || !usable(files, key)) {
      build(key, cpus, memoryMib, progress);
    }
    progress.accept(TemplateProgress.READY);
    try {
      return files.info(uses.containsKey(key));
    } catch (IOException e) {
      throw failed(key, e);
    }
  }

  /// Builds one, unless somebody else has built it when its turn comes.
  void build(String key, int cpus, int memoryMib, Consumer<TemplateProgress> progress) {
    ReentrantLock lock = building.computeIfAbsent(key, _ -> new ReentrantLock());
    if (!lock.tryLock()) {
      progress.accept(TemplateProgress.WAITING);
      try {
        lock.lockInterruptibly();
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new EngineException(
            "interrupted", "interrupted before a template was made", e, Map.of());
      }
    }
    try {
      TemplateFiles files = files(key);
      if (!files.exists()) {
        removeUnused();
        Path unfinished = root.resolve(key + UNFINISHED);
        try {
          buildIn(unfinished, files.directory(), key, cpus, memoryMib, progress);
          failures.remove(key);
        } catch (IOException e) {
          failures.put(key, Instant.now());
          throw failed(key, e);
        } catch (RuntimeException e) {
          // Who gave up has not found out that it cannot be made.
          boolean givenUp =
              e instanceof BoxliteException known && known.reason().equals("interrupted");
          if (!givenUp && !Thread.currentThread().isInterrupted()) {
            failures.put(key, Instant.now());
          }
          throw withRoom(key, memoryMib, e);
        } finally {
          new TemplateFiles(unfinished).delete();
        }
      }
    } finally {
      lock.unlock();
    }
  }

  private void buildIn(
      Path directory,
      Path target,
      String key,
      int cpus,
      int memoryMib,
      Consumer<TemplateProgress> progress)
      throws IOException {
    TemplateFiles files = new TemplateFiles(directory);
    files.delete();
    HomeLayout.createPrivate(directory);
    VmTemplate template = files.template();
    String id = "template-" + key.substring(0, SHORT_KEY_DIGITS);
    Path work = guard.directory(id);
    VmConfig config =
        new VmConfig(
            id,
            boot(),
            cpus,
            memoryMib,
            files(work),
            new VmOrigin.Seed(template.memory()),
            List.of());
    progress.accept(TemplateProgress.BOOTING);
    try (BootGate.Turn _ = gate.enter()) {
      Vm vm = driver.start(config);
      try {
        try (Portal portal = AgentVm.connect(vm, options.bootTimeout())) {
          progress.accept(TemplateProgress.REHEARSING);
          rehearsal.run(vm, portal, work);
        }
        CrashPoint.reached("template.rehearsed");
        progress.accept(TemplateProgress.SAVING);
        vm.save(template.state());
        CrashPoint.reached("template.saved");
      } finally {
        vm.kill();
      }
    } finally {
      guard.release(id);
    }
    files.publish(
        target,
        new TemplateInfo(
            key, cpus, memoryMib, files.allocatedBytes(), Instant.now(), Instant.now(), false));
    LOG.log(System.Logger.Level.INFO, "template {0}: {1} CPUs, {2} MiB", key, cpus, memoryMib);
  }

  /// {@return where the files of a VM are that belongs to no box}
  ///
  /// @param directory of that VM
  static VmFiles files(Path directory) {
    return VmFiles.in(directory, directory.resolve("console.log"), directory.resolve("qemu.log"));
  }

  /// A VM whose memory finds no room on the disk is killed by the kernel, without a word.
  private RuntimeException withRoom(String key, int memoryMib, RuntimeException e) {
    try {
      long free = Files.getFileStore(root).getUsableSpace() / MIB;
      boolean inVm =
          e instanceof BoxliteException known
              && (known.code() == ErrorCode.PORTAL || known.code() == ErrorCode.ENGINE);
      return inVm && free < memoryMib
          ? failed(key, new IOException("only " + free + " MiB are free in " + root, e))
          : e;
    } catch (IOException again) {
      e.addSuppressed(again);
      return e;
    }
  }

  private static StorageException failed(String key, IOException e) {
    return new StorageException(
        "template_not_made",
        "template " + key + ": " + e + "; check the disk and free space",
        e,
        Map.of("key", key));
  }

  @Override
  public List<TemplateInfo> list() {
    List<TemplateInfo> found = new ArrayList<>();
    for (Path directory : directories(path -> !path.toString().endsWith(UNFINISHED))) {
      try {
        found.add(
            new TemplateFiles(directory)
                .info(uses.containsKey(directory.getFileName().toString())));
      } catch (IOException e) {
        // The next start of such a box removes it.
        LOG.log(System.Logger.Level.DEBUG, "{0} is no template: {1}", directory, e.toString());
      }
    }
    found.sort(Comparator.comparing(TemplateInfo::lastUsedAt).reversed());
    return List.copyOf(found);
  }

  @Override
  public List<TemplateInfo> prune() {
    List<TemplateInfo> removed = new ArrayList<>();
    for (TemplateInfo template : list()) {
      if (!template.inUse()) {
        files(template.key()).delete();
        removed.add(template);
      }
    }
    return List.copyOf(removed);
  }

  /// Removes those that were not used for long, and those beyond the size that all may have.
  private void removeUnused() {
    long total = 0;
    for (TemplateInfo template : list()) {
      total += template.sizeBytes();
      boolean old = template.lastUsedAt().plus(MAX_AGE).isBefore(Instant.now());
      if (!template.inUse() && (old || total > MAX_TOTAL)) {
        files(template.key()).delete();
      }
    }
  }
}
