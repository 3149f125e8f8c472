package io.boxlite.server;

import io.boxlite.api.BoxInfo;
import io.boxlite.api.Boxlite;
import io.boxlite.api.BoxliteException;
import io.boxlite.api.ConfigException;
import io.boxlite.api.HomeDirectory;
import io.boxlite.api.internal.SocketPaths;
import io.boxlite.runtime.LocalBoxlite;
import io.boxlite.runtime.RuntimeOptions;
import java.io.IOException;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The supervisor as a process of its own: `--home PATH`. With `--confidential` its standard input
/// has variables, each `NAME=value` and a NUL, that count as if they were of its environment, which
/// can be read. Leaves at once when another process owns the home, on SIGTERM and SIGINT, and when
/// it has been idle for `BOXLITE_IDLE_SECONDS`, 60 by default.
///
/// @since 0.1
public final class SupervisorMain {
  private static final int USAGE = 2;
  private static final int MIN_CARRIERS = 8;
  private static final int CARRIERS_OF_ONE = 4; // processor
  private static final int MAX_INPUT = 64 * 1024; // bytes
  private static final long DEFAULT_IDLE_SECONDS = 60;
  private static final Duration CHECK = Duration.ofSeconds(1);
  private static final Duration OWNER_CHANGE = Duration.ofSeconds(30);
  private static final Duration CHECK_OWNER = Duration.ofMillis(50);

  private SupervisorMain() {}

  /// Runs until the supervisor leaves.
  ///
  /// @param args `--home PATH [--confidential]`
  public static void main(String[] args) {
    shareProcessors();
    Map<String, String> environment = new HashMap<>(System.getenv());
    LibraryLogging.install();
    Logger log = LoggerFactory.getLogger(SupervisorMain.class);
    Thread.setDefaultUncaughtExceptionHandler(
        (thread, e) -> log.error("thread {} ended unexpectedly", thread.getName(), e));
    boolean told = args.length == 3 && args[2].equals("--confidential");
    if ((args.length != 2 && !told) || !args[0].equals("--home")) {
      log.error("usage: SupervisorMain --home PATH [--confidential]");
      System.exit(USAGE);
      return;
    }
    int code = 0;
    try {
      if (told) {
        addConfidential(environment);
      }
      run(HomeDirectory.check(Path.of(args[1])), environment, log);
    } catch (BoxliteException e) {
      log.error("the supervisor cannot run", e);
      code = 1;
    }
    System.exit(code);
  }

  /// Gives virtual threads more carriers than there are processors. Their scheduler never
  /// interrupts one that computes, so that others would wait for several of those; the system
  /// shares the processors out fairly among the carriers.
  private static void shareProcessors() {
    int threads =
        Math.max(MIN_CARRIERS, CARRIERS_OF_ONE * Runtime.getRuntime().availableProcessors());
    System.getProperties()
        .putIfAbsent("jdk.virtualThreadScheduler.parallelism", Integer.toString(threads));
  }

  private static void addConfidential(Map<String, String> environment) {
    String input;
    try {
      input = new String(System.in.readNBytes(MAX_INPUT), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new ConfigException(
          "confidential", "the variables on standard input cannot be read", e, Map.of());
    }
    for (String variable : input.split("\0", -1)) {
      int end = variable.indexOf('=');
      if (end > 0) {
        environment.put(variable.substring(0, end), variable.substring(end + 1));
      }
    }
  }

  private static void run(Path home, Map<String, String> environment, Logger log) {
    Path socket = home.resolve("boxlite.sock");
    Optional<LocalBoxlite> owned = own(home, socket, RuntimeOptions.ofEnvironment(environment));
    if (owned.isEmpty()) {
      return; // whoever started this one finds the owner
    }
    CountDownLatch leaving = new CountDownLatch(1);
    CountDownLatch left = new CountDownLatch(1);
    Runtime.getRuntime().addShutdownHook(new Thread(() -> awaitLeaving(leaving, left)));
    try (Tracing tracing = Tracing.ofEnvironment(environment);
        LocalBoxlite boxlite = owned.get();
        RestServer server = RestServer.open(boxlite, socket, tracing)) {
      log.info("supervising {} as process {}", home, ProcessHandle.current().pid());
      serveUntilIdle(boxlite, server, idle(environment), leaving);
      log.info("leaving {}", home);
    } finally {
      left.countDown();
    }
  }

  /// Becomes the owner, unless there is one that serves. One that holds the home and does not serve
  /// is on its way in, and will serve, or on its way out, and will free the home.
  private static Optional<LocalBoxlite> own(Path home, Path socket, RuntimeOptions options) {
    long deadline = System.nanoTime() + OWNER_CHANGE.toNanos();
    while (true) {
      Optional<LocalBoxlite> owned = LocalBoxlite.tryOpen(home, options);
      if (owned.isPresent() || answers(socket) || System.nanoTime() > deadline) {
        return owned;
      }
      LockSupport.parkNanos(CHECK_OWNER.toNanos());
    }
  }

  private static boolean answers(Path socket) {
    Path reachable = SocketPaths.ofEnvironment().reachable(socket);
    try (SocketChannel channel = SocketChannel.open(UnixDomainSocketAddress.of(reachable))) {
      return channel.isConnected();
    } catch (IOException e) {
      return false;
    }
  }

  private static Duration idle(Map<String, String> environment) {
    try {
      String value = environment.getOrDefault("BOXLITE_IDLE_SECONDS", "");
      return Duration.ofSeconds(value.isEmpty() ? DEFAULT_IDLE_SECONDS : Long.parseLong(value));
    } catch (NumberFormatException e) {
      return Duration.ofSeconds(DEFAULT_IDLE_SECONDS);
    }
  }

  /// Asks the main thread to leave, and keeps the process until it has.
  private static void awaitLeaving(CountDownLatch leaving, CountDownLatch left) {
    leaving.countDown();
    try {
      left.await();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private static void serveUntilIdle(
      Boxlite boxlite, RestServer server, Duration idle, CountDownLatch leaving) {
    long idleSince = System.nanoTime();
    try {
      while (!leaving.await(CHECK.toMillis(), TimeUnit.MILLISECONDS)) {
        if (server.connections() > 0 || hasWork(boxlite)) {
          idleSince = System.nanoTime();
        } else if (System.nanoTime() - idleSince >= idle.toNanos() && server.hide()) {
          return;
        }
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private static boolean hasWork(Boxlite boxlite) {
    for (BoxInfo box : boxlite.list()) {
      if (box.status().isActive() || box.restarting()) {
        return true;
      }
    }
    return false;
  }
}
