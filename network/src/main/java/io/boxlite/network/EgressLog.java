package io.boxlite.network;

import io.boxlite.api.StorageException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.BooleanSupplier;

/// What a box tried to reach, and what came of it: a JSON object a line, in a file of at most 8 MiB
/// and one part of that size that was set aside before. Thread-safe; what is added is written by a
/// thread of the log.
///
/// Equal denials and equal questions within ten seconds are written once, and then how often. What
/// comes faster than it can be written is counted, and left out.
///
/// @since 0.1
public final class EgressLog implements AutoCloseable {
  private static final long LIMIT_BYTES = 8L << 20;
  private static final Duration FOLD = Duration.ofSeconds(10);
  private static final int MAX_UNWRITTEN = 4096;

  /// Different denials and questions of one fold: a box that makes up more has its number written.
  private static final int MAX_FOLDED = 1024;

  private final EgressLogFile file;
  private final Duration fold;
  private final Thread writer;

  // All guarded by the lock.
  private final Object lock = new Object();
  private final Deque<Entry> unwritten = new ArrayDeque<>();
  private final Map<Entry, Folded> folded = new LinkedHashMap<>();
  private long dropped;
  private boolean closed;

  /// One decision, or the end of a flow.
  ///
  /// @param time when; the epoch in entries that are compared
  /// @param protocol `tcp`, `udp` or `dns`
  /// @param name host, or empty
  /// @param address where to, or empty
  /// @param port its port
  /// @param verdict `allowed`, `denied` or `closed`
  /// @param rule what decided, or empty
  /// @param sent bytes that the box sent, -1 while it is not known
  /// @param received bytes that it received, -1 while it is not known
  /// @param reason why, or empty
  /// @param count how many of them
  record Entry(
      Instant time,
      String protocol,
      String name,
      String address,
      int port,
      String verdict,
      String rule,
      long sent,
      long received,
      String reason,
      long count) {
    /// {@return a decision of now}
    static Entry decision(String verdict, FlowTag flow, String reason) {
      String address = flow.address() == 0 ? "" : IpV4.text(flow.address());
      return new Entry(
          Instant.now(),
          flow.protocol(),
          flow.name(),
          address,
          flow.port(),
          verdict,
          flow.rule(),
          -1,
          -1,
          reason,
          1);
    }

    /// {@return the end of a flow}
    static Entry end(FlowTag flow, long sent, long received, String error) {
      Entry entry = decision("closed", flow, error);
      return new Entry(
          entry.time,
          entry.protocol,
          entry.name,
          entry.address,
          entry.port,
          entry.verdict,
          entry.rule,
          sent,
          received,
          error,
          1);
    }

    private Entry at(Instant other, long times) {
      return new Entry(
          other, protocol, name, address, port, verdict, rule, sent, received, reason, times);
    }

    /// {@return whether more of the same say nothing new}
    private boolean folds() {
      return verdict.equals("denied") || protocol.equals("dns");
    }
  }

  private static final class Folded {
    private final long since = System.nanoTime();
    private long count;
  }

  /// Opens the log of a box.
  ///
  /// @param file where; made when something is written. Its directory exists
  /// @param box id of the box, for the lines
  /// @return the log, to be closed by the caller
  public static EgressLog open(Path file, String box) {
    return new EgressLog(new EgressLogFile(file, box, LIMIT_BYTES), FOLD);
  }

  EgressLog(EgressLogFile file, Duration fold) {
    this.file = file;
    this.fold = fold;
    writer = Thread.ofVirtual().name("egress-log " + file).start(this::writeAll);
  }

  /// Opens a log for reading, the part that was set aside first.
  ///
  /// @param file need not exist; its directory must when it is followed
  /// @param follow whether to wait for what comes
  /// @param goesOn whether more may come; a log that is followed ends when it does not
  /// @return the lines, to be closed by the caller, from any thread
  /// @throws StorageException if it cannot be read
  public static InputStream read(Path file, boolean follow, BooleanSupplier goesOn) {
    try {
      return EgressLogStream.open(file, follow, goesOn);
    } catch (IOException e) {
      throw new StorageException(
          "log_not_readable",
          "read log " + file + ": " + e + "; check its permissions",
          e,
          Map.of("path", file.toString()));
    }
  }

  /// Adds an entry. Does not wait for the disk.
  void add(Entry entry) {
    synchronized (lock) {
      if (closed || (entry.folds() && isFolded(entry))) {
        return;
      }
      if (unwritten.size() < MAX_UNWRITTEN) {
        unwritten.add(entry);
      } else {
        dropped++;
      }
      lock.notifyAll();
    }
  }

  /// {@return whether it has not to be written now}
  private boolean isFolded(Entry entry) {
    Entry key = entry.at(Instant.EPOCH, 1);
    Folded same = folded.get(key);
    if (same != null) {
      same.count++;
      return true;
    }
    if (folded.size() >= MAX_FOLDED) {
      dropped++;
      return true;
    }
    folded.put(key, new Folded());
    return false;
  }

  private void writeAll() {
    try {
      List<Entry> batch = next();
      while (!batch.isEmpty()) {
        file.append(batch);
        batch = next();
      }
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt(); // nobody does; nothing more is written then
    } finally {
      file.close();
    }
  }

  /// {@return what is to be written; empty at the end}
  private List<Entry> next() throws InterruptedException {
    synchronized (lock) {
      while (true) {
        List<Entry> batch = new ArrayList<>(unwritten);
        unwritten.clear();
        unfold(batch);
        if (!batch.isEmpty() || closed) {
          return batch;
        }
        if (folded.isEmpty()) {
          lock.wait();
        } else {
          lock.wait(Math.clamp(fold.toMillis() / 4, 1, 1000));
        }
      }
    }
  }

  private void unfold(List<Entry> batch) {
    long now = System.nanoTime();
    Iterator<Map.Entry<Entry, Folded>> oldest = folded.entrySet().iterator();
    while (oldest.hasNext()) {
      Map.Entry<Entry, Folded> entry = oldest.next();
      Folded same = entry.getValue();
      if (!closed && now - same.since < fold.toNanos()) {
        break; // all behind it are younger
      }
      if (same.count > 0) {
        batch.add(entry.getKey().at(Instant.now(), same.count));
      }
      oldest.remove();
    }
    if (dropped > 0 && (closed || folded.size() < MAX_FOLDED)) {
      FlowTag none = new FlowTag("", 0, 0, "", "");
      Entry lost = Entry.decision("counted", none, "too many to write each");
      batch.add(lost.at(Instant.now(), dropped));
      dropped = 0;
    }
  }

  /// Writes what was added, and ends. Waits up to five seconds for the disk.
  @Override
  public void close() {
    synchronized (lock) {
      closed = true;
      lock.notifyAll();
    }
    try {
      var _ = writer.join(Duration.ofSeconds(5));
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt(); // it is written all the same
    }
  }
}
