package io.boxlite.runtime.internal.vm;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class HostMemoryTest {
  private static String meminfo(long totalMib, long availableMib) {
    return "MemTotal:       "
        + totalMib * 1024
        + " kB\nMemFree:          100 kB\nMemAvailable:   "
        + availableMib * 1024
        + " kB\n";
  }

  @Test
  void aTenthOfALargeHostStaysFree() {
    assertThat(HostMemory.hasRoomFor(512, meminfo(100_000, 10_512))).isTrue();
    assertThat(HostMemory.hasRoomFor(512, meminfo(100_000, 10_511))).isFalse();
  }

  @Test
  void oneGibibyteOfASmallHostStaysFree() {
    assertThat(HostMemory.hasRoomFor(512, meminfo(4096, 1536))).isTrue();
    assertThat(HostMemory.hasRoomFor(512, meminfo(4096, 1535))).isFalse();
  }

  @Test
  void aHostThatDoesNotSayHasNoRoom() {
    assertThat(HostMemory.hasRoomFor(1, "MemTotal: 1000000000 kB\n")).isFalse();
    assertThat(HostMemory.hasRoomFor(1, "")).isFalse();
  }

  @Test
  void thisHostSays() {
    assertThat(HostMemory.hasRoomFor(1 << 30)).isFalse();
  }
}
