package io.boxlite.network;

import io.avaje.json.mapper.JsonMapper;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// The file of an [EgressLog]. Confined to the thread that writes.
final class EgressLogFile {
  private static final System.Logger LOG = System.getLogger("io.boxlite.network");

  private final Path file;
  private final String box;
  private final long limitBytes;
  private final JsonMapper json = JsonMapper.builder().build();
  private @Nullable RandomAccessFile out;
  private boolean failed;

  EgressLogFile(Path file, String box, long limitBytes) {
    this.file = file;
    this.box = box;
    this.limitBytes = limitBytes;
  }

  /// {@return where the part before the last limit lies}
  static Path previous(Path file) {
    return file.resolveSibling(file.getFileName() + ".1");
  }

  /// Writes entries. A disk that is full must not hold back the box: it is said once in the
  /// supervisor's log, and what was to be written is lost.
  void append(List<EgressLog.Entry> entries) {
    try {
      StringBuilder lines = new StringBuilder();
      for (EgressLog.Entry entry : entries) {
        lines.append(json.toJson(fields(entry))).append('\n');
        if (lines.length() > 64 * 1024) {
          write(lines.toString().getBytes(StandardCharsets.UTF_8));
          lines.setLength(0);
        }
      }
      write(lines.toString().getBytes(StandardCharsets.UTF_8));
      failed = false;
    } catch (IOException e) {
      if (!failed) {
        LOG.log(System.Logger.Level.WARNING, "cannot write {0}: {1}", file, e.toString());
      }
      failed = true;
      close();
    }
  }

  private Map<String, Object> fields(EgressLog.Entry entry) {
    Map<String, Object> fields = new LinkedHashMap<>();
    fields.put("time", entry.time().toString());
    fields.put("box", box);
    fields.put("protocol", entry.protocol());
    fields.put("name", entry.name());
    fields.put("address", entry.address());
    fields.put("port", entry.port());
    fields.put("verdict", entry.verdict());
    fields.put("rule", entry.rule());
    if (entry.sent() >= 0) {
      fields.put("bytes_sent", entry.sent());
      fields.put("bytes_received", entry.received());
    }
    if (!entry.reason().isEmpty()) {
      fields.put("reason", entry.reason());
    }
    if (entry.count() > 1 || entry.verdict().equals("counted")) {
      fields.put("count", entry.count());
    }
    return fields;
  }

  private void write(byte[] lines) throws IOException {
    RandomAccessFile target = out == null ? opened() : out;
    if (target.length() > 0 && target.length() + lines.length > limitBytes) {
      close();
      Files.move(file, previous(file), StandardCopyOption.ATOMIC_MOVE);
      target = opened();
    }
    target.write(lines);
  }

  /// What a supervisor that was killed wrote half ends with a line of its own.
  private RandomAccessFile opened() throws IOException {
    RandomAccessFile opened = new RandomAccessFile(file.toFile(), "rw");
    out = opened;
    long end = opened.length();
    if (end > 0) {
      opened.seek(end - 1);
      if (opened.read() != '\n') {
        opened.write('\n');
      }
    }
    return opened;
  }

  void close() {
    RandomAccessFile open = out;
    out = null;
    if (open != null) {
      try {
        open.close();
      } catch (IOException e) {
        LOG.log(System.Logger.Level.DEBUG, "close {0}: {1}", file, e.toString());
      }
    }
  }

  @Override
  public String toString() {
    return file.toString();
  }
}
