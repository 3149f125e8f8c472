package io.boxlite.runtime.internal.lifecycle;

import io.boxlite.api.BoxliteException;
import io.boxlite.api.ExecOptions;
import io.boxlite.api.Execution;
import io.boxlite.api.ExitStatus;
import io.boxlite.api.HealthStatus;
import io.boxlite.api.LogChunk;
import io.boxlite.api.NetworkInfo;
import io.boxlite.api.NetworkOptions;
import io.boxlite.api.PortalException;
import io.boxlite.api.StorageException;
import io.boxlite.api.internal.CrashPoint;
import io.boxlite.protocol.agent.v1.ExecRecord;
import io.boxlite.protocol.agent.v1.Stream;
import io.boxlite.runtime.internal.log.InitLog;
import io.boxlite.runtime.internal.network.BoxNet;
import io.boxlite.runtime.internal.portal.ExecSession;
import io.boxlite.runtime.internal.portal.Portal;
import io.boxlite.runtime.internal.state.BoxRecord.BoxState;
import io.boxlite.vmm.Vm;
import io.boxlite.vmm.VmActivity;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Predicate;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// One run of a box: its VM, the portal into it, and what is executed in it. Owns all three and the
/// log of init until [#close()].
///
/// Thread-safe.
final class RunningBox implements AutoCloseable {
  private static final System.Logger LOG = System.getLogger("io.boxlite.runtime");

  /// How long an ended execution can still be asked for.
  private static final Duration KEEP_ENDED = Duration.ofMinutes(5);

  private static final Duration QUIT_PATIENCE = Duration.ofSeconds(3);

  /// A portal that is lost more often than this in a minute is not worth opening again.
  private static final int MAX_LOSSES = 10;

  private static final Duration LOSS_WINDOW = Duration.ofMinutes(1);

  /// More executions than this a supervisor cannot have left behind.
  private static final int MAX_ADOPTED = 4096;

  private static final Pattern EXEC_ID = Pattern.compile("[A-Za-z0-9_-]{1,128}");

  private final String containerId;
  private final Vm vm;
  private final CpuMeter cpu;
  private final BoxNet network;
  private final InitLog initLog;
  private final ExecSession init;
  private final MainExecution main;
  private final CompletableFuture<ExitStatus> ended = new CompletableFuture<>();
  private final Map<String, Known> execs = new ConcurrentHashMap<>();
  private final Set<String> unowned = ConcurrentHashMap.newKeySet();
  private volatile @Nullable BoxliteException failure;
  private final ArrayDeque<Instant> losses = new ArrayDeque<>();
  private volatile Portal portal;
  private volatile boolean initStarted;
  private volatile @Nullable FullDisk disk;
  private @Nullable HealthProbe health;
  private boolean closed;

  /// An execution, and when it may be forgotten.
  private record Known(ExecSession session, CompletableFuture<Instant> endedAt) {
    boolean isStale(Instant now) {
      return endedAt.isDone() && endedAt.join().plus(KEEP_ENDED).isBefore(now);
    }
  }

  /// Takes over a VM whose container has been created.
  ///
  /// @param containerId of its container
  /// @param vm owned from here on
  /// @param portal owned from here on
  /// @param network owned from here on
  /// @param initLog owned from here on
  /// @param initStarted whether the main command was started already
  RunningBox(
      String containerId,
      Vm vm,
      Portal portal,
      BoxNet network,
      InitLog initLog,
      boolean initStarted) {
    this.containerId = containerId;
    this.vm = vm;
    this.portal = portal;
    this.network = network;
    this.initLog = initLog;
    this.initStarted = initStarted;
    this.init =
        ExecSession.ofInit(
            containerId,
            portal,
            (stream, offset, data) ->
                initLog.write(
                    stream == Stream.STREAM_STDERR
                        ? LogChunk.Source.STDERR
                        : LogChunk.Source.STDOUT,
                    offset,
                    data));
    this.cpu = new CpuMeter(vm);
    this.main = new MainExecution(init, ended);
  }

  /// Sees to it that the VM goes on when it stood still because the host's disk was full; arguments
  /// as of [FullDisk].
  void watchDisk(
      Path directory, Supplier<BoxState> state, Predicate<UnaryOperator<BoxState>> change) {
    FullDisk watch = new FullDisk(vm, directory, state, change);
    disk = watch;
    Thread.ofVirtual().name("disk-" + vm.id()).start(watch::watch);
  }

  Vm vm() {
    return vm;
  }

  CpuMeter cpu() {
    return cpu;
  }

  Portal portal() {
    return portal;
  }

  BoxNet network() {
    return network;
  }

  /// {@return the network of a box}
  ///
  /// @param run if it has one
  /// @param options of the box
  static NetworkInfo network(Optional<RunningBox> run, NetworkOptions options) {
    return run.map(r -> r.network.info(options)).orElseGet(() -> NetworkInfo.of(options));
  }

  MainExecution main() {
    return main;
  }

  /// {@return completes with how init ended, or exceptionally when that cannot be known any more}
  CompletableFuture<ExitStatus> initExit() {
    return init.onExit().toCompletableFuture();
  }

  boolean initStarted() {
    return initStarted;
  }

  /// Runs the main command.
  ///
  /// @param command names it in messages
  void startInit(String command) {
    portal.startContainer(command);
    initStarted = true;
  }

  Execution exec(ExecOptions options) {
    Instant now = Instant.now();
    execs.values().removeIf(known -> known.isStale(now));
    String id = UUID.randomUUID().toString();
    Portal current = portal;
    try {
      return remember(ExecSession.exec(id, options, current), current);
    } catch (PortalException e) {
      // It may run all the same: nobody will ever ask for it.
      unowned.add(id);
      Portal next = portal;
      if (next != current) { // reconnected before it was known to be unowned
        endUnowned(id, next);
      }
      throw e;
    }
  }

  /// Forgets an execution that has ended: nobody will ask for it.
  void forget(Execution ended) {
    execs.remove(ended.id());
  }

  /// Has its health watched.
  ///
  /// @param probe owned from here on
  synchronized void watch(HealthProbe probe) {
    if (closed) {
      probe.close();
    } else {
      health = probe;
    }
  }

  /// {@return what its health check came to, if it has one}
  synchronized Optional<HealthStatus> health() {
    return Optional.ofNullable(health).map(HealthProbe::status);
  }

  private synchronized void endWatch() {
    closed = true;
    if (health != null) {
      health.close();
    }
  }

  private ExecSession remember(ExecSession session, Portal through) {
    Known known = new Known(session, new CompletableFuture<>());
    execs.put(session.id(), known);
    session.onExit().whenComplete((_, _) -> known.endedAt().complete(Instant.now()));
    // Whatever happened to all executions meanwhile has missed this one.
    Portal current = portal;
    if (current != through) {
      session.reattach(current);
    }
    BoxliteException cause = failure;
    if (cause != null) {
      session.fail(cause);
    }
    return session;
  }

  Optional<Execution> execution(String id) {
    if (id.equals(containerId)) {
      return Optional.of(main);
    }
    return Optional.ofNullable(execs.get(id)).map(Known::session);
  }

  /// Finds what an earlier supervisor had executed.
  void adoptExecs() {
    Portal current = portal;
    List<ExecRecord> found = current.listExecs();
    Set<String> ids = new HashSet<>();
    for (ExecRecord exec : found) {
      if (found.size() > MAX_ADOPTED
          || !EXEC_ID.matcher(exec.getExecId()).matches()
          || !ids.add(exec.getExecId())) {
        throw new PortalException(
            "protocol_error", "the agent of VM " + vm.id() + " lists executions that cannot be");
      }
    }
    ids.remove(containerId);
    ids.forEach(id -> remember(ExecSession.ofExec(id, current, true), current));
  }

  /// Counts a loss of the portal.
  ///
  /// @param cause of this loss
  /// @throws PortalException the cause, when the agent loses the portal again and again
  void countLoss(PortalException cause) {
    Instant now = Instant.now();
    losses.addLast(now);
    while (losses.getFirst().plus(LOSS_WINDOW).isBefore(now)) {
      losses.removeFirst();
    }
    if (losses.size() > MAX_LOSSES) {
      throw cause;
    }
  }

  /// Goes on over a new portal.
  void reconnected(Portal newPortal) {
    portal.close();
    portal = newPortal;
    init.reattach(newPortal);
    execs.values().forEach(known -> known.session().reattach(newPortal));
    Set.copyOf(unowned).forEach(id -> endUnowned(id, newPortal));
  }

  /// Kills what nobody will ask for; its session, like any other, lets the agent forget it at its
  /// end.
  private void endUnowned(String id, Portal through) {
    if (!unowned.remove(id)) {
      return;
    }
    try {
      through.kill(id);
      remember(ExecSession.ofExec(id, through, true), through);
    } catch (PortalException e) {
      unowned.add(id); // for the next portal
    } catch (BoxliteException e) {
      LOG.log(System.Logger.Level.DEBUG, "execution {0} was not started: {1}", id, e.getMessage());
    }
  }

  /// What came of a shutdown.
  ///
  /// @param exit how init ended, if the agent could say
  /// @param failure why the disk was not unmounted, if it was not: what was written last is lost
  record ShutDown(Optional<ExitStatus> exit, Optional<BoxliteException> failure) {
    static ShutDown failed(BoxliteException why) {
      return new ShutDown(Optional.empty(), Optional.of(why));
    }
  }

  /// Lets the agent end the container and unmount its disk, then ends the VM; by force when the
  /// agent does not answer.
  ///
  /// @param grace between the stop signal and the kill
  ShutDown shutDown(Duration grace) {
    ShutDown done;
    try {
      if (vm.activity() == VmActivity.DISK_FULL) { // nobody would answer
        done = ShutDown.failed(new StorageException("host_disk_full", "the host's disk is full"));
      } else {
        done = new ShutDown(portal.shutdown(grace), Optional.empty());
      }
    } catch (BoxliteException e) {
      // The force that follows does not need the agent's consent.
      // A VM that has ended by then was ended by somebody who wanted that.
      System.Logger.Level level =
          vm.isAlive() ? System.Logger.Level.WARNING : System.Logger.Level.DEBUG;
      LOG.log(level, "VM {0} is ended by force: {1}", vm.id(), e.getMessage());
      done = ShutDown.failed(e);
    }
    CrashPoint.reached("stop.unmounted");
    // The agent has unmounted and synced: there is no need to wait for the guest to power off.
    vm.quit(QUIT_PATIENCE);
    CrashPoint.reached("stop.ended");
    return done;
  }

  /// Says how the run ended to everybody who waits for its main command.
  void publishEnd(ExitStatus exit) {
    ended.complete(exit);
  }

  /// Fails everything that still waits.
  ///
  /// @param cause why the run ended
  void fail(BoxliteException cause) {
    failure = cause;
    init.fail(cause);
    execs.values().forEach(known -> known.session().fail(cause));
    ended.completeExceptionally(cause);
  }

  /// Ends the VM at once, and with it everything that waits.
  ///
  /// @param cause why
  void end(BoxliteException cause) {
    try {
      vm.kill();
    } finally {
      abandon(cause);
    }
  }

  /// Lets go of the VM, and ends everything that waits.
  ///
  /// @param cause why
  void abandon(BoxliteException cause) {
    fail(cause);
    close();
  }

  /// Lets go of the VM, which goes on if it was not ended.
  @Override
  public void close() {
    FullDisk watch = disk;
    if (watch != null) {
      watch.close();
    }
    endWatch();
    network.close();
    portal.close();
    vm.close();
    initLog.close();
  }
}
