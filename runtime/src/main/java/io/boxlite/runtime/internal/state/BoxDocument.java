package io.boxlite.runtime.internal.state;

import io.avaje.json.JsonException;
import io.avaje.jsonb.Json;
import io.avaje.jsonb.JsonType;
import io.avaje.jsonb.Jsonb;
import io.boxlite.api.BoxOptions;
import io.boxlite.api.BoxStatus;
import io.boxlite.api.ConfigException;
import io.boxlite.api.NetworkOptions;
import io.boxlite.api.RestartPolicy;
import io.boxlite.runtime.internal.state.BoxRecord.BoxState;
import io.boxlite.runtime.internal.state.BoxRecord.RecordedVm;
import io.boxlite.runtime.internal.state.BoxRecord.RestartState;
import java.time.DateTimeException;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;

/// A box as JSON: the `config.json` of the box, and the documents in the database. Field names are
/// those that users of BoxLite know.
@Json(naming = Json.Naming.LowerUnderscore)
record BoxDocument(
    String id,
    @Nullable String name,
    @Nullable String image,
    @Nullable String rootfsPath,
    int cpus,
    int memoryMib,
    @Nullable Integer diskSizeGb,
    @Nullable String workingDir,
    @Nullable Map<String, String> env,
    @Nullable List<String> entrypoint,
    @Nullable List<String> cmd,
    @Nullable String user,
    boolean tty,
    boolean detach,
    boolean autoRemove,
    @Nullable List<String> capAdd,
    @Nullable List<String> capDrop,
    boolean noTemplate,
    @Nullable List<VolumeDocument> volumes,
    @Nullable String restart,
    @Nullable HealthCheckDocument healthCheck,
    @Nullable NetworkDocument network,
    String containerId,
    String createdAt,
    String status,
    @Nullable String updatedAt,
    @Nullable Long pid,
    @Nullable Long pidStartTime,
    @Nullable String bootId,
    @Nullable Integer exitCode,
    @Nullable String errorReason,
    @Nullable String imageId,
    @Nullable Integer restartCount,
    @Nullable Boolean stoppedByUser,
    @Nullable String resting) {

  private static final JsonType<BoxDocument> TYPE = Jsonb.builder().build().type(BoxDocument.class);

  static String toJson(BoxRecord box) {
    return TYPE.toJsonPretty(of(box));
  }

  static BoxDocument of(BoxRecord box) {
    BoxOptions options = box.options();
    BoxState state = box.state();
    return new BoxDocument(
        box.id(),
        options.name().orElse(null),
        options.image().orElse(null),
        options.rootfsPath().orElse(null),
        options.cpus(),
        options.memoryMib(),
        options.diskSizeGb().orElse(null),
        options.workingDir().orElse(null),
        options.env(),
        options.entrypoint().orElse(null),
        options.cmd().orElse(null),
        options.user().orElse(null),
        options.tty(),
        options.detach(),
        options.autoRemove(),
        options.capAdd(),
        options.capDrop(),
        options.noTemplate(),
        options.volumes().stream().map(VolumeDocument::of).toList(),
        options.restart().toString(),
        options.healthCheck().map(HealthCheckDocument::of).orElse(null),
        NetworkDocument.of(options.network()),
        box.containerId(),
        box.createdAt().toString(),
        state.status().wireName(),
        state.updatedAt().toString(),
        state.process().map(RecordedVm::pid).orElse(null),
        state.process().map(RecordedVm::startTime).orElse(null),
        state.process().map(RecordedVm::bootId).orElse(null),
        state.exitCode().isPresent() ? (Integer) state.exitCode().getAsInt() : null,
        state.errorReason().orElse(null),
        state.imageId().orElse(null),
        state.restarts().count(),
        state.restarts().stoppedByUser(),
        state.resting().map(BoxStatus::wireName).orElse(null));
  }

  /// Reads a document back.
  ///
  /// @throws IllegalArgumentException if it is not one
  static BoxRecord fromJson(String json) {
    try {
      return TYPE.fromJson(json).toRecord();
    } catch (JsonException | DateTimeException | NullPointerException | ConfigException e) {
      throw new IllegalArgumentException("not the document of a box: " + e.getMessage(), e);
    }
  }

  BoxRecord toRecord() {
    Instant created = Instant.parse(createdAt);
    Optional<RecordedVm> process =
        pid != null && pidStartTime != null && bootId != null
            ? Optional.of(new RecordedVm(pid, pidStartTime, bootId))
            : Optional.empty();
    return new BoxRecord(
        id,
        containerId,
        created,
        options(),
        new BoxState(
            BoxStatus.ofWireName(status),
            updatedAt == null ? created : Instant.parse(updatedAt),
            process,
            exitCode == null ? OptionalInt.empty() : OptionalInt.of(exitCode),
            Optional.ofNullable(errorReason),
            Optional.ofNullable(imageId),
            new RestartState(
                restartCount == null ? 0 : restartCount, Boolean.TRUE.equals(stoppedByUser)),
            Optional.ofNullable(resting).map(BoxStatus::ofWireName)));
  }

  private BoxOptions options() {
    // A box that was made where there were more CPUs must still be readable here.
    int hostCpus = Runtime.getRuntime().availableProcessors();
    return new BoxOptions(
        Optional.ofNullable(name),
        Optional.ofNullable(image),
        Optional.ofNullable(rootfsPath),
        Math.min(cpus, hostCpus),
        memoryMib,
        Optional.ofNullable(diskSizeGb),
        Optional.ofNullable(workingDir),
        env == null ? Map.of() : env,
        Optional.ofNullable(entrypoint),
        Optional.ofNullable(cmd),
        Optional.ofNullable(user),
        tty,
        detach,
        autoRemove,
        capAdd == null ? List.of() : capAdd,
        capDrop == null ? List.of() : capDrop,
        volumes == null ? List.of() : volumes.stream().map(VolumeDocument::toMount).toList(),
        noTemplate,
        restart == null ? RestartPolicy.NO : RestartPolicy.parse(restart),
        Optional.ofNullable(healthCheck).map(HealthCheckDocument::toCheck),
        network == null ? NetworkOptions.DEFAULT : network.toOptions(),
        BoxOptions.PullPolicy.MISSING);
  }
}
