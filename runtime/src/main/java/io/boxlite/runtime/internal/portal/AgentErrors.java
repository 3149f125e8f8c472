package io.boxlite.runtime.internal.portal;

import com.google.protobuf.Any;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.rpc.ErrorInfo;
import io.boxlite.api.AlreadyExistsException;
import io.boxlite.api.BoxliteException;
import io.boxlite.api.ConfigException;
import io.boxlite.api.ExecException;
import io.boxlite.api.InvalidStateException;
import io.boxlite.api.NotFoundException;
import io.boxlite.api.PortalException;
import io.boxlite.api.StorageException;
import io.grpc.Status;
import io.grpc.protobuf.StatusProto;
import java.util.Map;
import java.util.Optional;

/// Turns the agent's statuses into the exceptions of the API: the only place that does.
final class AgentErrors {
  private static final String DOMAIN = "boxlite.agent";
  private static final int MAX_MESSAGE = 500;

  private AgentErrors() {}

  /// Maps a failure of a call.
  ///
  /// @param what the subject of the message, such as the command
  /// @param failure what gRPC threw, or how this side found the agent at fault
  /// @return the exception to throw
  static BoxliteException map(String what, Throwable failure) {
    if (failure instanceof PortalException broken) {
      return new PortalException(
          broken.reason(), what + ": " + broken.getMessage(), broken, broken.details());
    }
    Status status = Status.fromThrowable(failure);
    return reason(failure)
        .map(reason -> byReason(what, reason, status, failure))
        .orElseGet(() -> byCode(what, status, failure));
  }

  /// {@return the agent's stable reason, or empty when the failure is not one that it reported}
  static Optional<String> reason(Throwable failure) {
    com.google.rpc.Status details = StatusProto.fromThrowable(failure);
    if (details == null) {
      return Optional.empty();
    }
    try {
      for (Any detail : details.getDetailsList()) {
        if (detail.is(ErrorInfo.class)) {
          ErrorInfo info = detail.unpack(ErrorInfo.class);
          if (info.getDomain().equals(DOMAIN)) {
            return Optional.of(info.getReason());
          }
        }
      }
    } catch (InvalidProtocolBufferException e) {
      return Optional.empty(); // then the status's code decides
    }
    return Optional.empty();
  }

  private static BoxliteException byReason(
      String what, String reason, Status status, Throwable cause) {
    String description = description(status, reason);
    String message = description.startsWith(what + ": ") ? description : what + ": " + description;
    return switch (reason) {
      case "command_not_found",
          "command_not_executable",
          "cwd_not_found",
          "user_not_found",
          "group_not_found" ->
          new ExecException(reason, message, cause, Map.of());
      case "not_running",
          "not_created",
          "not_prepared",
          "already_created",
          "already_started",
          "not_a_tty",
          "busy",
          "not_representable",
          "exited" ->
          new InvalidStateException(reason, message, cause, Map.of());
      case "exec_not_found" -> new NotFoundException(reason, message, cause, Map.of());
      case "already_exists" -> new AlreadyExistsException(reason, message, cause, Map.of());
      case "invalid_argument" -> new ConfigException(reason, message, cause, Map.of());
      case "path_not_found" -> new NotFoundException(reason, message, cause, Map.of());
      case "invalid_archive" -> new ConfigException(reason, message, cause, Map.of());
      case "mount_failed", "disk_not_found", "destination_exists", "copy_failed", "no_space" ->
          new StorageException(reason, message, cause, Map.of());
      case "protocol_mismatch" -> new PortalException(reason, message, cause, Map.of());
      default ->
          new PortalException(
              "protocol_error", message, cause, Map.of("agent_reason", printable(reason)));
    };
  }

  private static BoxliteException byCode(String what, Status status, Throwable cause) {
    String reason =
        switch (status.getCode()) {
          case DEADLINE_EXCEEDED -> "timeout";
          case UNAVAILABLE -> "unreachable";
          // gRPC cancels a call whose thread was interrupted, and leaves the flag set.
          case CANCELLED ->
              Thread.currentThread().isInterrupted() ? "interrupted" : "protocol_error";
          default -> "protocol_error";
        };
    return new PortalException(reason, what + ": " + description(status, reason), cause, Map.of());
  }

  private static String description(Status status, String otherwise) {
    String description = status.getDescription();
    return description == null || description.isBlank()
        ? printable(otherwise.replace('_', ' '))
        : printable(description);
  }

  /// The guest's text reaches terminals and logs: one line, bounded, no control characters.
  private static String printable(String text) {
    String bounded = text.length() > MAX_MESSAGE ? text.substring(0, MAX_MESSAGE) + "…" : text;
    StringBuilder clean = new StringBuilder(bounded.length());
    bounded.codePoints().forEach(c -> clean.appendCodePoint(Character.isISOControl(c) ? '?' : c));
    return clean.toString();
  }
}
