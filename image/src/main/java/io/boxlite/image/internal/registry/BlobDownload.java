package io.boxlite.image.internal.registry;

import io.boxlite.api.ImageException;
import io.boxlite.image.internal.oci.Descriptor;
import java.io.IOException;
import java.util.Map;
import java.util.OptionalLong;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// Asks for a blob, or the rest of it. Immutable.
final class BlobDownload {
  private static final Pattern CONTENT_RANGE =
      Pattern.compile("bytes ([0-9]{1,18})-([0-9]{1,18})/([0-9]{1,18}|\\*)");

  private final RegistryCaller caller;
  private final Descriptor blob;
  private final String what;

  BlobDownload(RegistryCaller caller, Descriptor blob) {
    this.caller = caller;
    this.blob = blob;
    what = "layer or configuration " + blob.checkedDigest() + " of " + caller.repository();
  }

  Tries tries() {
    return caller.tries();
  }

  TransientException lost(IOException cause) throws TransientException {
    return Errors.lost(caller.registry(), what, cause);
  }

  /// Asks once.
  ///
  /// @param position of the first byte that is wanted; below the size
  /// @return with status 206 from that position on, with status 200 from the beginning
  Answer open(long position) throws TransientException {
    Map<String, String> headers =
        position == 0 ? Map.of() : Map.of("Range", "bytes=" + position + "-");
    Answer answer = caller.once(what, "GET", "blobs/" + blob.checkedDigest(), headers);
    boolean good = false;
    try {
      switch (answer.status()) {
        case 200 -> checkSize(answer.length());
        case 206 -> checkRange(answer, position);
        case 416 -> throw wrongSize("less");
        default -> throw caller.failure(answer, what);
      }
      good = true;
      return answer;
    } finally {
      if (!good) {
        answer.close();
      }
    }
  }

  private void checkSize(OptionalLong length) {
    if (length.isPresent() && length.getAsLong() != blob.size()) {
      throw wrongSize(Long.toString(length.getAsLong()));
    }
  }

  private void checkRange(Answer answer, long position) {
    Matcher range = CONTENT_RANGE.matcher(answer.header("Content-Range").orElse(""));
    if (!range.matches()
        || Long.parseLong(range.group(1)) != position
        || Long.parseLong(range.group(2)) < position
        || Long.parseLong(range.group(2)) >= blob.size()) {
      throw Errors.badAnswer(
          caller.registry(), what, "it sent another part of it than was asked for");
    }
    if (!range.group(3).equals("*")) {
      checkSize(OptionalLong.of(Long.parseLong(range.group(3))));
    }
  }

  private ImageException wrongSize(String has) {
    return new ImageException(
        "size_mismatch",
        what
            + ": the manifest says "
            + blob.size()
            + " bytes, "
            + caller.registry()
            + " has "
            + has
            + "; the image is damaged: push it again",
        null,
        Map.of("registry", caller.registry(), "digest", blob.checkedDigest().toString()));
  }
}
