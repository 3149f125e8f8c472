package io.boxlite.runtime.internal.state;

import io.boxlite.api.BootTiming;
import io.boxlite.api.BoxInfo;
import io.boxlite.api.BoxOptions;
import io.boxlite.api.BoxStatus;
import io.boxlite.api.HealthStatus;
import io.boxlite.api.NetworkInfo;
import io.boxlite.api.Secret;
import java.security.SecureRandom;
import java.time.Instant;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;

/// One box as it is stored: what it is and its state.
///
/// @param id ULID
/// @param containerId 64 hex digits; also the execution id of the main command
/// @param createdAt when it was made, to the millisecond
/// @param options as the caller gave them
/// @param state the mutable part
public record BoxRecord(
    String id, String containerId, Instant createdAt, BoxOptions options, BoxState state) {
  private static final SecureRandom RANDOM = new SecureRandom();

  /// Makes the record of a new box.
  ///
  /// @param options as the caller gave them
  /// @param now the time
  /// @return the record, in state `configured`
  public static BoxRecord create(BoxOptions options, Instant now) {
    Instant created = Instant.ofEpochMilli(now.toEpochMilli());
    byte[] container = new byte[32];
    RANDOM.nextBytes(container);
    return new BoxRecord(
        Ulid.next(created.toEpochMilli()),
        HexFormat.of().formatHex(container),
        created,
        options,
        BoxState.configured(created));
  }

  /// {@return the record with another state}
  ///
  /// @param newState the state
  public BoxRecord with(BoxState newState) {
    return new BoxRecord(id, containerId, createdAt, options, newState);
  }

  /// {@return the record with other options}
  ///
  /// @param newOptions the options
  public BoxRecord with(BoxOptions newOptions) {
    return new BoxRecord(id, containerId, createdAt, newOptions, state);
  }

  /// {@return the record without the values of secrets, which are kept sealed}
  public BoxRecord withoutSecretValues() {
    List<Secret> secrets = options.network().secrets().stream().map(Secret::withoutValue).toList();
    return with(options.toBuilder().network(options.network().withSecrets(secrets)).build());
  }

  /// {@return what callers are told}
  ///
  /// @param boot stage times of the last start
  /// @param network its network
  /// @param health what its health check came to
  /// @param restarting whether it waits for its next start
  public BoxInfo toInfo(
      Optional<BootTiming> boot,
      NetworkInfo network,
      Optional<HealthStatus> health,
      boolean restarting) {
    Optional<RecordedVm> process =
        state.status().isActive() ? state.process() : Optional.<RecordedVm>empty();
    return new BoxInfo(
        id,
        options.name(),
        state.status(),
        createdAt,
        state.updatedAt(),
        process.map(p -> OptionalLong.of(p.pid())).orElse(OptionalLong.empty()),
        options.imageLabel(),
        options.cpus(),
        options.memoryMib(),
        state.exitCode(),
        state.errorReason(),
        options.detach(),
        options.autoRemove(),
        options.tty(),
        network,
        health,
        state.restarts().count(),
        restarting,
        boot);
  }

  /// The process of a VM, told apart from any later process with the same number.
  ///
  /// @param pid process id
  /// @param startTime clock ticks after boot at which it started: field 22 of `/proc/<pid>/stat`
  /// @param bootId boot of the host in which it ran
  public record RecordedVm(long pid, long startTime, String bootId) {}

  /// What decides whether a box is started again by itself.
  ///
  /// @param count how often it was since a user started it
  /// @param stoppedByUser whether a user has stopped it since
  public record RestartState(int count, boolean stoppedByUser) {
    /// Of a box that a user has just started.
    public static final RestartState NONE = new RestartState(0, false);
  }

  /// The mutable part.
  ///
  /// @param status state
  /// @param updatedAt when it last changed
  /// @param process the VM's process, while there is one
  /// @param exitCode of the main command's last run: its code, or 128 + signal
  /// @param errorReason why it failed, or waits; none when a user paused it
  /// @param imageId digest of the manifest that the box is made from
  /// @param restarts what decides whether it is started again by itself
  /// @param resting what it was, and will be again, when its VM is up without its main command
  public record BoxState(
      BoxStatus status,
      Instant updatedAt,
      Optional<RecordedVm> process,
      OptionalInt exitCode,
      Optional<String> errorReason,
      Optional<String> imageId,
      RestartState restarts,
      Optional<BoxStatus> resting) {

    static BoxState configured(Instant now) {
      return new BoxState(
          BoxStatus.CONFIGURED,
          now,
          Optional.empty(),
          OptionalInt.empty(),
          Optional.empty(),
          Optional.empty(),
          RestartState.NONE,
          Optional.empty());
    }

    private BoxState next(
        BoxStatus status, Optional<RecordedVm> vm, OptionalInt code, Optional<String> reason) {
      Instant now = Instant.ofEpochMilli(System.currentTimeMillis());
      return new BoxState(status, now, vm, code, reason, imageId, restarts, Optional.empty());
    }

    /// {@return this with the image that the box is made from}
    ///
    /// @param id digest of the manifest
    public BoxState withImage(String id) {
      return new BoxState(
          status, updatedAt, process, exitCode, errorReason, Optional.of(id), restarts, resting);
    }

    /// {@return this with something else deciding on restarts}
    ///
    /// @param changed what
    public BoxState withRestarts(RestartState changed) {
      return new BoxState(
          status, updatedAt, process, exitCode, errorReason, imageId, changed, resting);
    }

    /// {@return this of a box that a user starts}
    public BoxState startedByUser() {
      return withRestarts(RestartState.NONE);
    }

    /// {@return this of a box that a user stops}
    public BoxState stoppedByUser() {
      return withRestarts(new RestartState(restarts.count(), true));
    }

    /// {@return this of a box that is started by itself once more}
    public BoxState restarted() {
      return withRestarts(new RestartState(restarts.count() + 1, false));
    }

    /// {@return the state of a box whose VM runs}
    ///
    /// @param vm its process
    public BoxState running(RecordedVm vm) {
      return next(BoxStatus.RUNNING, Optional.of(vm), OptionalInt.empty(), Optional.empty());
    }

    /// {@return the state of a box that does not run, but whose VM is up for a while}
    ///
    /// It is on the way to where it was: whoever finds it so after a crash ends the VM, no more.
    ///
    /// @param vm its process
    public BoxState upFor(RecordedVm vm) {
      BoxState up = next(BoxStatus.STOPPING, Optional.of(vm), exitCode, errorReason);
      return new BoxState(
          up.status,
          up.updatedAt,
          up.process,
          exitCode,
          errorReason,
          imageId,
          restarts,
          Optional.of(resting.orElse(status)));
    }

    /// {@return the state of a box whose VM stands still until the host has room for what it
    /// writes}
    ///
    /// @param reason for the user
    public BoxState waitingForRoom(String reason) {
      return next(BoxStatus.PAUSED, process, OptionalInt.empty(), Optional.of(reason));
    }

    /// {@return the state of a box whose VM stands still because a user wants it}
    public BoxState paused() {
      return next(BoxStatus.PAUSED, process, OptionalInt.empty(), Optional.empty());
    }

    /// {@return whether it is that state}
    public boolean isPausedByUser() {
      return status == BoxStatus.PAUSED && errorReason.isEmpty();
    }

    /// {@return whether it is that state, and not one in which a user put the box}
    public boolean isWaitingForRoom() {
      return status == BoxStatus.PAUSED && errorReason.isPresent();
    }

    /// {@return this on the way down}
    public BoxState stopping() {
      return next(BoxStatus.STOPPING, process, exitCode, errorReason);
    }

    /// {@return the state of a box whose VM is no more, nobody knows since when: what it was before
    /// that VM, if it was only up for a while}
    public BoxState ended() {
      return resting
          .map(was -> next(was, Optional.empty(), exitCode, errorReason))
          .orElseGet(() -> stopped(OptionalInt.empty()));
    }

    /// {@return the state of a box that ended as it should}
    ///
    /// @param code how the main command ended, if known
    public BoxState stopped(OptionalInt code) {
      return next(BoxStatus.STOPPED, Optional.empty(), code, Optional.empty());
    }

    /// {@return the state of a box whose start failed or whose VM ended unasked}
    ///
    /// @param reason for the user
    public BoxState failed(String reason) {
      return next(BoxStatus.FAILED, Optional.empty(), exitCode, Optional.of(reason));
    }
  }
}
