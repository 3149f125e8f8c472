package io.boxlite.network.internal.proxy;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import io.netty.buffer.UnpooledByteBufAllocator;
import java.util.Arrays;
import java.util.List;

/// Replaces placeholders in a stream of bytes, also where they are split between two parts. It
/// holds back only what may be the beginning of a placeholder: at most 256 characters, 1.5 KiB when
/// they are escaped. For one stream and one thread.
final class BodyFilter {
  private static final int MORE = -1;
  private static final byte[] NOTHING = {};

  private final List<Substitution.Entry> entries;
  private final Writing writing;
  private final boolean[] starts = new boolean[256];
  private byte[] held = NOTHING;

  // Of the last match.
  private int length;
  private boolean plain;

  // Of the last character read.
  private int width;

  BodyFilter(List<Substitution.Entry> entries, Writing writing) {
    this.entries = entries;
    this.writing = writing;
    for (Substitution.Entry entry : entries) {
      starts[entry.placeholder()[0] & 0xff] = true;
    }
    if (!entries.isEmpty()) {
      starts['%'] |= writing == Writing.FORM || writing == Writing.QUERY;
      starts['\\'] |= writing == Writing.JSON;
    }
  }

  /// {@return a whole text changed}
  byte[] all(byte[] bytes) {
    ByteBuf out = filter(Unpooled.wrappedBuffer(bytes), true, UnpooledByteBufAllocator.DEFAULT);
    try {
      return ByteBufUtil.getBytes(out);
    } finally {
      out.release();
    }
  }

  /// {@return the next part of the stream changed}
  ///
  /// @param in what came; released
  /// @param last nothing comes after it
  /// @param alloc where the answer comes from
  ByteBuf filter(ByteBuf in, boolean last, ByteBufAllocator alloc) {
    byte[] data;
    try {
      data = new byte[held.length + in.readableBytes()];
      System.arraycopy(held, 0, data, 0, held.length);
      in.readBytes(data, held.length, in.readableBytes());
    } finally {
      in.release();
    }
    held = NOTHING;
    ByteBuf out = alloc.buffer(Math.max(16, data.length));
    int done = 0;
    int at = 0;
    while (at < data.length) {
      if (!starts[data[at] & 0xff]) {
        at++;
        continue;
      }
      int found = find(data, at, last);
      if (found == MORE) {
        break;
      }
      if (found == entries.size()) {
        at++;
        continue;
      }
      out.writeBytes(data, done, at - done);
      out.writeBytes(writing.write(entries.get(found).value(), plain));
      at += length;
      done = at;
    }
    out.writeBytes(data, done, at - done);
    if (at < data.length) {
      held = Arrays.copyOfRange(data, at, data.length);
    }
    return out;
  }

  /// The number of the entry that stands there; that of none; or MORE.
  private int find(byte[] data, int at, boolean last) {
    for (int i = 0; i < entries.size(); i++) {
      int result = match(data, at, entries.get(i).placeholder());
      if (result == MORE && !last) {
        return MORE;
      }
      if (result > 0) {
        length = result;
        return i;
      }
    }
    return entries.size();
  }

  private int match(byte[] data, int start, byte[] placeholder) {
    int at = start;
    plain = false;
    for (byte wanted : placeholder) {
      int c = read(data, at);
      if (c == MORE) {
        return MORE;
      }
      if (c != (wanted & 0xff)) {
        return 0;
      }
      plain |= width == 1 && !Writing.unreserved(c);
      at += width;
    }
    return at - start;
  }

  /// The character there, unescaped; width says how many bytes it takes.
  private int read(byte[] data, int at) {
    if (at >= data.length) {
      return MORE;
    }
    int c = data[at] & 0xff;
    width = 1;
    boolean percent = c == '%' && (writing == Writing.FORM || writing == Writing.QUERY);
    boolean unicode = c == '\\' && writing == Writing.JSON;
    if (!percent && !unicode) {
      return c;
    }
    if (at + 1 >= data.length) {
      return MORE;
    }
    if (unicode && data[at + 1] != 'u') {
      // \" \\ and \/ stand for what comes behind.
      width = 2;
      return data[at + 1] & 0xff;
    }
    int first = percent ? at + 1 : at + 2;
    int digits = percent ? 2 : 4;
    int value = 0;
    for (int i = first; i < first + digits; i++) {
      if (i >= data.length) {
        return MORE;
      }
      int digit = Character.digit(data[i], 16);
      if (digit < 0) {
        return c;
      }
      value = value * 16 + digit;
    }
    width = first + digits - at;
    return value;
  }
}
