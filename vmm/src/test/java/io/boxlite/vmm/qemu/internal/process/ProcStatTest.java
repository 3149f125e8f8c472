package io.boxlite.vmm.qemu.internal.process;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.api.Test;

class ProcStatTest {

  @Test
  void namesWithBracketsAndSpacesAreSkipped() {
    ProcStat stat =
        ProcStat.parse(
            "42 (a) Z 1 (b)) S 1 42 42 0 -1 4194560 1 2 3 4 150 50 7 8 20 0 1 0 98765 1000 321 9\n");
    assertThat(stat).isEqualTo(new ProcStat('S', 200, 98765, 321));
    assertThat(stat.cpuTime()).isEqualTo(Duration.ofSeconds(2));
    assertThat(stat.ended()).isFalse();
  }

  @Test
  void thisProcessIsFoundAndOthersAreNot() {
    assertThat(ProcStat.of(ProcessHandle.current().pid()).orElseThrow().startTime()).isPositive();
    assertThat(ProcStat.of(Integer.MAX_VALUE)).isEmpty();
  }
}
