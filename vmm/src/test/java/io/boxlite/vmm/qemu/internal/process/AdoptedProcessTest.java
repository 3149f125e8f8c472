package io.boxlite.vmm.qemu.internal.process;

import static org.assertj.core.api.Assertions.assertThat;

import io.boxlite.vmm.VmProcess;
import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(30)
class AdoptedProcessTest {
  private VmProcess orphan;

  /// A process that is not our child: its parent, a shell, ends at once.
  @BeforeEach
  void startOrphan() throws IOException {
    Process shell = new ProcessBuilder("sh", "-c", "sleep 60 >/dev/null 2>&1 & echo $!").start();
    String pid = new String(shell.getInputStream().readAllBytes()).strip();
    long startTime = ProcStat.of(Long.parseLong(pid)).orElseThrow().startTime();
    orphan = new VmProcess(Long.parseLong(pid), startTime);
  }

  @AfterEach
  void endOrphan() {
    ProcessHandle.of(orphan.pid()).ifPresent(ProcessHandle::destroyForcibly);
  }

  @Test
  void itsEndIsNoticedAtOnceThoughNobodyReapsIt() throws Exception {
    try (HostProcess process = HostProcess.adopt(orphan).orElseThrow()) {
      assertThat(process.awaitExit(Duration.ofMillis(20))).isFalse();
      assertThat(process.usage()).isPresent();
      process.kill();
      // The JVM's own watch of such a process looks once in a while, up to seconds apart.
      process.onExit().get(500, TimeUnit.MILLISECONDS);
      assertThat(process.isAlive()).isFalse();
      assertThat(process.usage()).isEmpty();
      process.kill();
    }
    assertThat(HostProcess.adopt(orphan)).isEmpty();
  }

  @Test
  void anotherStartTimeIsAnotherProcess() {
    assertThat(HostProcess.adopt(new VmProcess(orphan.pid(), orphan.startTime() + 1))).isEmpty();
    assertThat(ProcessHandle.of(orphan.pid()).orElseThrow().isAlive()).isTrue();
  }

  @Test
  void closeEndsTheWatchAndNotTheProcess() throws Exception {
    HostProcess process = HostProcess.adopt(orphan).orElseThrow();
    Thread watch =
        Thread.getAllStackTraces().keySet().stream()
            .filter(t -> t.getName().equals("vm-exit " + orphan.pid()))
            .findFirst()
            .orElseThrow();
    process.close();
    process.close();
    assertThat(watch.join(Duration.ofSeconds(10))).isTrue();
    process.kill();
    assertThat(ProcessHandle.of(orphan.pid()).orElseThrow().isAlive()).isTrue();
  }
}
