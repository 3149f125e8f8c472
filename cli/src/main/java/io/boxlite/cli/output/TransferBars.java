package io.boxlite.cli.output;

import io.boxlite.api.TransferProgress;
import io.boxlite.api.TransferProgress.Stage;
import io.boxlite.cli.terminal.Terminal.Size;
import java.io.PrintStream;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.LongSupplier;
import java.util.function.Supplier;

/// On a terminal: a line with a bar for each layer, and one for all. Layers that do not fit on the
/// screen are left out, first those that are there, then those that wait. Confined to one thread.
///
/// @since 0.1
public final class TransferBars implements TransferDisplay {
  private static final long PERIOD_NANOS = 100_000_000;
  private static final long RATE_NANOS = 5_000_000_000L;
  private static final int BAR = 30;
  private static final String UP = "\u001b[%A";
  private static final String CLEAR_LINE = "\u001b[K";
  private static final String CLEAR_BELOW = "\u001b[J";

  private final PrintStream to;
  private final Supplier<Size> size;
  private final LongSupplier clock;
  private final Map<String, Layer> layers = new LinkedHashMap<>();
  private final Rate total = new Rate();
  private long moved;
  private int drawn;
  private long drawnAt;
  private boolean stale;

  /// Draws from where the cursor is, which is at the begin of a line.
  ///
  /// @param to the terminal
  /// @param size asked before each drawing
  /// @param clock nanoseconds since a fixed origin
  public TransferBars(PrintStream to, Supplier<Size> size, LongSupplier clock) {
    this.to = to;
    this.size = size;
    this.clock = clock;
  }

  @Override
  public void accept(TransferProgress step) {
    long now = clock.getAsLong();
    Layer layer = layers.computeIfAbsent(step.layer(), _ -> new Layer());
    boolean sameStage = layer.stage == step.stage();
    layer.stage = step.stage();
    layer.bytes = Math.max(0, step.total());
    if (step.stage() == Stage.TRANSFERRING) {
      move(layer, Math.clamp(step.done(), 0, layer.bytes), now);
      layer.rate.add(now, layer.done);
    } else if (step.stage() == Stage.FINISHING || layer.kind() == Kind.FINISHED) {
      move(layer, layer.bytes, now);
    }
    stale = true;
    if (drawn == 0 || !sameStage || now - drawnAt >= PERIOD_NANOS) {
      draw(now);
    }
  }

  /// What was there before the first bytes came was not transferred, so it is no part of the rate.
  private void move(Layer layer, long done, long now) {
    moved += layer.started ? Math.max(0, done - layer.done) : 0;
    layer.done = done;
    layer.started |= layer.stage == Stage.TRANSFERRING;
    if (layer.started) {
      total.add(now, moved);
    }
  }

  @Override
  public void close() {
    if (stale) {
      draw(clock.getAsLong());
    }
  }

  private void draw(long now) {
    Size screen = size.get();
    StringBuilder out = new StringBuilder();
    if (drawn > 0) {
      out.append(UP.replace("%", Integer.toString(drawn))).append('\r');
    }
    List<String> lines = lines(screen.rows() - 1);
    for (String line : lines) {
      out.append(line, 0, Math.min(line.length(), screen.cols())).append(CLEAR_LINE).append('\n');
    }
    out.append(CLEAR_BELOW);
    to.print(out);
    to.flush();
    drawn = lines.size();
    drawnAt = now;
    stale = false;
  }

  /// {@return the lines, at most so many: the last line of the screen is the cursor's}
  private List<String> lines(int most) {
    int room = Math.max(0, most - 1);
    List<String> shown = new ArrayList<>();
    int left = layers.size();
    // What is left out must be counted before anything is written.
    int finished = Math.max(0, room - count(Kind.ACTIVE) - count(Kind.WAITING));
    int waiting = Math.max(0, room - count(Kind.ACTIVE));
    int active = room;
    for (Map.Entry<String, Layer> entry : layers.entrySet()) {
      boolean fits =
          switch (entry.getValue().kind()) {
            case ACTIVE -> active-- > 0;
            case WAITING -> waiting-- > 0;
            case FINISHED -> finished-- > 0;
          };
      if (fits) {
        shown.add(line(TransferDisplay.shortDigest(entry.getKey()), entry.getValue()));
        left--;
      }
    }
    shown.add(totalLine(left));
    return shown;
  }

  private int count(Kind kind) {
    return (int) layers.values().stream().filter(layer -> layer.kind() == kind).count();
  }

  private static String line(String name, Layer layer) {
    String begin = name + " ".repeat(Math.max(0, 12 - name.length())) + "  ";
    return switch (layer.stage) {
      case WAITING -> begin + "waiting";
      case SHARED -> begin + "waiting for another transfer of it";
      case RETRYING -> begin + "connection lost, trying again";
      case FINISHING -> begin + "verifying";
      case DONE -> begin + "done, " + ByteSize.of(layer.bytes);
      case EXISTS -> begin + "already exists";
      case TRANSFERRING -> begin + bar(layer.done, layer.bytes) + rate(layer.rate.bytesPerSecond());
    };
  }

  private String totalLine(int left) {
    long bytes = layers.values().stream().mapToLong(layer -> layer.bytes).sum();
    String line =
        "Total         "
            + bar(transferred(), bytes)
            + rate(total.bytesPerSecond())
            + "  "
            + count(Kind.FINISHED)
            + "/"
            + layers.size()
            + " layers";
    return left == 0 ? line : line + ", " + left + " not shown";
  }

  private long transferred() {
    return layers.values().stream().mapToLong(layer -> layer.done).sum();
  }

  private static String bar(long done, long bytes) {
    int filled = bytes == 0 ? BAR : (int) (BAR * (double) done / bytes);
    String head = filled < BAR ? ">" : "";
    return "["
        + "=".repeat(filled)
        + head
        + " ".repeat(BAR - filled - head.length())
        + "] "
        + ByteSize.of(done)
        + "/"
        + ByteSize.of(bytes);
  }

  private static String rate(long bytesPerSecond) {
    return bytesPerSecond == 0 ? "" : "  " + ByteSize.of(bytesPerSecond) + "/s";
  }

  private enum Kind {
    ACTIVE,
    WAITING,
    FINISHED
  }

  private static final class Layer {
    private final Rate rate = new Rate();
    private Stage stage = Stage.WAITING;
    private boolean started;
    private long done;
    private long bytes;

    Kind kind() {
      return switch (stage) {
        case WAITING, SHARED -> Kind.WAITING;
        case TRANSFERRING, RETRYING, FINISHING -> Kind.ACTIVE;
        case DONE, EXISTS -> Kind.FINISHED;
      };
    }
  }

  /// The speed over the last seconds.
  private static final class Rate {
    private record Sample(long nanos, long bytes) {}

    private final ArrayDeque<Sample> samples = new ArrayDeque<>();

    void add(long nanos, long bytes) {
      samples.addLast(new Sample(nanos, bytes));
      while (samples.size() > 2 && nanos - samples.getFirst().nanos() > RATE_NANOS) {
        samples.removeFirst();
      }
    }

    long bytesPerSecond() {
      if (samples.size() < 2) {
        return 0;
      }
      Sample first = samples.getFirst();
      Sample last = samples.getLast();
      long nanos = last.nanos() - first.nanos();
      return nanos <= 0 ? 0 : (long) ((last.bytes() - first.bytes()) * 1e9 / nanos);
    }
  }
}
