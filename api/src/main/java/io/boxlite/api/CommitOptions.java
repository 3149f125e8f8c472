package io.boxlite.api;

import java.util.List;

/// How an image is made of a box. Immutable.
///
/// @param reference name of the image, as a user writes it
/// @param author who makes it, or empty
/// @param message comment for its history, or empty
/// @param changes instructions as in a Dockerfile, such as `CMD ["sh"]`: CMD, ENTRYPOINT, ENV,
///   EXPOSE, LABEL, STOPSIGNAL, USER, VOLUME and WORKDIR
/// @since 0.1
public record CommitOptions(String reference, String author, String message, List<String> changes) {
  /// Copies the list.
  public CommitOptions {
    changes = List.copyOf(changes);
  }

  /// Only a name.
  ///
  /// @param reference name of the image
  /// @return the options
  public static CommitOptions of(String reference) {
    return new CommitOptions(reference, "", "", List.of());
  }
}
