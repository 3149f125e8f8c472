package io.boxlite.runtime.internal.layout;

import io.boxlite.api.BoxLog;
import io.boxlite.vmm.VmFiles;
import java.nio.file.Path;

/// Every file name in the directory of one box.
///
/// @param directory absolute path
public record BoxLayout(Path directory) {
  /// Makes the directory and those in it, private to the user.
  ///
  /// @throws io.boxlite.api.StorageException if one cannot be made
  public void create() {
    HomeLayout.createPrivate(directory);
    HomeLayout.createPrivate(directory.resolve("logs"));
  }

  /// Deletes the directory and all in it. Does nothing when it is not there.
  ///
  /// @throws io.boxlite.api.StorageException if something cannot be deleted
  public void delete() {
    Trees.delete(directory);
  }

  /// {@return configuration and state as JSON, from which a lost database is rebuilt}
  public Path config() {
    return directory.resolve("config.json");
  }

  /// {@return the box's own disk}
  public Path disk() {
    return directory.resolve("disk.qcow2");
  }

  /// {@return what its snapshots are}
  public Path snapshots() {
    return directory.resolve("snapshots.json");
  }

  /// {@return the disk of all layers of its image, which names their files}
  public Path layersDisk() {
    return directory.resolve("layers.vmdk");
  }

  /// {@return where the files of its VM are}
  public VmFiles vm() {
    return VmFiles.in(directory, log(BoxLog.CONSOLE), vmmLog());
  }

  /// {@return a log}
  ///
  /// @param log which
  public Path log(BoxLog log) {
    return directory
        .resolve("logs")
        .resolve(
            switch (log) {
              case INIT -> "init.log";
              case CONSOLE -> "console.log";
            });
  }

  /// {@return what the process that serves its volumes says}
  public Path volumesLog() {
    return directory.resolve("logs").resolve("volumes.log");
  }

  /// {@return where its network takes commands and tunnels}
  public Path networkControl() {
    return directory.resolve("net-control.sock");
  }

  /// {@return where its network takes what is looked into}
  public Path networkProxy() {
    return directory.resolve("net-proxy.sock");
  }

  /// {@return the sealed values of its secrets}
  public Path secrets() {
    return directory.resolve("secrets.sealed");
  }

  /// {@return the authority that it trusts: certificate and sealed key}
  public Path authority() {
    return directory.resolve("authority.pem");
  }

  /// {@return what the process of its network says}
  public Path networkLog() {
    return directory.resolve("logs").resolve("net.log");
  }

  /// {@return what it tried to reach}
  public Path egressLog() {
    return directory.resolve("logs").resolve("network.jsonl");
  }

  /// {@return what the VM monitor itself says}
  public Path vmmLog() {
    return directory.resolve("logs").resolve("qemu.log");
  }
}
