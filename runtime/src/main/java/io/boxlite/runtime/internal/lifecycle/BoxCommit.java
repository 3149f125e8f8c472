package io.boxlite.runtime.internal.lifecycle;

import io.boxlite.api.CommitOptions;
import io.boxlite.api.ConfigException;
import io.boxlite.api.ImageInfo;
import io.boxlite.api.StorageException;
import io.boxlite.image.ImageCommit;
import io.boxlite.runtime.internal.portal.Portal;
import io.boxlite.runtime.internal.state.BoxRecord;
import java.io.IOException;
import java.io.InputStream;
import java.util.Map;

/// Makes one image of one box. Whoever calls holds the box's lock.
final class BoxCommit {
  private final BoxContext context;
  private final ImageCommit commit;

  /// Checks what is wanted, before anything changes.
  ///
  /// @throws ConfigException if the name or a change is malformed
  BoxCommit(BoxContext context, CommitOptions options) {
    this.context = context;
    this.commit = ImageCommit.of(options);
  }

  /// Makes the image of a box, whose processes stand still until all it has changed is here.
  ImageInfo of(BoxRecord box, Portal portal) {
    try (InputStream changes = portal.exportChanges()) {
      return context.images().commit(context.image(box), changes, commit).info();
    } catch (IOException e) {
      throw new StorageException("image_store", "read " + box.id() + ": " + e, e, Map.of());
    }
  }
}
