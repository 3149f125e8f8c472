package io.boxlite.runtime.internal.volume;

import io.boxlite.api.AlreadyExistsException;
import io.boxlite.api.BoxOptions;
import io.boxlite.api.BoxliteException;
import io.boxlite.api.ConfigException;
import io.boxlite.api.InvalidStateException;
import io.boxlite.api.NotFoundException;
import io.boxlite.api.StorageException;
import io.boxlite.api.VolumeInfo;
import io.boxlite.api.VolumeMount;
import io.boxlite.api.Volumes;
import io.boxlite.api.internal.CrashPoint;
import io.boxlite.runtime.internal.layout.HomeLayout;
import io.boxlite.runtime.internal.layout.Trees;
import io.boxlite.runtime.internal.state.Ulid;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BooleanSupplier;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.stream.Stream;

/// The volumes of a home: `anonymous/<id>` is the content of one that was made with a box,
/// `named/<id>` has that of one that somebody made in `data`, beside its `name`. Directories are
/// all that is known of them. Thread-safe.
///
/// A directory `.<id>` is one that is being made or removed. When this program ends meanwhile,
/// whether it is a volume depends on whether a box has it: see [#sweep].
public final class LocalVolumes implements Volumes {
  private static final System.Logger LOG = System.getLogger("io.boxlite.runtime");
  private static final String DATA = "data";
  private static final String NAME = "name";
  private static final String UNFINISHED = ".";

  private final Path anonymous;
  private final Path named;
  private final Supplier<Stream<VolumeMount>> used;
  private final NewVolumes fresh;
  private final ReentrantLock lock = new ReentrantLock();
  // Named volumes that a box is the first to use, until they are filled.
  private final FillLocks filling = new FillLocks();

  /// Makes the directories.
  ///
  /// @param layout of the home
  /// @param used volumes of all boxes
  public LocalVolumes(HomeLayout layout, Supplier<Stream<VolumeMount>> used) {
    this.anonymous = layout.anonymousVolumes();
    this.named = layout.namedVolumes();
    this.used = used;
    HomeLayout.createPrivate(anonymous);
    HomeLayout.createPrivate(named);
    this.fresh = new NewVolumes(layout.newVolumes());
  }

  @Override
  public VolumeInfo create(Optional<String> name) {
    if (name.isPresent() && !VolumeInfo.isName(name.get())) {
      throw new ConfigException(
          "invalid_volume_name",
          "volume name '"
              + name.get()
              + "' must be 1 to 128 of a-z A-Z 0-9 . _ - and begin with a letter or digit");
    }
    lock.lock();
    try {
      if (name.isPresent() && find(name.get()).isPresent()) {
        throw new AlreadyExistsException(
            "volume_exists", "volume '" + name.get() + "' exists; choose another name");
      }
      return make(Ulid.next(Instant.now().toEpochMilli()), name);
    } finally {
      lock.unlock();
    }
  }

  private VolumeInfo make(String id, Optional<String> name) {
    Path unfinished = named.resolve(UNFINISHED + id);
    HomeLayout.createPrivate(unfinished);
    createContent(unfinished.resolve(DATA));
    try {
      Files.writeString(unfinished.resolve(NAME), name.orElse(""));
      fresh.add(id);
      CrashPoint.reached("volume.made");
      Files.move(unfinished, named.resolve(id), StandardCopyOption.ATOMIC_MOVE);
      CrashPoint.reached("volume.named");
    } catch (IOException | StorageException e) {
      Trees.delete(unfinished);
      throw new StorageException(
          "volume_not_made", "make volume " + id + " in " + named + ": " + e, e, Map.of());
    }
    return info(new Found(id, false));
  }

  @Override
  public List<VolumeInfo> list() {
    return all().sorted(Comparator.comparing(Found::id).reversed()).map(this::info).toList();
  }

  private Stream<Found> all() {
    return Stream.concat(
        ids(named).stream().map(id -> new Found(id, false)),
        ids(anonymous).stream().map(id -> new Found(id, true)));
  }

  private static List<String> ids(Path directory) {
    try (Stream<Path> entries = Files.list(directory)) {
      return entries.map(entry -> entry.getFileName().toString()).filter(Ulid::isOne).toList();
    } catch (IOException e) {
      throw new StorageException(
          "directory_not_readable",
          "read " + directory + ": " + e + "; check its permissions",
          e,
          Map.of());
    }
  }

  private Path directory(Found volume) {
    return volume.own() ? anonymous.resolve(volume.id()) : named.resolve(volume.id()).resolve(DATA);
  }

  /// With its size, for which every file of it is looked at.
  private VolumeInfo info(Found volume) {
    Path directory = directory(volume);
    OptionalLong size;
    try {
      size = OptionalLong.of(Trees.bytes(directory));
    } catch (StorageException _) {
      size = OptionalLong.empty(); // the box may have made parts of it unreadable
    }
    Optional<String> name = volume.own() ? Optional.empty() : name(volume.id());
    return new VolumeInfo(volume.id(), name, Ulid.time(volume.id()), size, directory, volume.own());
  }

  private Optional<String> name(String id) {
    try {
      return Optional.of(Files.readString(named.resolve(id).resolve(NAME)))
          .filter(name -> !name.isEmpty());
    } catch (IOException _) {
      return Optional.empty(); // it is being removed, or its name is lost; its id remains
    }
  }

  @Override
  public Optional<VolumeInfo> get(String idOrName) {
    return find(idOrName).map(this::info);
  }

  private record Found(String id, boolean own) {}

  private Optional<Found> find(String idOrName) {
    List<Found> all = all().toList();
    Optional<Found> byId = all.stream().filter(found -> found.id().equals(idOrName)).findFirst();
    return byId.isPresent()
        ? byId
        : all.stream()
            .filter(found -> !found.own() && name(found.id()).equals(Optional.of(idOrName)))
            .findFirst();
  }

  @Override
  public void remove(String idOrName, boolean force) {
    lock.lock();
    try {
      Optional<Found> found = find(idOrName);
      if (found.isEmpty()) {
        if (force) {
          return;
        }
        throw notFound(idOrName);
      }
      if (isUsed(found.get().id())) {
        throw new InvalidStateException(
            "volume_in_use", "volume '" + idOrName + "' belongs to a box; remove that first");
      }
      delete(found.get());
    } finally {
      lock.unlock();
    }
  }

  @Override
  public List<VolumeInfo> prune(boolean all) {
    lock.lock();
    try {
      List<VolumeInfo> removed = new ArrayList<>();
      for (Found volume : all().toList()) {
        if ((all || volume.own()) && !isUsed(volume.id())) {
          VolumeInfo info = info(volume);
          delete(volume);
          removed.add(info);
        }
      }
      return removed;
    } finally {
      lock.unlock();
    }
  }

  private boolean isUsed(String id) {
    return used.get()
        .anyMatch(volume ->
            switch (volume.source()) {
              case VolumeMount.Managed(String other) -> other.equals(id);
              case VolumeMount.Anonymous(String other) -> other.equals(id);
              case VolumeMount.HostPath _ -> false;
            });
  }

  /// Its name goes first of all: what is left by a crash is no volume.
  private void delete(Found volume) {
    Path parent = volume.own() ? anonymous : named;
    Path dying = parent.resolve(UNFINISHED + volume.id());
    try {
      Files.move(parent.resolve(volume.id()), dying, StandardCopyOption.ATOMIC_MOVE);
    } catch (IOException e) {
      throw new StorageException(
          "volume_not_removed", "remove volume " + volume.id() + ": " + e, e, Map.of());
    }
    CrashPoint.reached("volume.dying");
    fresh.remove(volume.id());
    filling.forget(volume.id());
    Trees.delete(dying);
    CrashPoint.reached("volume.gone");
  }

  private static NotFoundException notFound(String idOrName) {
    return new NotFoundException(
        "volume_not_found", "volume not found: " + idOrName + "; make it with volume create");
  }

  /// Makes the volumes of a new box, and keeps all of its volumes from being removed meanwhile.
  ///
  /// @param options of the box
  /// @param make stores the box of the options it is given, whose volumes have ids
  /// @return what `make` returns
  /// @param <T> of it
  /// @throws NotFoundException if a volume that it names is not there
  public <T> T give(BoxOptions options, Function<BoxOptions, T> make) {
    if (options.volumes().isEmpty()) {
      return make.apply(options);
    }
    lock.lock();
    try {
      List<VolumeMount> given = options.volumes().stream().map(this::known).toList();
      given = given.stream().map(LocalVolumes::numbered).toList();
      List<String> own = own(given);
      T made;
      try {
        for (String id : own) {
          createContent(anonymous.resolve(UNFINISHED + id));
          fresh.add(id);
        }
        CrashPoint.reached("create.volume");
        made = make.apply(options.toBuilder().volumes(given).build());
      } catch (RuntimeException e) {
        own.forEach(this::deleteUnfinished);
        throw e;
      }
      own.forEach(this::finishMaking);
      return made;
    } finally {
      lock.unlock();
    }
  }

  /// The box is made. That its volume does not get its name now is mended when it starts.
  private void finishMaking(String id) {
    try {
      rename(UNFINISHED + id, id);
    } catch (StorageException e) {
      LOG.log(System.Logger.Level.WARNING, e.getMessage());
    }
  }

  private VolumeMount known(VolumeMount volume) {
    if (volume.source() instanceof VolumeMount.Managed(String idOrName)) {
      String id = find(idOrName).orElseThrow(() -> notFound(idOrName)).id();
      return VolumeMount.ofManaged(id, volume.guestPath(), volume.readOnly());
    }
    return volume;
  }

  private static VolumeMount numbered(VolumeMount volume) {
    if (!(volume.source() instanceof VolumeMount.Anonymous)) {
      return volume;
    }
    String id = Ulid.next(Instant.now().toEpochMilli());
    return new VolumeMount(new VolumeMount.Anonymous(id), volume.guestPath(), volume.readOnly());
  }

  private static List<String> own(List<VolumeMount> volumes) {
    return volumes.stream()
        .map(VolumeMount::source)
        .flatMap(source ->
            source instanceof VolumeMount.Anonymous(String id) && Ulid.isOne(id)
                ? Stream.of(id)
                : Stream.empty())
        .toList();
  }

  /// Of a box's own volume. Does nothing when there is none.
  private void rename(String from, String to) {
    try {
      Files.move(anonymous.resolve(from), anonymous.resolve(to), StandardCopyOption.ATOMIC_MOVE);
    } catch (NoSuchFileException _) {
      // Somebody has removed it by hand.
    } catch (IOException e) {
      throw new StorageException(
          "volume_not_renamed", "rename volume " + from + " to " + to + ": " + e, e, Map.of());
    }
  }

  /// What cannot be deleted now is deleted by the next [#sweep]: it is no volume any more.
  private void deleteUnfinished(String id) {
    try {
      fresh.remove(id);
      Trees.delete(anonymous.resolve(UNFINISHED + id));
    } catch (StorageException e) {
      LOG.log(System.Logger.Level.WARNING, "volume {0}: {1}", id, e.getMessage());
    }
  }

  /// Removes a box and those volumes that were made with it.
  ///
  /// @param volumes of the box
  /// @param remove removes the box, after which it is gone for good; when it throws, the volumes
  ///   are there as before
  public void removeOwn(List<VolumeMount> volumes, Runnable remove) {
    List<String> own = own(volumes);
    lock.lock();
    try {
      own.forEach(id -> rename(id, UNFINISHED + id));
      CrashPoint.reached("remove.volumes");
      remove.run();
    } catch (RuntimeException e) {
      own.forEach(id -> rename(UNFINISHED + id, id));
      throw e;
    } finally {
      lock.unlock();
    }
    own.forEach(this::deleteUnfinished);
  }

  /// Looks a volume up on the host, where links are followed, once.
  ///
  /// @param volume of a box
  /// @return absolute path of a directory or regular file
  /// @throws ConfigException if there is none that can be read
  public Path path(VolumeMount volume) {
    Path path =
        switch (volume.source()) {
          case VolumeMount.HostPath(String host) -> Path.of(host);
          case VolumeMount.Managed(String id) ->
              find(id).map(this::directory).orElseThrow(() -> notFound(id));
          case VolumeMount.Anonymous(String id) -> ownDirectory(id);
        };
    if (!Files.exists(path)) {
      throw new ConfigException("volume_missing", "Volume host path does not exist: " + path);
    }
    try {
      Path real = path.toRealPath();
      if (!Files.isDirectory(real) && !Files.isRegularFile(real)) {
        throw new ConfigException(
            "volume_invalid",
            "volume host path " + path + " is neither a directory nor a regular file");
      }
      return real;
    } catch (IOException e) {
      throw new ConfigException(
          "volume_missing", "volume host path " + path + ": " + e, e, Map.of());
    }
  }

  private Path ownDirectory(String id) {
    Path directory = anonymous.resolve(id);
    if (!Files.exists(directory)) {
      rename(UNFINISHED + id, id);
    }
    return directory;
  }

  /// Finds out which volumes a box that starts is the first to use. It waits for another that is
  /// about to use one of its named volumes first.
  ///
  /// @param volumes of the box
  /// @param unwanted whether nobody waits for that start any more
  /// @return those that are to be filled; to be closed by this thread when they are, or cannot be
  /// @throws io.boxlite.api.EngineException if the start is not wanted any more, or this thread is
  ///   interrupted
  public FirstUse firstUse(List<VolumeMount> volumes, BooleanSupplier unwanted) {
    List<String> shared =
        unfilled(volumes).entrySet().stream()
            .filter(found -> found.getKey().source() instanceof VolumeMount.Managed)
            .map(found -> found.getValue().id())
            .toList();
    Runnable release = filling.take(shared, unwanted);
    try {
      return firstUse(volumes, release);
    } catch (RuntimeException e) {
      release.run();
      throw e;
    }
  }

  private FirstUse firstUse(List<VolumeMount> volumes, Runnable release) {
    Map<VolumeMount, FirstUse.Place> unfilled = unfilled(volumes);
    unfilled.values().forEach(place -> fresh.begin(place.id()));
    return new FirstUse(unfilled, fresh, release);
  }

  private Map<VolumeMount, FirstUse.Place> unfilled(List<VolumeMount> volumes) {
    Map<VolumeMount, FirstUse.Place> unfilled = new HashMap<>();
    for (VolumeMount volume : volumes) {
      Optional<FirstUse.Place> place =
          switch (volume.source()) {
            case VolumeMount.HostPath _ -> Optional.empty();
            case VolumeMount.Managed(String id) ->
                Optional.of(new FirstUse.Place(id, named.resolve(id).resolve(DATA)));
            case VolumeMount.Anonymous(String id) ->
                Optional.of(new FirstUse.Place(id, anonymous.resolve(id)));
          };
      place
          .filter(found -> !volume.readOnly() && fresh.isToBeFilled(found.id(), found.directory()))
          .ifPresent(found -> unfilled.put(volume, found));
    }
    return unfilled;
  }

  /// Of a volume of this home. Its mode lets every user of a box in, as Docker's: what surrounds it
  /// keeps those of the host out.
  private static void createContent(Path directory) {
    HomeLayout.createPrivate(directory);
    try {
      Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString("rwxr-xr-x"));
    } catch (IOException e) {
      throw new StorageException(
          "volume_not_made", "make volume " + directory + ": " + e, e, Map.of());
    }
  }

  /// Ends what an earlier supervisor has not finished making or removing: what a box has is its
  /// volume, anything else is deleted. To be called when the boxes are known, and before any is
  /// changed.
  public void sweep() {
    for (Path parent : List.of(named, anonymous)) {
      try (Stream<Path> entries = Files.list(parent)) {
        entries
            .filter(entry -> entry.getFileName().toString().startsWith(UNFINISHED))
            .forEach(this::finish);
      } catch (IOException e) {
        LOG.log(System.Logger.Level.WARNING, "volumes in {0}: {1}", parent, e.toString());
      }
    }
    Set<String> known = new HashSet<>(ids(named));
    known.addAll(ids(anonymous));
    fresh.sweep(known::contains);
  }

  private void finish(Path unfinished) {
    String id = unfinished.getFileName().toString().substring(UNFINISHED.length());
    try {
      if (unfinished.startsWith(anonymous) && isUsed(id)) {
        rename(UNFINISHED + id, id);
      } else {
        Trees.delete(unfinished);
      }
    } catch (BoxliteException e) {
      LOG.log(System.Logger.Level.WARNING, "volume {0}: {1}", id, e.getMessage());
    }
  }
}
