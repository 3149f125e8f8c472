package io.boxlite.runtime.internal.lifecycle;

import java.util.concurrent.atomic.LongAdder;

/// What a runtime counts since it was opened. Thread-safe.
public final class Counters {
  /// Boxes made.
  public final LongAdder boxesCreated = new LongAdder();

  /// Starts that failed.
  public final LongAdder boxesFailed = new LongAdder();

  /// Boxes that stopped.
  public final LongAdder boxesStopped = new LongAdder();

  /// Execs that were asked for.
  public final LongAdder commandsExecuted = new LongAdder();

  /// Of these, how many could not be started.
  public final LongAdder execErrors = new LongAdder();
}
