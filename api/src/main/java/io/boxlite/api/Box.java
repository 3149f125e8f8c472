package io.boxlite.api;

import io.boxlite.api.internal.copy.HostArchive;
import io.boxlite.api.internal.copy.HostCopy;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// A handle on one box: a micro-VM that runs an OCI image and keeps its state. A handle stays valid
/// across stops and starts; after the box has been removed every method throws [NotFoundException].
///
/// Thread-safe.
///
/// @since 0.1
public interface Box {
  /// {@return the id: a ULID, 26 characters}
  String id();

  /// {@return the present state}
  ///
  /// @throws NotFoundException if the box was removed
  BoxInfo info();

  /// Starts the VM and runs the box's main command. Does nothing when the box is running.
  ///
  /// @throws InvalidStateException if the state does not allow it
  /// @throws ImageException if the image is not there or broken
  /// @throws EngineException if the VM cannot be started
  /// @throws PortalException if the guest does not answer in time
  /// @throws ExecException if the main command cannot be started
  void start();

  /// Stops the box: stop signal to the main command, up to `grace`, then kill; the disk is synced
  /// first. Does nothing when the box is not running. A box with `autoRemove` is gone afterwards.
  ///
  /// @param grace how long the main command may take to end
  void stop(Duration grace);

  /// [#stop(Duration)] with a grace of 10 s.
  default void stop() {
    stop(Duration.ofSeconds(10));
  }

  /// Stops the box's CPUs; everything in it stands still, its clock too. Until [#unpause()] only
  /// [#stop(Duration)], [#remove(boolean)] and what asks nothing of the box are possible. It stays
  /// paused when the supervisor ends; the one that takes it over lets it run for a moment.
  ///
  /// @throws InvalidStateException if it does not run, or is paused
  void pause();

  /// Lets a paused box go on, with the present time.
  ///
  /// @throws InvalidStateException if it is not paused, or waits for room on the host's disk
  void unpause();

  /// Waits until the box does not run any more. A box that does not run is not waited for. One that
  /// is started again by itself has ended all the same.
  ///
  /// @param limit how long to wait
  /// @return what the box was when it ended, with the exit code of its main command; also when it
  ///   is gone since. Empty if it has not ended within the limit
  /// @throws InterruptedException if this thread was interrupted
  Optional<BoxInfo> waitFor(Duration limit) throws InterruptedException;

  /// [#waitFor(Duration)] without a limit.
  ///
  /// @return what the box was when it ended
  /// @throws InterruptedException if this thread was interrupted
  default BoxInfo waitFor() throws InterruptedException {
    while (true) {
      Optional<BoxInfo> end = waitFor(Duration.ofHours(1));
      if (end.isPresent()) {
        return end.get();
      }
    }
  }

  /// Removes the box with its disk and logs.
  ///
  /// @param force whether a running box is killed; otherwise it is refused
  /// @param volumes whether the volumes that were made with it go too, as they do with a box that
  ///   removes itself
  /// @throws InvalidStateException if it is running and `force` is false
  void remove(boolean force, boolean volumes);

  /// [#remove(boolean, boolean)] without its volumes.
  ///
  /// @param force whether a running box is killed; otherwise it is refused
  default void remove(boolean force) {
    remove(force, false);
  }

  /// Changes what the box has, from its next start on. All is stored, or nothing.
  ///
  /// @param change what is to be changed
  /// @throws ConfigException if a value is invalid, or would make the disk smaller
  /// @throws StorageException if it cannot be stored
  void update(BoxUpdate change);

  /// Runs one more command in the box. A box that is not running is started first, unless it was
  /// made with a command of its own.
  ///
  /// @param options what to run
  /// @return the execution; nothing needs to be closed
  /// @throws InvalidStateException if the box is not running and must not be started by this
  /// @throws ExecException if the command cannot be started
  Execution exec(ExecOptions options);

  /// Opens the streams of the main command. A box in state `configured` is booted without running
  /// its main command, which [#start()] then runs: no output can be missed.
  ///
  /// @return the main command's execution, whose id is the same in every run
  /// @throws InvalidStateException if the box is stopped or failed, or somebody is attached
  Execution attach();

  /// Finds a command by the id of its execution: one that runs, or ended not more than five minutes
  /// ago; also one that an earlier supervisor started.
  ///
  /// @param executionId id of an execution, or of the main command
  /// @return the execution, or empty when it is not known
  Optional<Execution> execution(String executionId);

  /// Reads a log of the box.
  ///
  /// @param options which, and what of it
  /// @return the log, to be closed by the caller; without content when nothing was written yet
  /// @throws StorageException if it cannot be read
  LogStream logs(LogOptions options);

  /// Makes an image of the box: its image and one more layer with what the box has changed. A box
  /// that is running is paused meanwhile; one that is not is started without its main command.
  ///
  /// @param options name of the image and what it says about itself
  /// @return the image
  /// @throws ConfigException if the name or a change is malformed
  /// @throws InvalidStateException if the state does not allow it
  /// @throws StorageException if the image cannot be written
  ImageInfo commit(CommitOptions options);

  /// Unpacks a tar in the box. A box that is not running is started without its main command, and
  /// stopped again. Everything belongs to the user of the box. Links are resolved in the box.
  ///
  /// When the target is a directory, or ends in `/`, everything goes inside. Otherwise an archive
  /// of one regular file becomes that file, any other that directory, which is made; with
  /// `includeParent` the target takes the place of the only file or directory at the archive's top.
  ///
  /// @param tar plain, as ustar, pax or GNU; read to its end, not closed
  /// @param boxTarget path in the box; a relative one begins at `/`
  /// @param options `overwrite` and `includeParent` count
  /// @return what was skipped, and why
  /// @throws ConfigException if the path or the archive is malformed
  /// @throws InvalidStateException if the box is not running and must not be started by this
  /// @throws StorageException if the target exists and must not, or cannot be written
  List<String> copyIn(InputStream tar, String boxTarget, CopyOptions options);

  /// Reads a file or directory of the box as a tar. A box that is not running is started without
  /// its main command, and stopped again. What is skipped is told by global pax headers with a
  /// `comment` that begins with `boxlite: `.
  ///
  /// @param boxSource path in the box; with `/.` at its end, what is in the directory
  /// @param options all but `overwrite` count
  /// @param consumer called once with the tar
  /// @throws ConfigException if the path is malformed, or a directory without `recursive`
  /// @throws NotFoundException if there is no such file
  /// @throws InvalidStateException if the box is not running and must not be started by this
  /// @throws StorageException if it cannot be read, or the consumer fails
  void copyOut(String boxSource, CopyOptions options, TarConsumer consumer);

  /// Copies a file or directory of this host into the box, as [#copyIn(InputStream, String,
  /// CopyOptions)] does.
  ///
  /// @param hostSource file or directory; with `/.` at its end, what is in the directory
  /// @param boxTarget path in the box; a relative one begins at `/`
  /// @param options how
  /// @return what was skipped (devices, FIFOs, sockets), and why
  /// @throws ConfigException if a path is malformed, or a directory without `recursive`
  /// @throws NotFoundException if the source does not exist
  /// @throws StorageException if the source cannot be read or the target not be written
  default List<String> copyIn(Path hostSource, String boxTarget, CopyOptions options) {
    return HostCopy.in(this, hostSource, boxTarget, options);
  }

  /// Copies a file or directory of the box to this host. Nothing outside of the target is touched,
  /// whatever the box sends; set-id bits are dropped.
  ///
  /// @param boxSource path in the box; with `/.` at its end, what is in the directory
  /// @param hostTarget file or directory, as the target of [#copyIn(InputStream, String,
  ///   CopyOptions)]
  /// @param options how
  /// @return what was skipped (devices, FIFOs, sockets), and why
  /// @throws ConfigException if a path is malformed, or a directory without `recursive`
  /// @throws NotFoundException if the source does not exist
  /// @throws StorageException if the target exists and must not, or cannot be written
  default List<String> copyOut(String boxSource, Path hostTarget, CopyOptions options) {
    return HostCopy.out(this, boxSource, hostTarget, options);
  }

  /// Writes a file or directory of the box as a tar, as [#copyOut(String, CopyOptions,
  /// TarConsumer)] reads it.
  ///
  /// @param boxSource path in the box; with `/.` at its end, what is in the directory
  /// @param tar not closed
  /// @param options all but `overwrite` count
  /// @return what was skipped (devices, FIFOs, sockets), and why
  /// @throws ConfigException if the path is malformed, or a directory without `recursive`
  /// @throws NotFoundException if there is no such file
  /// @throws StorageException if it cannot be read or written
  default List<String> copyOut(String boxSource, OutputStream tar, CopyOptions options) {
    return HostCopy.stream(this, boxSource, tar, options);
  }

  /// Takes a tar.
  interface TarConsumer {
    /// Reads it.
    ///
    /// @param tar not to be used after this call
    /// @throws IOException if what is read cannot be put where it belongs
    void accept(InputStream tar) throws IOException;
  }

  /// {@return figures of the box, without starting it; may wait for 250 ms to measure}
  BoxMetrics metrics();

  /// {@return what can be done with its network}
  BoxNetwork network();

  /// Makes one more box of what this one is now: with its options, its secrets, and a copy of its
  /// disk that shares what neither changes. A box that runs stands still for a moment. The new box
  /// is stopped, does not remove itself, and has new, empty volumes where this one has its own.
  ///
  /// @param name unique name of the new box; empty: none
  /// @return the new box
  /// @throws ConfigException if the name is malformed
  /// @throws AlreadyExistsException if the name is taken
  /// @throws InvalidStateException as of [Snapshots#create]
  /// @throws StorageException if it cannot be written
  Box cloneBox(Optional<String> name);

  /// Clones several times. When one fails, those that were made before are removed.
  ///
  /// @param count how many, at least 1
  /// @param names their names; none, or as many
  /// @return the new boxes
  /// @throws ConfigException if the numbers do not match; otherwise as [#cloneBox]
  default List<Box> cloneBoxes(int count, List<String> names) {
    if (count < 1 || !(names.isEmpty() || names.size() == count)) {
      throw new ConfigException(
          "invalid_names", names.size() + " names for " + count + " clones; give one for each");
    }
    List<Box> made = new ArrayList<>();
    try {
      for (int i = 0; i < count; i++) {
        made.add(cloneBox(names.isEmpty() ? Optional.empty() : Optional.of(names.get(i))));
      }
    } catch (BoxliteException e) {
      made.forEach(box -> box.remove(true, true));
      throw e;
    }
    return List.copyOf(made);
  }

  /// Writes the box as an archive, which [Boxlite#importBox] reads: its disk, its image and its
  /// options, but no value of a secret, no volume and nothing of this host. A box that runs stands
  /// still for a moment only.
  ///
  /// @param archive gets it, compressed; not closed
  /// @throws ConfigException if it is a box of a root file system directory
  /// @throws InvalidStateException as of [Snapshots#create]
  /// @throws StorageException if something cannot be read or written
  void export(OutputStream archive);

  /// Writes the box as an archive into a file, which is there when it is complete.
  ///
  /// @param destination the file, replaced if there is one; of a directory, `NAME.boxlite` in it,
  ///   or `box.boxlite` of a box without a name
  /// @return the file
  /// @throws StorageException if it cannot be written; otherwise as [#export(OutputStream)]
  default Path export(Path destination) {
    return HostArchive.write(this, destination);
  }

  /// {@return what can be done with its snapshots}
  Snapshots snapshots();
}
