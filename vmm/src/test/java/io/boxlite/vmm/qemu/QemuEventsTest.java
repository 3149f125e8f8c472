package io.boxlite.vmm.qemu;

import static org.assertj.core.api.Assertions.assertThat;

import io.boxlite.vmm.qemu.internal.qmp.QmpEvent;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class QemuEventsTest {
  private static QmpEvent error(String action) {
    return new QmpEvent(
        "BLOCK_IO_ERROR",
        Map.of("action", action, "operation", "read", "reason", "Input/output error"));
  }

  @Test
  void errorsThatAGuestCausesWithoutEndAreToldOnce() {
    List<String> logged = new ArrayList<>();
    QemuEvents events = new QemuEvents("box", logged::add);
    for (int i = 0; i < 100_000; i++) {
      events.accept(error("report"));
    }
    assertThat(logged).hasSize(1).first().asString().contains("vm box: read of a disk failed");
  }

  @Test
  void stopIsToldEachTime() {
    QemuEvents events = new QemuEvents("box");
    AtomicInteger stops = new AtomicInteger();
    events.accept(new QmpEvent("STOP", Map.of()));
    events.onStop(stops::incrementAndGet);
    events.accept(error("stop"));
    events.accept(new QmpEvent("STOP", Map.of()));
    events.accept(new QmpEvent("STOP", Map.of()));
    assertThat(stops).hasValue(2);
  }
}
