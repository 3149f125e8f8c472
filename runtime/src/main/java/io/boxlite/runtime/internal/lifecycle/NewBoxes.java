package io.boxlite.runtime.internal.lifecycle;

import io.boxlite.api.BoxOptions;
import io.boxlite.runtime.internal.layout.BoxLayout;
import java.util.function.Consumer;

/// Makes boxes that have a disk from their beginning. Thread-safe.
public interface NewBoxes {
  /// Makes a box that is stopped.
  ///
  /// @param options of the box, with the values of its secrets; without ids of volumes of its own
  /// @param imageId of the image that its disk lies over
  /// @param disk makes its disk
  /// @return the box
  LocalBox make(BoxOptions options, String imageId, Consumer<BoxLayout> disk);
}
