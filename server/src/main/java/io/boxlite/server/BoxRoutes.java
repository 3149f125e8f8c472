package io.boxlite.server;

import io.boxlite.api.Box;
import io.boxlite.api.BoxInfo;
import io.boxlite.api.BoxStatus;
import io.boxlite.api.Boxlite;
import io.boxlite.api.CommitOptions;
import io.boxlite.api.ConfigException;
import io.boxlite.api.LogOptions;
import io.boxlite.api.LogStream;
import io.boxlite.api.NotFoundException;
import io.boxlite.rest.BoxListBody;
import io.boxlite.rest.BoxMapping;
import io.boxlite.rest.CommitBody;
import io.boxlite.rest.CreateBoxBody;
import io.boxlite.rest.ImageMapping;
import io.boxlite.rest.LogFrames;
import io.boxlite.rest.LogMapping;
import io.boxlite.rest.OptionMapping;
import io.boxlite.rest.Paths;
import io.boxlite.rest.StopBody;
import io.boxlite.rest.UpdateBoxBody;
import io.boxlite.rest.VolumeMountBody;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.time.Duration;
import java.time.Instant;
import java.util.Comparator;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/// Boxes: create, find, list, remove, update, start, stop, logs, figures, commit.
final class BoxRoutes {
  private static final int CREATED = 201;
  private static final Duration DEFAULT_GRACE = Duration.ofSeconds(10);

  /// Of a request to wait that says nothing: a client asks again.
  private static final Duration LONGEST_WAIT = Duration.ofHours(1);

  private final Boxlite boxlite;
  private final ExecutionRegistry executions;

  BoxRoutes(Boxlite boxlite, ExecutionRegistry executions) {
    this.boxlite = boxlite;
    this.executions = executions;
  }

  void addTo(Router router) {
    router.addKeyed("POST", "boxes", this::create);
    router.add("GET", "boxes", this::list);
    router.add("GET", "boxes/{box}", this::get);
    router.add("HEAD", "boxes/{box}", this::head);
    router.addKeyed("DELETE", "boxes/{box}", this::remove);
    router.addKeyed("PATCH", "boxes/{box}", this::update);
    router.addKeyed("POST", "boxes/{box}/start", this::start);
    router.addKeyed("POST", "boxes/{box}/stop", this::stop);
    router.addKeyed("POST", "boxes/{box}/pause", this::pause);
    router.addKeyed("POST", "boxes/{box}/unpause", this::unpause);
    router.add("GET", "boxes/{box}/wait", this::await);
    router.add("GET", "boxes/{box}/logs", this::logs);
    router.add("GET", "boxes/{box}/metrics", this::metrics);
    router.addKeyed("POST", "boxes/{box}/commit", this::commit);
  }

  static Box find(Boxlite boxlite, Exchange exchange) {
    String idOrName = exchange.parameter("box");
    return boxlite
        .get(idOrName)
        .orElseThrow(() -> new NotFoundException("box_not_found", "box not found: " + idOrName));
  }

  private void create(Exchange exchange) throws IOException {
    // clients send the values of secrets and variables
    CreateBoxBody body = exchange.confidentialJson(CreateBoxBody.class);
    if (!exchange.principal().hostPaths()) {
      refuseHostPaths(body);
    }
    Box box = boxlite.create(OptionMapping.toOptions(body));
    exchange.header("Location", Paths.box(box.id()));
    exchange.answer(CREATED, BoxMapping.toBody(box.info()));
  }

  private static void refuseHostPaths(CreateBoxBody body) {
    if (body.rootfsPath() != null) {
      throw new RefusedException(Refusal.HOST_PATH, "rootfs_path");
    }
    List<VolumeMountBody> volumes = body.volumes();
    if (volumes != null && volumes.stream().anyMatch(volume -> volume.hostPath() != null)) {
      throw new RefusedException(Refusal.HOST_PATH, "volumes.host_path");
    }
  }

  private void list(Exchange exchange) {
    Optional<BoxStatus> status = exchange.query("status").map(BoxRoutes::status);
    List<BoxInfo> boxes = boxlite.list();
    if (status.isPresent()) {
      boxes = boxes.stream().filter(box -> box.status() == status.get()).toList();
    }
    Page<BoxInfo> page = Page.of(exchange, boxes, BoxRoutes::position, Comparator.reverseOrder());
    exchange.answer(
        new BoxListBody(page.items().stream().map(BoxMapping::toBody).toList(), page.nextToken()));
  }

  /// Newest first, from the last to the first.
  private static String position(BoxInfo box) {
    Instant created = box.createdAt();
    HexFormat hex = HexFormat.of(); // of a fixed width, and much faster than a format
    return hex.toHexDigits(created.getEpochSecond())
        + hex.toHexDigits(created.getNano())
        + " "
        + box.id();
  }

  private static BoxStatus status(String name) {
    BoxStatus status = BoxStatus.ofWireName(name);
    if (!status.wireName().equals(name)) {
      throw new ConfigException(
          "invalid_status",
          "status '"
              + name
              + "' must be one of "
              + Stream.of(BoxStatus.values())
                  .map(BoxStatus::wireName)
                  .collect(Collectors.joining(", ")));
    }
    return status;
  }

  private void get(Exchange exchange) {
    exchange.answer(BoxMapping.toBody(find(boxlite, exchange).info()));
  }

  private void head(Exchange exchange) {
    Box found = find(boxlite, exchange);
    exchange.header("X-Boxlite-Box-Id", found.id());
    exchange.noContent();
  }

  private void remove(Exchange exchange) {
    boolean force = exchange.flag("force");
    Box box = find(boxlite, exchange);
    box.remove(force, exchange.flag("volumes"));
    executions.forgetBox(box.id());
    exchange.noContent();
  }

  private void update(Exchange exchange) throws IOException {
    UpdateBoxBody change = exchange.strictJson(UpdateBoxBody.class);
    Box box = find(boxlite, exchange);
    box.update(change.toUpdate());
    exchange.answer(BoxMapping.toBody(box.info()));
  }

  private void pause(Exchange exchange) {
    Box box = find(boxlite, exchange);
    box.pause();
    exchange.answer(BoxMapping.toBody(box.info()));
  }

  private void unpause(Exchange exchange) {
    Box box = find(boxlite, exchange);
    box.unpause();
    exchange.answer(BoxMapping.toBody(box.info()));
  }

  private void await(Exchange exchange) throws IOException {
    Box box = find(boxlite, exchange);
    Duration limit = exchange.seconds("timeout_seconds", LONGEST_WAIT);
    exchange.whileServed(() -> {
      try {
        Optional<BoxInfo> end = box.waitFor(limit);
        if (end.isPresent()) {
          exchange.answer(BoxMapping.toBody(end.get()));
        } else {
          exchange.noContent();
        }
      } catch (InterruptedException e) {
        throw new InterruptedIOException("the client has gone");
      }
    });
  }

  private void start(Exchange exchange) {
    Box box = find(boxlite, exchange);
    BoxInfo before = box.info();
    Stages.ofStart(exchange.span(), box, box::start);
    exchange.answer(BoxMapping.toBody(afterStart(box, before)));
  }

  private void stop(Exchange exchange) throws IOException {
    byte[] body = exchange.bytes();
    Duration grace = DEFAULT_GRACE;
    if (body.length > 0) {
      StopBody stop = io.boxlite.rest.JsonCodec.readStrictly(StopBody.class, body);
      grace = OptionMapping.seconds("timeout_seconds", stop.timeoutSeconds(), DEFAULT_GRACE);
    }
    Box box = find(boxlite, exchange);
    BoxInfo before = box.info();
    box.stop(grace);
    exchange.answer(BoxMapping.toBody(afterStop(box, before)));
  }

  // A main command may end, and its box remove itself, before the answer is written.
  private static BoxInfo afterStart(Box box, BoxInfo before) {
    try {
      return box.info();
    } catch (NotFoundException removed) {
      return before;
    }
  }

  // A box that removes itself is gone now; the answer shows what it was last.
  private static BoxInfo afterStop(Box box, BoxInfo before) {
    try {
      return box.info();
    } catch (NotFoundException removed) {
      return new BoxInfo(
          before.id(),
          before.name(),
          io.boxlite.api.BoxStatus.STOPPED,
          before.createdAt(),
          java.time.Instant.now(),
          java.util.OptionalLong.empty(),
          before.image(),
          before.cpus(),
          before.memoryMib(),
          before.exitCode(),
          before.errorReason(),
          before.detach(),
          before.autoRemove(),
          before.tty(),
          before.network(),
          java.util.Optional.empty(),
          before.restartCount(),
          false,
          before.boot());
    }
  }

  private void logs(Exchange exchange) throws IOException {
    LogOptions options = LogMapping.toOptions(exchange::query);
    boolean frames = exchange.flag(LogMapping.FRAMES);
    LogStream log = find(boxlite, exchange).logs(options);
    exchange.stream(
        frames ? LogFrames.CONTENT_TYPE : "application/octet-stream",
        frames ? LogFrames.encode(log) : log.bytes(),
        options.follow());
  }

  private void metrics(Exchange exchange) {
    exchange.answer(BoxMapping.toBody(find(boxlite, exchange).metrics()));
  }

  private void commit(Exchange exchange) throws IOException {
    CommitOptions options = ImageMapping.toOptions(exchange.strictJson(CommitBody.class));
    exchange.answer(ImageMapping.toBody(find(boxlite, exchange).commit(options)));
  }
}
