package io.boxlite.runtime.internal.lifecycle;

import io.boxlite.api.AlreadyExistsException;
import io.boxlite.api.BoxStatus;
import io.boxlite.api.BoxUpdate;
import io.boxlite.api.ConfigException;
import io.boxlite.api.InvalidStateException;
import io.boxlite.api.NotFoundException;
import io.boxlite.api.PortMapping;
import io.boxlite.runtime.internal.disk.BoxDisks;
import io.boxlite.runtime.internal.state.BoxRecord;
import java.util.Map;

/// Why a box does not do what is asked of it now.
final class Refusals {
  private Refusals() {}

  static NotFoundException gone(String id) {
    return new NotFoundException(
        "box_not_found", "box not found: " + id, null, Map.of("resource", "box", "id", id));
  }

  static InvalidStateException removedMeanwhile(String id) {
    return new InvalidStateException("box_removed", "box " + id + " was removed meanwhile");
  }

  static InvalidStateException runtimeClosed(String id) {
    return new InvalidStateException("runtime_closed", "the runtime of box " + id + " closed");
  }

  static InvalidStateException removeActive(BoxRecord box) {
    return new InvalidStateException(
        "box_active",
        "cannot remove box "
            + box.id()
            + ": it is "
            + status(box)
            + "; stop it first or use force=true");
  }

  static InvalidStateException attach(BoxRecord box) {
    return new InvalidStateException(
        "not_running",
        "Cannot attach to box " + box.id() + ": it is " + status(box) + "; start it first");
  }

  /// Only what has run in good order, or not yet, is brought up by the way.
  ///
  /// @throws InvalidStateException if no image can be made of a box that does not run
  static void checkCommit(BoxRecord box) {
    BoxStatus status = box.state().status();
    if (status != BoxStatus.CONFIGURED && status != BoxStatus.STOPPED) {
      throw new InvalidStateException(
          "not_committable",
          "Cannot commit box "
              + box.id()
              + ": it is "
              + status(box)
              + reason(box)
              + "; start or stop it first");
    }
  }

  /// A box with a command of its own is a job: an exec must not run that command (again) by the
  /// way. A box that failed is not retried by the way either.
  ///
  /// @throws InvalidStateException if an exec must not start the box
  static void checkImplicitStart(BoxRecord box) {
    BoxStatus status = box.state().status();
    if (box.options().isJob() && status != BoxStatus.FAILED) {
      String why =
          status == BoxStatus.CONFIGURED || status == BoxStatus.RUNNING
              ? "its main command has not been run yet, and an exec does not run it"
              : "its main command has already run, and starting the box again would run it a"
                  + " second time";
      throw new InvalidStateException(
          "job_not_running",
          "Cannot exec box "
              + box.id()
              + ": it is "
              + status(box)
              + ", and "
              + why
              + "; start it on purpose");
    }
    if (status == BoxStatus.FAILED) {
      throw new InvalidStateException(
          "box_failed",
          "Cannot exec box "
              + box.id()
              + ": it is failed"
              + reason(box)
              + "; start it again or remove it");
    }
  }

  static InvalidStateException cut(BoxRecord box) {
    return new InvalidStateException(
        "disk_busy",
        "Cannot keep the disk of box "
            + box.id()
            + ": it is "
            + status(box)
            + reason(box)
            + "; stop it, or wait until it runs");
  }

  /// @throws InvalidStateException if the disk of a box is in use
  static void checkRestore(BoxRecord box) {
    if (box.state().status().isActive()) {
      throw new InvalidStateException(
          "box_active",
          "Cannot restore snapshot while box is running. Stop the box first. It is "
              + status(box)
              + reason(box));
    }
  }

  /// {@return whether a user may pause a box whose main command runs}
  static boolean mayPause(BoxRecord box) {
    return box.state().status() == BoxStatus.RUNNING || box.state().isWaitingForRoom();
  }

  static InvalidStateException pause(BoxRecord box) {
    return new InvalidStateException(
        "not_running",
        "Cannot pause box " + box.id() + ": it is " + status(box) + "; only one that runs can be");
  }

  static InvalidStateException unpause(BoxRecord box) {
    return new InvalidStateException(
        "not_paused",
        "Cannot unpause box "
            + box.id()
            + ": it is "
            + status(box)
            + reason(box)
            + "; only one that was paused can be");
  }

  /// @throws InvalidStateException if the VM of a box stands still
  static void checkNotPaused(BoxRecord box) {
    if (box.state().status() == BoxStatus.PAUSED) {
      throw new InvalidStateException(
          "box_paused",
          "box "
              + box.id()
              + " is paused"
              + (box.state().isPausedByUser() ? "; unpause it first" : reason(box)));
    }
  }

  /// @throws ConfigException if a change would make the disk of a box smaller
  static void checkUpdate(BoxRecord box, BoxUpdate change) {
    int size = BoxDisks.sizeGib(box.options());
    int asked = change.diskSizeGb().orElse(size);
    if (asked < size) {
      throw new ConfigException(
          "disk_shrink",
          "disk_size_gb: the disk of box "
              + box.id()
              + " has "
              + size
              + " GB and cannot have "
              + asked
              + ": disks only grow");
    }
  }

  static AlreadyExistsException portTaken(BoxRecord box, PortMapping port) {
    return new AlreadyExistsException(
        "port_taken",
        "port "
            + port.hostPort()
            + "/"
            + port.protocol().wireName()
            + " of the host leads into box "
            + box.id()
            + " already; unpublish it first, or choose another");
  }

  static NotFoundException noPort(BoxRecord box, int hostPort, PortMapping.Protocol protocol) {
    return new NotFoundException(
        "port_not_found",
        "port "
            + hostPort
            + "/"
            + protocol.wireName()
            + " of the host does not lead into box "
            + box.id()
            + "; boxlite port shows those that do");
  }

  private static String reason(BoxRecord box) {
    return box.state().errorReason().map(why -> " (" + why + ")").orElse("");
  }

  private static String status(BoxRecord box) {
    return box.state().status().wireName();
  }
}
