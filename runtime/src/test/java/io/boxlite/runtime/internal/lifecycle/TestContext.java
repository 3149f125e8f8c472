package io.boxlite.runtime.internal.lifecycle;

import io.boxlite.api.BoxOptions;
import io.boxlite.api.NetworkOptions;
import io.boxlite.image.ImageLimits;
import io.boxlite.image.ImageStore;
import io.boxlite.runtime.RuntimeOptions;
import io.boxlite.runtime.internal.disk.BoxDisks;
import io.boxlite.runtime.internal.disk.KeptDisks;
import io.boxlite.runtime.internal.layout.HomeLayout;
import io.boxlite.runtime.internal.network.BoxNetworks;
import io.boxlite.runtime.internal.state.BoxStore;
import io.boxlite.runtime.internal.vm.VmSource;
import io.boxlite.runtime.internal.volume.LocalVolumes;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.OptionalInt;
import java.util.function.Consumer;
import java.util.stream.Stream;

/// What boxes of a test work with: real files, VMs of a [FakeDriver].
final class TestContext {
  private TestContext() {}

  /// {@return a box whose network needs no process}
  static BoxOptions.Builder tiny() {
    return BoxOptions.ofImage("tiny").network(NetworkOptions.DISABLED);
  }

  static BoxContext of(
      Path directory,
      HomeLayout layout,
      ImageStore images,
      FakeDriver driver,
      Timing timing,
      Consumer<String> onRemoved)
      throws IOException {
    Path guest = Files.writeString(directory.resolve("guest"), "kernel");
    RuntimeOptions options =
        new RuntimeOptions(
            "tcg",
            guest,
            guest,
            guest,
            guest,
            "127.0.0.1",
            java.util.List.of(),
            java.util.Optional.empty(),
            java.util.Optional.empty(),
            directory,
            directory,
            Duration.ofSeconds(10),
            OptionalInt.of(0),
            false,
            List.of(),
            ImageLimits.DEFAULT);
    BoxDisks disks = new BoxDisks(layout.baseDisks());
    return new BoxContext(
        options,
        layout,
        BoxStore.open(layout),
        images,
        new LocalVolumes(layout, Stream::empty),
        new BoxNetworks(options, layout),
        disks,
        new KeptDisks(layout.keptDisks(), () -> new KeptDisks.Roots(List.of(), java.util.Set.of())),
        driver,
        new VmSource(
            options, layout, driver, disks, () -> ContainerRequests.prepare(Instant.now())),
        new Counters(),
        timing,
        (_, _, _) -> {
          throw new UnsupportedOperationException();
        },
        onRemoved);
  }
}
