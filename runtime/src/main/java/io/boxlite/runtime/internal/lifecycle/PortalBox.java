package io.boxlite.runtime.internal.lifecycle;

import io.boxlite.api.Box;
import io.boxlite.api.CopyOptions;
import io.boxlite.api.StorageException;
import io.boxlite.runtime.internal.portal.Portal;
import java.io.IOException;
import java.io.InputStream;
import java.util.List;
import java.util.Map;
import java.util.function.Function;

/// What a box does by its agent alone, whether it runs or not.
abstract sealed class PortalBox implements Box permits LocalBox {
  /// Does something with the agent. A box that does not run is there for that long, without its
  /// main command.
  ///
  /// @param work given the portal
  /// @return its result
  abstract <T> T withAgent(Function<Portal, T> work);

  @Override
  public final List<String> copyIn(InputStream tar, String boxTarget, CopyOptions options) {
    return withAgent(portal -> portal.copyIn(tar, boxTarget, options));
  }

  @Override
  public final void copyOut(String boxSource, CopyOptions options, TarConsumer consumer) {
    withAgent(portal -> {
      try (InputStream tar = portal.copyOut(boxSource, options)) {
        consumer.accept(tar);
        return true;
      } catch (IOException e) {
        throw new StorageException(
            "copy_failed", "copy of " + boxSource + ": " + e.getMessage(), e, Map.of());
      }
    });
  }
}
