package io.boxlite.image;

import io.boxlite.api.CommitOptions;
import io.boxlite.api.ConfigException;
import io.boxlite.image.internal.store.CommitChanges;
import java.util.List;

/// How an image is made of a box, checked. Immutable.
///
/// @param reference name that it gets
/// @param author who makes it, or empty
/// @param message comment for its history, or empty
/// @param changes instructions as in a Dockerfile
/// @since 0.1
public record ImageCommit(
    ImageReference reference, String author, String message, List<String> changes) {

  /// Checks the parts.
  ///
  /// @throws ConfigException if the name has a digest, or a change is malformed
  public ImageCommit {
    changes = List.copyOf(changes);
    if (reference.digest().isPresent()) {
      throw new ConfigException(
          "invalid_reference", "name '" + reference + "' has a digest; give a tag");
    }
    CommitChanges.check(changes);
  }

  /// Reads what a caller gave.
  ///
  /// @param options as given
  /// @return the same, checked
  /// @throws ConfigException if the name or a change is malformed
  public static ImageCommit of(CommitOptions options) {
    return new ImageCommit(
        ImageReference.parse(options.reference()),
        options.author(),
        options.message(),
        options.changes());
  }
}
