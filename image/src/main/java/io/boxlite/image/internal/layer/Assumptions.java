package io.boxlite.image.internal.layer;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import io.boxlite.image.internal.erofs.ErofsImage;
import io.boxlite.image.internal.erofs.FileType;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/// What the conversion of a layer took for granted about the layers below, which it did not know.
/// Where it does not hold, the layer has to be converted again with those layers. Immutable.
public final class Assumptions {
  /// Bytes of all paths: 16 MiB.
  static final int MAX_BYTES = 16 << 20;

  private static final int FORMAT = 1;

  /// What is assumed of a path in the layers below.
  enum Below {
    /// It is no symbolic link: the layer has files in a directory of this name.
    NO_LINK('l'),
    /// It is neither that nor a directory: the layer's own, which its archive does not mention, has
    /// attributes that were made up.
    NO_DIRECTORY('d'),
    /// It does not exist: a hard link to it was taken for one to a later file of the layer.
    NOTHING('n'),
    /// It is the root and has no files: an opaque root hides nothing of them.
    EMPTY('e');

    private final char code;

    Below(char code) {
      this.code = code;
    }

    static Optional<Below> of(byte code) {
      return Arrays.stream(values()).filter(below -> below.code == code).findFirst();
    }
  }

  /// Nothing is assumed.
  public static final Assumptions NONE = new Assumptions(Map.of(), true);

  /// Never holds: the layer has hard links to files that are not in it, or there is more to assume
  /// than is worth being kept.
  static final Assumptions FALSE = new Assumptions(Map.of(), false);

  private final Map<String, Below> paths;
  private final boolean possible;

  private Assumptions(Map<String, Below> paths, boolean possible) {
    this.paths = paths;
    this.possible = possible;
  }

  /// Makes them.
  ///
  /// @param paths what is assumed of each path, in Latin-1, relative to the root, without links
  static Assumptions of(Map<String, Below> paths) {
    return new Assumptions(new TreeMap<>(paths), true);
  }

  /// {@return whether nothing was assumed: the layer is the same over any others}
  public boolean isEmpty() {
    return possible && paths.isEmpty();
  }

  /// Checks them against what the layers below really are.
  ///
  /// @param lower the layers below, known: [LowerFiles#open], of no files below the lowest layer
  /// @return whether a conversion that knew them would have come to the same
  /// @throws IOException if they cannot be read
  public boolean hold(LowerFiles lower) throws IOException {
    for (Map.Entry<String, Below> assumed : paths.entrySet()) {
      if (!holds(assumed.getKey(), assumed.getValue(), lower)) {
        return false;
      }
    }
    return possible;
  }

  private static boolean holds(String path, Below below, LowerFiles lower) throws IOException {
    if (below == Below.EMPTY) {
      return lower.rootNames().isEmpty();
    }
    Optional<ErofsImage.File> file = lower.lookup(List.of(path.split("/", -1)));
    if (file.isEmpty()) {
      return true;
    }
    return switch (below) {
      case NO_LINK -> file.get().type() != FileType.SYMBOLIC_LINK;
      case NO_DIRECTORY -> file.get().type() != FileType.SYMBOLIC_LINK && !file.get().isDirectory();
      case NOTHING, EMPTY -> false;
    };
  }

  /// {@return them as bytes, for [#decode]}
  public byte[] encode() {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    DataOutputStream out = new DataOutputStream(bytes);
    try {
      out.writeByte(FORMAT);
      out.writeBoolean(possible);
      out.writeInt(paths.size());
      for (Map.Entry<String, Below> path : paths.entrySet()) {
        out.writeByte(path.getValue().code);
        out.writeInt(path.getKey().length());
        out.write(path.getKey().getBytes(ISO_8859_1));
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e); // an array takes everything
    }
    return bytes.toByteArray();
  }

  /// Reads what [#encode] made.
  ///
  /// @return them; such as never hold if the bytes are damaged, so that the layer is converted
  ///   again
  public static Assumptions decode(byte[] encoded) {
    DataInputStream in = new DataInputStream(new ByteArrayInputStream(encoded));
    try {
      if (in.readByte() != FORMAT || !in.readBoolean()) {
        return FALSE;
      }
      Map<String, Below> paths = new TreeMap<>();
      for (int left = in.readInt(); left > 0; left--) {
        Optional<Below> below = Below.of(in.readByte());
        int length = in.readInt();
        if (below.isEmpty() || length < 0 || length > in.available()) {
          return FALSE;
        }
        paths.put(new String(in.readNBytes(length), ISO_8859_1), below.get());
      }
      return new Assumptions(paths, true);
    } catch (IOException _) {
      return FALSE; // shorter than it says
    }
  }
}
