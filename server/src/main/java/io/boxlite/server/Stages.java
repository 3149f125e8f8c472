package io.boxlite.server;

import io.boxlite.api.BootTiming;
import io.boxlite.api.Box;
import io.boxlite.api.BoxliteException;
import io.boxlite.api.Execution;
import io.boxlite.api.NotFoundException;
import io.boxlite.api.TransferProgress;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/// What the runtime measures of its work, as spans within that of a request.
final class Stages {
  private Stages() {}

  /// Does what may start a box, and adds how long each stage of the start took, if there was one.
  static <T> T ofStart(Tracing.RequestSpan span, Box box, Supplier<T> work) {
    if (!span.isRecorded()) {
      return work.get();
    }
    Optional<BootTiming> before = boot(box);
    Instant begin = Instant.now();
    T done = work.get();
    boot(box)
        .filter(boot -> !Optional.of(boot).equals(before))
        .ifPresent(boot -> add(span, box, begin, boot));
    return done;
  }

  /// As [#ofStart(Tracing.RequestSpan, Box, Supplier)].
  static void ofStart(Tracing.RequestSpan span, Box box, Runnable work) {
    Supplier<Boolean> supplier =
        () -> {
          work.run();
          return true;
        };
    ofStart(span, box, supplier);
  }

  private static Optional<BootTiming> boot(Box box) {
    try {
      return box.info().boot();
    } catch (NotFoundException removed) {
      return Optional.empty(); // by itself, when its command had ended
    }
  }

  /// The VM is had while the box's files are made; the container comes last.
  private static void add(Tracing.RequestSpan span, Box box, Instant begin, BootTiming boot) {
    Map<String, String> attributes =
        Map.of("boxlite.box.id", box.id(), "boxlite.start.origin", boot.origin().wireName());
    span.stage("box.start", begin, boot.total(), attributes);
    Instant files = begin;
    files = add(span, "box.start.image", files, boot.imagePrepare());
    files = add(span, "box.start.disks", files, boot.filesystemSetup());
    add(span, "box.start.config", files, boot.boxConfig());
    Instant vm = add(span, "box.start.vm", begin, boot.boxSpawn());
    add(span, "box.start.guest", vm, boot.guestBoot());
    Duration rest = boot.total().minus(boot.containerInit());
    add(
        span,
        "box.start.container",
        begin.plus(rest.isNegative() ? Duration.ZERO : rest),
        boot.containerInit());
  }

  private static Instant add(
      Tracing.RequestSpan span, String name, Instant begin, Duration length) {
    span.stage(name, begin, length, Map.of());
    return begin.plus(length);
  }

  /// Adds how long a command ran, when it has ended.
  static void ofExecution(Tracing.RequestSpan span, String boxId, Execution execution) {
    if (!span.isRecorded()) {
      return;
    }
    Instant begin = Instant.now();
    Thread.ofVirtual()
        .name("trace-" + execution.id())
        .start(() -> {
          Map<String, String> attributes = new HashMap<>();
          attributes.put("boxlite.box.id", boxId);
          attributes.put("boxlite.execution.id", execution.id());
          try {
            attributes.put("process.exit.code", Integer.toString(execution.waitFor().shellCode()));
          } catch (BoxliteException e) {
            attributes.put("error.type", e.code().wireCode());
          } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
          }
          span.stage("execution", begin, Duration.between(begin, Instant.now()), attributes);
        });
  }

  /// Adds how long each stage of each layer took.
  ///
  /// @param next told of every step too
  static Consumer<TransferProgress> ofTransfer(
      Tracing.RequestSpan span, Consumer<TransferProgress> next) {
    return span.isRecorded() ? new Layers(span, next) : next;
  }

  private static final class Layers implements Consumer<TransferProgress> {
    private record Since(TransferProgress.Stage stage, Instant begin) {}

    private final Tracing.RequestSpan span;
    private final Consumer<TransferProgress> next;
    private final Map<String, Since> layers = new HashMap<>();

    Layers(Tracing.RequestSpan span, Consumer<TransferProgress> next) {
      this.span = span;
      this.next = next;
    }

    @Override
    public void accept(TransferProgress step) {
      Since over = over(step, Instant.now());
      if (over != null) {
        span.stage(
            "layer." + over.stage().wireName(),
            over.begin(),
            Duration.between(over.begin(), Instant.now()),
            Map.of(
                "boxlite.layer.digest",
                step.layer(),
                "boxlite.layer.size",
                Long.toString(step.total())));
      }
      next.accept(step);
    }

    /// {@return the stage that ends with a step}
    private synchronized @Nullable Since over(TransferProgress step, Instant now) {
      Since current = layers.get(step.layer());
      if (current != null && current.stage() == step.stage()) {
        return null;
      }
      layers.put(step.layer(), new Since(step.stage(), now));
      return current;
    }
  }
}
