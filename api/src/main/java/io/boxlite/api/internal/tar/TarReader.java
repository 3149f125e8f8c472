package io.boxlite.api.internal.tar;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import io.boxlite.api.internal.tar.TarEntry.Segment;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;

/// Reads a tar entry by entry: ustar, PAX, GNU, star, V7; sparse files of GNU tar in its old and
/// its three PAX formats. Names and attributes are bytes, which is why this is not
/// commons-compress: that decodes PAX records as UTF-8 and so destroys `security.capability` and
/// names in other encodings.
///
/// Confined to one thread; the stream belongs to the caller. Errors in the archive are
/// [TarException]s, or [EOFException]s if it ends early.
public final class TarReader {
  private static final int MAX_EXTENSION = 1 << 20;
  private static final long MAX_SIZE = 1L << 56;
  private static final int MAX_SEGMENTS = 200_000;

  private final InputStream in;
  private final byte[] block = new byte[TarHeader.BLOCK];
  private long remaining;
  private long padding;
  private Consumer<String> comments = _ -> {};

  public TarReader(InputStream in) {
    this.in = in;
  }

  /// Has the comments of global headers told.
  ///
  /// @param listener gets them as Latin-1
  public void onComment(Consumer<String> listener) {
    comments = listener;
  }

  private void globalHeader(byte[] records) throws TarException {
    PaxRecords.parse(records).text("comment").ifPresent(comments);
  }

  /// {@return the next entry, or empty at the end of the archive; the content of the one before is
  /// skipped}
  public Optional<TarEntry> next() throws IOException {
    PaxRecords pax = PaxRecords.NONE;
    Optional<String> longName = Optional.empty();
    Optional<String> longLink = Optional.empty();
    while (true) {
      Optional<TarHeader> next = nextHeader();
      if (next.isEmpty()) {
        if (pax != PaxRecords.NONE || longName.isPresent() || longLink.isPresent()) {
          throw new TarException("extension header without an entry");
        }
        return Optional.empty();
      }
      TarHeader header = next.get();
      switch (header.type()) {
        case 'x', 'X' -> pax = PaxRecords.parse(extension(header));
        case 'g' -> globalHeader(extension(header));
        case 'L' -> longName = Optional.of(untilNul(extension(header)));
        case 'K' -> longLink = Optional.of(untilNul(extension(header)));
        default -> {
          return Optional.of(entry(header, pax, longName, longLink));
        }
      }
    }
  }

  /// Reads stored content of the current entry; of a sparse file, its segments one after another.
  ///
  /// @return the number of bytes, or -1 at the end of the entry
  public int read(byte[] buffer, int offset, int length) throws IOException {
    if (remaining == 0) {
      return -1;
    }
    int count = in.read(buffer, offset, (int) Math.min(length, remaining));
    if (count < 0) {
      throw new EOFException("archive ends within an entry");
    }
    remaining -= count;
    return count;
  }

  /// Skips what follows the end mark, so that the stream is read to its end.
  public void drain() throws IOException {
    byte[] buffer = new byte[64 * 1024];
    while (in.read(buffer) >= 0) {
      // only read
    }
  }

  private Optional<TarHeader> nextHeader() throws IOException {
    in.skipNBytes(remaining + padding);
    remaining = 0;
    padding = 0;
    int count = in.readNBytes(block, 0, block.length);
    // Some writers leave the end mark out.
    if (count == 0 || (count == block.length && isZero())) {
      return Optional.empty();
    }
    if (count < block.length) {
      throw new EOFException("archive ends within a header");
    }
    return Optional.of(new TarHeader(block));
  }

  private boolean isZero() {
    for (byte value : block) {
      if (value != 0) {
        return false;
      }
    }
    return true;
  }

  private byte[] extension(TarHeader header) throws IOException {
    long size = header.size();
    if (size < 0 || size > MAX_EXTENSION) {
      throw new TarException("extension header of " + size + " bytes");
    }
    setContent(size);
    byte[] data = in.readNBytes((int) size);
    if (data.length < size) {
      throw new EOFException("archive ends within an extension header");
    }
    remaining = 0;
    return data;
  }

  private void setContent(long size) {
    remaining = size;
    padding = -size & (TarHeader.BLOCK - 1);
  }

  private static String untilNul(byte[] data) {
    String text = new String(data, ISO_8859_1);
    int nul = text.indexOf('\0');
    return nul < 0 ? text : text.substring(0, nul);
  }

  private TarEntry entry(
      TarHeader header, PaxRecords pax, Optional<String> longName, Optional<String> longLink)
      throws IOException {
    String name = pax.text("path").or(() -> longName).orElseGet(header::name);
    name = pax.text("GNU.sparse.name").orElse(name);
    String link = pax.text("linkpath").or(() -> longLink).orElseGet(header::linkName);
    TarEntry.Type type = type(header.type(), name);
    long stored = pax.number("size", header.size());
    if (stored < 0 || stored > MAX_SIZE) {
      throw new TarException("size " + stored + " of '" + name + "' is out of range");
    }
    // Some writers give links and directories a size, without content behind it.
    setContent(type == TarEntry.Type.FILE ? stored : 0);
    long mtime = header.mtime();
    long[] time = pax.time("mtime").orElse(new long[] {mtime, 0});
    boolean device = type == TarEntry.Type.CHARACTER_DEVICE || type == TarEntry.Type.BLOCK_DEVICE;
    int mode = header.mode();
    long uid = pax.number("uid", header.uid());
    long gid = pax.number("gid", header.gid());
    int major = device ? header.device(true) : 0;
    int minor = device ? header.device(false) : 0;
    // Last, because it may read on and overwrite the header's block.
    Sparse sparse = sparse(header, pax, stored, type);
    return new TarEntry(
        name,
        type,
        link,
        mode,
        uid,
        gid,
        time[0],
        (int) time[1],
        sparse.size,
        major,
        minor,
        type == TarEntry.Type.HARD_LINK ? Map.of() : pax.xattrs(),
        sparse.segments);
  }

  private static TarEntry.Type type(char code, String name) throws TarException {
    return switch (code) {
      // Before there were directories in tars, a file ending in a slash was one.
      case '0', '\0', '7', 'S' -> name.endsWith("/") ? TarEntry.Type.DIRECTORY : TarEntry.Type.FILE;
      case '1' -> TarEntry.Type.HARD_LINK;
      case '2' -> TarEntry.Type.SYMBOLIC_LINK;
      case '3' -> TarEntry.Type.CHARACTER_DEVICE;
      case '4' -> TarEntry.Type.BLOCK_DEVICE;
      case '5' -> TarEntry.Type.DIRECTORY;
      case '6' -> TarEntry.Type.FIFO;
      default -> throw new TarException("entry '" + name + "' has the unknown type " + (int) code);
    };
  }

  private record Sparse(long size, List<Segment> segments) {}

  private Sparse sparse(TarHeader header, PaxRecords pax, long stored, TarEntry.Type type)
      throws IOException {
    if (type != TarEntry.Type.FILE) {
      return new Sparse(0, List.of(new Segment(0, 0)));
    }
    Sparse sparse;
    if (header.type() == 'S') {
      sparse = new Sparse(header.gnuRealSize(), oldGnuSegments(header));
    } else if (pax.text("GNU.sparse.major").isPresent()) {
      sparse = new Sparse(pax.number("GNU.sparse.realsize", stored), leadingSegments());
    } else if (pax.text("GNU.sparse.size").isPresent()) {
      List<String> numbers =
          pax.text("GNU.sparse.map")
              .map(map -> List.of(map.split(",", -1)))
              .orElseGet(pax::sparseNumbers);
      sparse = new Sparse(pax.number("GNU.sparse.size", stored), segments(numbers));
    } else {
      return new Sparse(stored, List.of(new Segment(0, stored)));
    }
    check(sparse);
    return sparse;
  }

  private void check(Sparse sparse) throws TarException {
    long end = 0;
    long sum = 0;
    for (Segment segment : sparse.segments) {
      boolean good =
          segment.offset() >= end
              && segment.length() >= 0
              && segment.length() <= sparse.size - segment.offset();
      if (!good) {
        throw new TarException("malformed sparse map");
      }
      end = segment.offset() + segment.length();
      sum += segment.length();
    }
    if (sum != remaining) {
      throw new TarException("sparse map does not fit the content");
    }
  }

  private List<Segment> oldGnuSegments(TarHeader header) throws IOException {
    List<Segment> segments = new ArrayList<>(header.gnuSegments());
    boolean more = header.gnuIsExtended();
    while (more) {
      if (in.readNBytes(block, 0, block.length) < block.length) {
        throw new EOFException("archive ends within a sparse map");
      }
      segments.addAll(TarHeader.gnuSegments(block, 0, 21));
      limit(segments.size());
      more = block[504] != 0;
    }
    return segments;
  }

  private static List<Segment> segments(List<String> numbers) throws TarException {
    limit(numbers.size() / 2);
    if (numbers.size() % 2 != 0) {
      throw new TarException("malformed sparse map");
    }
    List<Segment> segments = new ArrayList<>();
    for (int i = 0; i < numbers.size(); i += 2) {
      segments.add(
          new Segment(PaxRecords.number(numbers.get(i)), PaxRecords.number(numbers.get(i + 1))));
    }
    return segments;
  }

  // PAX format 1.0: lines of numbers before the content, padded to a block.
  private List<Segment> leadingSegments() throws IOException {
    long before = remaining;
    long count = line();
    limit(count);
    List<String> numbers = new ArrayList<>();
    for (long i = 0; i < 2 * count; i++) {
      numbers.add(Long.toString(line()));
    }
    long pad = -(before - remaining) & (TarHeader.BLOCK - 1);
    if (pad > remaining) {
      throw new TarException("malformed sparse map");
    }
    in.skipNBytes(pad);
    remaining -= pad;
    return segments(numbers);
  }

  private long line() throws IOException {
    StringBuilder digits = new StringBuilder();
    byte[] one = new byte[1];
    while (digits.length() < 20 && read(one, 0, 1) == 1) {
      if (one[0] == '\n') {
        return PaxRecords.number(digits.toString());
      }
      digits.append((char) (one[0] & 0xff));
    }
    throw new TarException("malformed sparse map");
  }

  private static void limit(long segments) throws TarException {
    if (segments > MAX_SEGMENTS) {
      throw new TarException("sparse map with more than " + MAX_SEGMENTS + " segments");
    }
  }
}
