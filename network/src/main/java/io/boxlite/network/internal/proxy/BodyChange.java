package io.boxlite.network.internal.proxy;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.Unpooled;
import java.util.Locale;
import java.util.concurrent.Semaphore;
import org.jspecify.annotations.Nullable;

/// What happens to the body of one request: it passes as it is; it is held until it is there in
/// full, so that its length can be told; or it is changed as it goes and has no length.
final class BodyChange {
  /// Longest body that is held, in bytes.
  static final int MAX_HELD = 64 * 1024;

  /// How.
  enum Kind {
    /// As it is.
    PASS,
    /// Held until it is there.
    HOLD,
    /// As it goes.
    STREAM
  }

  private final Kind kind;
  private final BodyFilter filter;
  private final Semaphore room;
  private int taken;
  private final Substitution substitution;
  private @Nullable ByteBuf held;

  private BodyChange(Kind kind, Substitution substitution, Writing writing, Semaphore room) {
    this.room = room;
    this.kind = kind;
    this.substitution = substitution;
    this.filter = substitution.body(writing);
  }

  /// Decides.
  ///
  /// @param substitution what may be put in
  /// @param type its `Content-Type`, or empty
  /// @param encoding its `Content-Encoding`, or empty
  /// @param length how long it is, -1 when that is not told
  /// @param mayStream it can go without a length
  /// @param head how many bytes of its head wait with it when it is held
  /// @param room how many bytes may be held yet, of all requests
  static BodyChange of(
      Substitution substitution,
      String type,
      String encoding,
      long length,
      boolean mayStream,
      int head,
      Semaphore room) {
    Writing writing = Writing.ofBody(type);
    boolean encoded = !encoding.isEmpty() && !encoding.toLowerCase(Locale.ROOT).equals("identity");
    if (substitution.isEmpty() || encoded || length == 0) {
      return new BodyChange(Kind.PASS, substitution, writing, room);
    }
    if (length > 0 && length <= MAX_HELD && room.tryAcquire((int) length + head)) {
      BodyChange held = new BodyChange(Kind.HOLD, substitution, writing, room);
      held.taken = (int) length + head;
      return held;
    }
    return new BodyChange(mayStream ? Kind.STREAM : Kind.PASS, substitution, writing, room);
  }

  Kind kind() {
    return kind;
  }

  /// {@return the value of a trailer}
  String header(String name, String value) {
    return substitution.header(name, value);
  }

  /// Takes the next part, and gives what is to be sent now; all of it at the end when it is held.
  ByteBuf next(ByteBuf part, boolean last, ByteBufAllocator alloc) {
    return switch (kind) {
      case PASS -> part;
      case STREAM -> filter.filter(part, last, alloc);
      case HOLD -> {
        ByteBuf all = held;
        if (all == null) {
          all = alloc.buffer(256, MAX_HELD);
          held = all;
        }
        try {
          all.writeBytes(part);
        } finally {
          part.release();
        }
        if (!last) {
          yield Unpooled.EMPTY_BUFFER;
        }
        held = null;
        giveBack();
        yield filter.filter(all, true, alloc);
      }
    };
  }

  /// Ends it early.
  void release() {
    if (held != null) {
      held.release();
      held = null;
    }
    giveBack();
  }

  private void giveBack() {
    room.release(taken);
    taken = 0;
  }
}
