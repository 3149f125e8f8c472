package io.boxlite.api;

import io.boxlite.api.spi.BoxliteProvider;
import java.io.InputStream;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.ServiceLoader;

/// A runtime: one home directory and the boxes in it. The program that opens a home first is its
/// supervisor for as long as it keeps it open; any further program becomes a client of that one and
/// sees the same boxes.
///
/// Thread-safe. Methods block the calling thread (virtual threads are meant to be used);
/// interruption of it aborts the wait, not the operation, unless a method says otherwise.
///
/// @since 0.1
public interface Boxlite extends AutoCloseable {
  /// Opens the default home: `BOXLITE_HOME` when set, else `~/.boxlite`.
  ///
  /// @return the runtime, to be closed by the caller
  /// @throws ConfigException if `BOXLITE_HOME` is not absolute
  /// @throws StorageException if the home cannot be made or read
  static Boxlite open() {
    return open(HomeDirectory.ofEnvironment(System.getenv()));
  }

  /// Opens a home, making it when missing.
  ///
  /// @param home absolute path
  /// @return the runtime, to be closed by the caller
  /// @throws ConfigException if the path is not absolute
  /// @throws StorageException if the home cannot be made or read, or its owner does not answer
  static Boxlite open(Path home) {
    return open(home, List.of());
  }

  /// Opens a home, making it when missing, and says how registries are reached.
  ///
  /// @param home absolute path
  /// @param registries entries for registries; those of names without a registry are searched in
  ///   this order
  /// @return the runtime, to be closed by the caller
  /// @throws ConfigException if the path is not absolute
  /// @throws StorageException if the home cannot be made or read, or its owner does not answer
  static Boxlite open(Path home, List<ImageRegistry> registries) {
    Path checked = HomeDirectory.check(home);
    for (BoxliteProvider provider : providers()) {
      Optional<Boxlite> opened = provider.open(checked, registries);
      if (opened.isPresent()) {
        return opened.get();
      }
    }
    throw new StorageException(
        "home_unavailable",
        "home "
            + checked
            + " is owned by another process that does not answer, or no runtime is on the class"
            + " path; end that process, or add boxlite-runtime");
  }

  /// Connects to a server, `boxlite serve` or another of the same contract.
  ///
  /// @param url `http://HOST[:PORT]` or `https://HOST[:PORT]`
  /// @param apiKey what the server knows this program by
  /// @return the runtime, to be closed by the caller, which only disconnects
  /// @throws ConfigException if the URL or the key is malformed
  /// @throws NetworkException if the server does not answer
  static Boxlite rest(String url, String apiKey) {
    return rest(RestOptions.of(url).withApiKey(apiKey));
  }

  /// Connects to a server, `boxlite serve` or another of the same contract.
  ///
  /// @param options where it is, and what this program shows it
  /// @return the runtime, to be closed by the caller, which only disconnects
  /// @throws ConfigException if a file of the options cannot be used
  /// @throws NetworkException if the server does not answer
  static Boxlite rest(RestOptions options) {
    for (BoxliteProvider provider : providers()) {
      Optional<Boxlite> connected = provider.connect(options);
      if (connected.isPresent()) {
        return connected.get();
      }
    }
    throw new ConfigException(
        "no_client", "nothing on the class path connects to servers; add boxlite-client");
  }

  private static List<BoxliteProvider> providers() {
    return ServiceLoader.load(BoxliteProvider.class).stream()
        .map(ServiceLoader.Provider::get)
        .sorted(Comparator.comparingInt(BoxliteProvider::order))
        .toList();
  }

  /// Makes a box in state `configured`: no VM is started. An image that the store lacks is fetched.
  ///
  /// @param options what the box shall be
  /// @return the box
  /// @throws ConfigException if options are invalid; names every violation
  /// @throws AlreadyExistsException if the name is taken
  /// @throws ImageException if the image can be had nowhere
  /// @throws NetworkException if its registry cannot be reached
  Box create(BoxOptions options);

  /// Makes a box of an archive that [Box#export(java.io.OutputStream)] wrote. It may come from
  /// anybody: it is checked wholly before there is a box. The new box is stopped and has no
  /// secrets.
  ///
  /// @param archive plain or compressed with zstd; read to its end, not closed
  /// @param name unique name of the box; empty: none
  /// @return the box
  /// @throws ConfigException if it is no such archive, or wants what an archive must not
  /// @throws AlreadyExistsException if the name is taken
  /// @throws StorageException if it is damaged, or cannot be written
  Box importBox(InputStream archive, Optional<String> name);

  /// Finds a box by its id, its name, or a prefix of its id that only one box has; in this order.
  ///
  /// @param idOrName what to look for
  /// @return the box, or empty when there is none
  /// @throws ConfigException if several boxes match the prefix
  Optional<Box> get(String idOrName);

  /// {@return all boxes, newest first}
  List<BoxInfo> list();

  /// {@return the images of this home}
  Images images();

  /// {@return the volumes of this home}
  Volumes volumes();

  /// {@return the VMs at rest that boxes start from}
  Templates templates();

  /// {@return what this home takes on disk}
  DiskUsage diskUsage();

  /// {@return what this runtime is and can do}
  RuntimeInfo info();

  /// {@return counters since the supervisor started}
  RuntimeMetrics metrics();

  /// Leaves the home. A supervisor stops its boxes that are running and not detached; a client only
  /// disconnects. A second call does nothing.
  @Override
  void close();
}
