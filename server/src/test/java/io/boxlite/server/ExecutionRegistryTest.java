package io.boxlite.server;

import static org.assertj.core.api.Assertions.assertThat;

import io.boxlite.api.BoxOptions;
import io.boxlite.api.ExecOptions;
import io.boxlite.api.ExitStatus;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(30)
class ExecutionRegistryTest {
  private final FakeBoxlite fake = new FakeBoxlite();
  private final ExecutionRegistry registry = new ExecutionRegistry();
  private final FakeBoxlite.FakeBox box = box();

  private FakeBoxlite.FakeBox box() {
    fake.create(BoxOptions.ofImage("base").build());
    return fake.only();
  }

  @Test
  void everybodyWhoFindsACommandAtOnceGetsTheSameHub() throws Exception {
    for (int round = 0; round < 200; round++) {
      String id = box.exec(ExecOptions.of("x")).id();
      Set<StreamHub> hubs = ConcurrentHashMap.newKeySet();
      CountDownLatch go = new CountDownLatch(1);
      Thread[] threads = new Thread[8];
      for (int i = 0; i < threads.length; i++) {
        threads[i] =
            Thread.ofPlatform()
                .start(() -> {
                  awaitQuietly(go);
                  hubs.add(registry.find(box, id));
                });
      }
      go.countDown();
      for (Thread thread : threads) {
        thread.join();
      }
      assertThat(hubs).hasSize(1);
    }
  }

  private static void awaitQuietly(CountDownLatch latch) {
    try {
      latch.await();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  @Test
  void aMainCommandFoundByItsIdFirstStillEndsAsAMainCommand() {
    box.executions.put(box.main.id(), box.main);
    StreamHub found = registry.find(box, box.main.id());
    assertThat(registry.main(box)).isSameAs(found);
    assertThat(found.exitCode(new ExitStatus(0, 9, false))).isEqualTo(137);
  }

  @Test
  void theNextRunOfABoxGetsAHubOfItsOwn() throws Exception {
    StreamHub first = registry.main(box);
    box.main.end(0);
    while (!first.hasExited()) {
      Thread.onSpinWait();
    }
    box.main = new FakeExecution(box.main.id(), false);
    assertThat(registry.main(box)).isNotSameAs(first);
  }
}
