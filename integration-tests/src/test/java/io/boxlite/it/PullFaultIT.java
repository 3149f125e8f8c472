package io.boxlite.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import io.boxlite.api.Boxlite;
import io.boxlite.api.ImageException;
import io.boxlite.api.ImageRegistry;
import io.boxlite.api.NetworkException;
import io.boxlite.api.StorageException;
import io.boxlite.it.FaultyProxy.Fault;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Whatever happens to a pull, it says which kind of thing failed, the store stays valid, and the
/// next pull completes.
class PullFaultIT {
  private static final int LAYER_BYTES = 2 << 20;
  private static final int EVER = Integer.MAX_VALUE;
  private static final Map<String, String> NOW = Map.of("Retry-After", "0");

  @TempDir private Path directory;
  private RegistryServer registry;
  private FaultyProxy proxy;
  private TestHome home;
  private StoreChecks store;

  @BeforeEach
  void open() throws Exception {
    registry = new RegistryServer(directory.resolve("registry"));
    proxy = new FaultyProxy(registry);
    home = TestHome.withoutTemplates(Map.of());
    store = new StoreChecks(home);
  }

  @AfterEach
  void close() {
    try (RegistryServer _ = registry;
        FaultyProxy _ = proxy) {
      home.close();
    }
  }

  private Boxlite runtime() {
    ImageRegistry entry = RegistryServer.overHttp(proxy.host());
    return Boxlite.open(home.home(), List.of(entry));
  }

  private String reference(String name) {
    return proxy.host() + "/it/" + name + ":1";
  }

  private TestLayer push(String name, long seed) throws Exception {
    TestLayer layer = TestLayer.random(seed, LAYER_BYTES);
    TestImage.of(layer).push(registry, "it/" + name, "1");
    return layer;
  }

  private void completes(Boxlite boxlite, String name, TestLayer... layers) {
    assertThat(boxlite.images().pull(reference(name)).layerCount()).isEqualTo(layers.length);
    for (TestLayer layer : layers) {
      assertThat(store.hasBlob(layer)).isTrue();
      assertThat(store.hasConverted(layer)).isTrue();
      assertThat(store.partialBytes(layer)).isZero();
    }
    store.isValid(boxlite);
  }

  @Test
  void pullGoesOnWhereItWasCutInEveryTenthOfALayer() throws Exception {
    try (Boxlite boxlite = runtime()) {
      for (int tenth = 0; tenth < 10; tenth++) {
        TestLayer layer = push("cut" + tenth, tenth);
        double share = (tenth + 0.5) / 10;
        proxy.fail(layer.digest(), new Fault.Cut(share), 1);
        assertThat(boxlite.images().pull(reference("cut" + tenth)).layerCount()).isOne();
        String rest = "bytes=" + (long) (share * layer.blob().length) + "-";
        assertThat(proxy.gets(layer))
            .last()
            .satisfies(request -> assertThat(request.range()).contains(rest));
      }
      store.isValid(boxlite);
    }
  }

  @Test
  void nextPullGoesOnWhereOneWasGivenUp() throws Exception {
    try (Boxlite boxlite = runtime()) {
      TestLayer layer = push("cut", 20);
      proxy.fail(layer.digest(), new Fault.Cut(0.3), EVER);
      assertThat(catchThrowable(() -> boxlite.images().pull(reference("cut"))))
          .isInstanceOf(NetworkException.class);
      assertThat(store.hasBlob(layer)).isFalse();
      assertThat(boxlite.images().get(reference("cut"))).isEmpty();
      store.isValid(boxlite);
      proxy.mend();
      proxy.forget();
      completes(boxlite, "cut", layer);
      String rest = "bytes=" + (long) (0.3 * layer.blob().length) + "-";
      assertThat(proxy.gets(layer))
          .singleElement()
          .satisfies(request -> assertThat(request.range()).contains(rest));
    }
  }

  @Test
  void bytesThatAreNotThoseOfTheDigestAreRefusedAndFetchedAgain() throws Exception {
    try (Boxlite boxlite = runtime()) {
      TestLayer layer = push("bad", 21);
      for (Fault fault : List.of(new Fault.Corrupt(0.5), new Fault.Truncate(0.5))) {
        proxy.fail(layer.digest(), fault, EVER);
        assertThat(catchThrowable(() -> boxlite.images().pull(reference("bad"))))
            .as("%s", fault)
            .isInstanceOf(ImageException.class);
        assertThat(store.hasBlob(layer)).isFalse();
        store.isValid(boxlite);
        proxy.mend();
      }
      completes(boxlite, "bad", layer);
    }
  }

  /// Each against a repository of its own, all at once: most of it is waiting. A stall too, which
  /// is noticed after 30 s.
  @Test
  void refusalsAndStallsAreToldByTheirKind() throws Exception {
    CountDownLatch never = new CountDownLatch(1);
    Map<String, Fault> faults = new LinkedHashMap<>();
    for (int status : List.of(401, 403, 404)) {
      faults.put("image" + status, new Fault.Answer(status, Map.of()));
    }
    faults.put("network429", new Fault.Answer(429, NOW));
    faults.put("network500", new Fault.Answer(500, NOW));
    faults.put("again429", new Fault.Answer(429, Map.of("Retry-After", "1")));
    faults.put("again500", new Fault.Answer(500, NOW));
    faults.put("again-stall", new Fault.Hold(0.5, never));
    List<TestLayer> layers = new ArrayList<>();
    for (Map.Entry<String, Fault> fault : faults.entrySet()) {
      layers.add(push(fault.getKey(), 30 + layers.size()));
      proxy.fail(
          "it/" + fault.getKey() + "/blobs/" + layers.getLast().digest(),
          fault.getValue(),
          fault.getKey().startsWith("again") ? 1 : EVER);
    }
    try (Boxlite boxlite = runtime();
        ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      Map<String, Future<Throwable>> failures = new LinkedHashMap<>();
      for (String name : faults.keySet()) {
        failures.put(
            name,
            threads.submit(() -> catchThrowable(() -> boxlite.images().pull(reference(name)))));
      }
      for (Map.Entry<String, Future<Throwable>> failure : failures.entrySet()) {
        String name = failure.getKey();
        if (name.startsWith("again")) {
          assertThat(failure.getValue().get()).as(name).isNull();
        } else {
          assertThat(failure.getValue().get())
              .as(name)
              .isInstanceOf(
                  name.startsWith("image") ? ImageException.class : NetworkException.class);
        }
      }
      store.isValid(boxlite);
      proxy.mend();
      int i = 0;
      for (String name : faults.keySet()) {
        assertThat(boxlite.images().pull(reference(name)).layerCount()).isOne();
        assertThat(store.hasConverted(layers.get(i++))).isTrue();
      }
      store.isValid(boxlite);
    } finally {
      never.countDown();
    }
  }

  @Test
  void manifestsAreRefusedByTheirKindToo() throws Exception {
    TestLayer layer = push("manifest", 22);
    try (Boxlite boxlite = runtime()) {
      for (int status : List.of(401, 403, 404)) {
        proxy.fail("/manifests/", new Fault.Answer(status, Map.of()), EVER);
        assertThat(catchThrowable(() -> boxlite.images().pull(reference("manifest"))))
            .as("status %s", status)
            .isInstanceOf(ImageException.class);
        proxy.mend();
      }
      completes(boxlite, "manifest", layer);
    }
  }

  @Test
  void fullDiskIsAStorageErrorAndNothingIsLost() throws Exception {
    TestLayer layer = TestLayer.random(23, 24 << 20);
    TestImage.of(layer).push(registry, "it/big", "1");
    Files.createDirectories(home.home());
    String mount = home.home().toString();
    store.run("mount", "-t", "tmpfs", "-o", "size=16m,mode=700", "tmpfs", mount);
    try {
      try (Boxlite boxlite = runtime()) {
        assertThat(catchThrowable(() -> boxlite.images().pull(reference("big"))))
            .isInstanceOf(StorageException.class);
        assertThat(boxlite.images().get(reference("big"))).isEmpty();
        store.isValid(boxlite);
        store.run("mount", "-o", "remount,size=256m", mount);
        completes(boxlite, "big", layer);
      }
    } finally {
      store.run("umount", mount);
    }
  }

  @Test
  void killedSupervisorLeavesWhatTheNextGoesOnFrom() throws Exception {
    TestLayer whole = TestLayer.random(24, LAYER_BYTES);
    TestLayer half = TestLayer.random(25, LAYER_BYTES);
    TestImage.of(whole, half).push(registry, "it/killed", "1");
    CountDownLatch never = new CountDownLatch(1);
    proxy.fail(half.digest(), new Fault.Hold(0.5, never), 1);
    long there = half.blob().length / 2;
    home.run("list").ok(); // starts a supervisor
    try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
        Boxlite client = runtime()) {
      Future<Throwable> pull =
          threads.submit(() -> catchThrowable(() -> client.images().pull(reference("killed"))));
      TestHome.await(
          "one layer and a half",
          () -> store.hasConverted(whole) && store.partialBytes(half) == there);
      ProcessHandle supervisor = home.supervisor();
      supervisor.destroyForcibly();
      TestHome.await("supervisor ended", () -> !supervisor.isAlive());
      assertThat(pull.get()).isInstanceOf(io.boxlite.api.BoxliteException.class);
    } finally {
      never.countDown();
    }
    proxy.forget();
    try (Boxlite boxlite = runtime()) {
      store.isValid(boxlite);
      completes(boxlite, "killed", whole, half);
      assertThat(proxy.gets(whole)).isEmpty();
      assertThat(proxy.gets(half))
          .singleElement()
          .satisfies(request -> assertThat(request.range()).contains("bytes=" + there + "-"));
    }
  }
}
