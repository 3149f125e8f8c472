package io.boxlite.it;

import com.github.luben.zstd.ZstdOutputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.zip.GZIPOutputStream;

/// A layer as registries have it.
///
/// @param blob its bytes
/// @param mediaType of them
/// @param diffId of the archive within
record TestLayer(byte[] blob, String mediaType, String diffId) {
  /// How the archive is compressed.
  enum Compression {
    GZIP("+gzip"),
    ZSTD("+zstd"),
    NONE("");

    private final String suffix;

    Compression(String suffix) {
      this.suffix = suffix;
    }

    private byte[] apply(byte[] archive) throws IOException {
      ByteArrayOutputStream bytes = new ByteArrayOutputStream();
      try (OutputStream out =
          switch (this) {
            case GZIP -> new GZIPOutputStream(bytes);
            case ZSTD -> new ZstdOutputStream(bytes);
            case NONE -> bytes;
          }) {
        out.write(archive);
      }
      return bytes.toByteArray();
    }
  }

  private static final int BLOCK = 512;

  /// Makes a layer of executable files.
  ///
  /// @param files contents by path; a path with a slash at its end is a directory
  static TestLayer of(Compression compression, Map<String, byte[]> files) throws IOException {
    ByteArrayOutputStream archive = new ByteArrayOutputStream();
    for (Map.Entry<String, byte[]> file : new TreeMap<>(files).entrySet()) {
      archive.write(header(file.getKey(), file.getValue().length));
      archive.write(file.getValue());
      archive.write(new byte[Math.floorMod(-file.getValue().length, BLOCK)]);
    }
    archive.write(new byte[2 * BLOCK]);
    byte[] bytes = archive.toByteArray();
    return new TestLayer(
        compression.apply(bytes),
        "application/vnd.oci.image.layer.v1.tar" + compression.suffix,
        TestImage.digest(bytes));
  }

  /// Makes a layer of one file that no compression makes smaller.
  ///
  /// @param seed the same gives the same layer
  static TestLayer random(long seed, int size) throws IOException {
    byte[] content = new byte[size];
    new Random(seed).nextBytes(content);
    return of(Compression.GZIP, Map.of("random-" + seed, content));
  }

  /// {@return a header of the format ustar, see POSIX pax}
  private static byte[] header(String path, int size) {
    byte[] header = new byte[BLOCK];
    put(header, 0, path);
    put(header, 100, "0000755\0000000000\0000000000\0");
    put(header, 124, "%011o".formatted(size));
    put(header, 136, "14000000000\0        ");
    header[156] = (byte) (path.endsWith("/") ? '5' : '0');
    put(header, 257, "ustar\00000");
    int sum = 0;
    for (byte b : header) {
      sum += b & 0xff;
    }
    put(header, 148, "%06o\0 ".formatted(sum));
    return header;
  }

  private static void put(byte[] header, int offset, String text) {
    byte[] bytes = text.getBytes(StandardCharsets.ISO_8859_1);
    System.arraycopy(bytes, 0, header, offset, bytes.length);
  }

  String digest() {
    return TestImage.digest(blob);
  }

  String descriptor() {
    return TestImage.descriptor(mediaType, blob);
  }
}
