package io.boxlite.image.internal.layer;

import com.github.luben.zstd.ZstdInputStreamNoFinalizer;
import io.boxlite.image.ImageLimits;
import java.io.BufferedInputStream;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.zip.GZIPInputStream;

/// Opens compressed archives. The magic number decides, not the media type: images in the wild have
/// it wrong. Also bounds what comes out.
public final class Decompression {
  private static final int BUFFER = 256 * 1024;

  /// The window of a zstd frame is memory: at most 128 MiB, as the zstd program allows.
  private static final int ZSTD_WINDOW_BITS = 27;

  private Decompression() {}

  /// The same with the limits that hold by default.
  public static InputStream open(InputStream in) throws IOException {
    return open(in, ImageLimits.DEFAULT);
  }

  /// Wraps a stream into its decompressor, if it needs one, and bounds what comes out.
  ///
  /// @param in plain, gzip (of any number of members) or zstd
  /// @param limits of the plain bytes, and of their ratio to the compressed ones
  /// @return the plain bytes; closing it closes `in`
  /// @throws IOException if reading fails or the compressed data is malformed
  public static InputStream open(InputStream in, ImageLimits limits) throws IOException {
    Counted counted = new Counted(in);
    InputStream source = new Peekable(counted);
    source.mark(4);
    byte[] magic = source.readNBytes(4);
    source.reset();
    InputStream plain = source;
    if (startsWith(magic, 0x1f, 0x8b)) {
      plain = new GZIPInputStream(source, BUFFER);
    } else if (startsWith(magic, 0x28, 0xb5, 0x2f, 0xfd) || isSkippable(magic)) {
      plain = new ZstdInputStreamNoFinalizer(source).setLongMax(ZSTD_WINDOW_BITS);
    }
    return new Bounded(plain, counted, limits);
  }

  // A zstd stream may begin with a frame of someone's own data (RFC 8878, 3.1.2).
  private static boolean isSkippable(byte[] magic) {
    return magic.length == 4
        && (magic[0] & 0xf0) == 0x50
        && startsWith(magic, magic[0] & 0xff, 0x2a, 0x4d, 0x18);
  }

  private static boolean startsWith(byte[] data, int... magic) {
    if (data.length < magic.length) {
      return false;
    }
    for (int i = 0; i < magic.length; i++) {
      if ((data[i] & 0xff) != magic[i]) {
        return false;
      }
    }
    return true;
  }

  private static final class Counted extends FilterInputStream {
    private long count;

    Counted(InputStream in) {
      super(in);
    }

    @Override
    public int read() throws IOException {
      int value = in.read();
      count += value < 0 ? 0 : 1;
      return value;
    }

    @Override
    public int read(byte[] buffer, int offset, int length) throws IOException {
      int read = in.read(buffer, offset, length);
      count += Math.max(0, read);
      return read;
    }
  }

  // GZIPInputStream looks for another member only if something is available, which a stream from
  // a socket may deny long before its end.
  private static final class Peekable extends BufferedInputStream {
    Peekable(InputStream in) {
      super(in, BUFFER);
    }

    @Override
    public synchronized int available() throws IOException {
      if (pos < count) {
        return count - pos;
      }
      mark(1);
      if (read() < 0) {
        return 0;
      }
      reset();
      return count - pos;
    }
  }

  private static final class Bounded extends FilterInputStream {
    private final Counted compressed;
    private final ImageLimits limits;
    private long count;

    Bounded(InputStream in, Counted compressed, ImageLimits limits) {
      super(in);
      this.limits = limits;
      this.compressed = compressed;
    }

    @Override
    public int read() throws IOException {
      byte[] one = new byte[1];
      return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
    }

    @Override
    public int read(byte[] buffer, int offset, int length) throws IOException {
      int read = in.read(buffer, offset, length);
      count += Math.max(0, read);
      if (count > limits.uncompressedBytes()) {
        throw LayerErrors.tooLarge(
            "more than %d bytes uncompressed".formatted(limits.uncompressedBytes()),
            "UNCOMPRESSED_BYTES");
      }
      if (count > LayerLimits.RATIO_FREE_BYTES && count / limits.ratio() > compressed.count) {
        throw LayerErrors.tooLarge(
            "it expands more than %d times".formatted(limits.ratio()), "RATIO");
      }
      return read;
    }

    @Override
    public long skip(long wanted) throws IOException {
      byte[] buffer = new byte[(int) Math.min(wanted, 64 * 1024)];
      return Math.max(0, read(buffer, 0, buffer.length));
    }
  }
}
