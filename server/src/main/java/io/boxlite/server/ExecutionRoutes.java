package io.boxlite.server;

import io.boxlite.api.Box;
import io.boxlite.api.Boxlite;
import io.boxlite.api.ConfigException;
import io.boxlite.api.ExecOptions;
import io.boxlite.api.Execution;
import io.boxlite.api.ExitStatus;
import io.boxlite.rest.ExecBody;
import io.boxlite.rest.ExecutionBody;
import io.boxlite.rest.ExecutionIdBody;
import io.boxlite.rest.OptionMapping;
import io.boxlite.rest.Paths;
import io.boxlite.rest.ResizeBody;
import io.boxlite.rest.SignalBody;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Commands in boxes: start, state, signal, resize, kill.
final class ExecutionRoutes {
  private static final Logger LOG = LoggerFactory.getLogger(ExecutionRoutes.class);
  private static final int CREATED = 201;
  private static final int MAX_SIZE = 65535;
  private static final Set<Integer> SIGNALS = Set.of(1, 2, 3, 6, 10, 12, 13, 15, 28);

  private final Boxlite boxlite;
  private final ExecutionRegistry executions;
  private final Abandonment abandonment;

  ExecutionRoutes(Boxlite boxlite, ExecutionRegistry executions, Abandonment abandonment) {
    this.boxlite = boxlite;
    this.executions = executions;
    this.abandonment = abandonment;
  }

  void addTo(Router router) {
    router.addKeyed("POST", "boxes/{box}/exec", this::exec);
    router.add("GET", "boxes/{box}/executions/{execution}", this::get);
    router.addKeyed("DELETE", "boxes/{box}/executions/{execution}", this::kill);
    router.addKeyed("POST", "boxes/{box}/executions/{execution}/signal", this::signal);
    router.add("POST", "boxes/{box}/executions/{execution}/resize", this::resize);
  }

  private void exec(Exchange exchange) throws IOException {
    ExecBody body = exchange.json(ExecBody.class);
    ExecOptions options = OptionMapping.toOptions(body);
    Box box = BoxRoutes.find(boxlite, exchange);
    Execution execution = Stages.ofStart(exchange.span(), box, () -> box.exec(options));
    Stages.ofExecution(exchange.span(), box.id(), execution);
    StreamHub hub = executions.add(box.id(), execution, !options.detach());
    if (exchange.access().isPresent() && !options.detach()) {
      abandonment.watch(hub);
    }
    String stdin = body.stdin();
    if (stdin != null) {
      // not waited for: the command may read it as slowly as it likes
      Thread.ofVirtual().start(() -> feed(execution, stdin));
    }
    exchange.header("Location", Paths.execution(box.id(), execution.id()));
    exchange.answer(CREATED, new ExecutionIdBody(execution.id()));
  }

  private static void feed(Execution execution, String text) {
    try (OutputStream stdin = execution.stdin()) {
      stdin.write(text.getBytes(StandardCharsets.UTF_8));
    } catch (IOException | RuntimeException e) {
      LOG.debug("stdin of {} was not taken", execution.id(), e);
    }
  }

  private StreamHub find(Exchange exchange) {
    StreamHub hub =
        executions.find(BoxRoutes.find(boxlite, exchange), exchange.parameter("execution"));
    hub.attend();
    return hub;
  }

  private void get(Exchange exchange) {
    StreamHub hub = find(exchange);
    String id = hub.execution().id();
    if (!hub.hasExited()) {
      exchange.answer(new ExecutionBody(id, ExecutionBody.RUNNING, null));
      return;
    }
    Optional<ExitStatus> exit = hub.exit();
    boolean timedOut = exit.isPresent() && exit.get().timedOut();
    Integer code = exit.isPresent() ? (Integer) hub.exitCode(exit.get()) : null;
    String status = timedOut ? ExecutionBody.TIMED_OUT : ExecutionBody.COMPLETED;
    exchange.answer(new ExecutionBody(id, status, code));
  }

  private void kill(Exchange exchange) {
    find(exchange).kill();
    exchange.noContent();
  }

  private void signal(Exchange exchange) throws IOException {
    Integer signal = exchange.json(SignalBody.class).signal();
    find(exchange).execution().signal(checkSignal(signal));
    exchange.noContent();
  }

  private void resize(Exchange exchange) throws IOException {
    ResizeBody body = exchange.json(ResizeBody.class);
    int rows = checkSize("rows", body.rows());
    int cols = checkSize("cols", body.cols());
    find(exchange).execution().resize(rows, cols);
    exchange.noContent();
  }

  static int checkSignal(@Nullable Integer signal) {
    if (signal == null || !SIGNALS.contains(signal)) {
      throw new ConfigException(
          "invalid_signal", "signal " + signal + " must be one of 1, 2, 3, 6, 10, 12, 13, 15, 28");
    }
    return signal;
  }

  static int checkSize(String field, @Nullable Integer size) {
    if (size == null || size < 1 || size > MAX_SIZE) {
      throw new ConfigException(
          "invalid_" + field, field + " " + size + " must be between 1 and " + MAX_SIZE);
    }
    return size;
  }
}
