package io.boxlite.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.InputStream;
import java.io.OutputStream;
import java.security.DigestInputStream;
import java.security.DigestOutputStream;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// Many boxes, many execs, many bytes.
class LoadIT {
  private static final long STREAM_BYTES = 1L << 30;
  private static final long MAX_HEAP_MIB = 256;

  @AutoClose private TestHome home;

  @BeforeEach
  void open() {
    home = new TestHome();
  }

  @Test
  void aGibibyteThroughCatBothWaysAtOnceIsIdentical() throws Exception {
    home.run("run", "-d", "--name", "cat", "base", "sleep", "100000").ok();
    assertThat(maxHeapMib(home.supervisor())).isLessThan(MAX_HEAP_MIB);
    Process process = home.start("exec", "-i", "cat", "--", "cat");
    MessageDigest sent = MessageDigest.getInstance("SHA-256");
    MessageDigest received = MessageDigest.getInstance("SHA-256");
    try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      Future<?> writing =
          threads.submit(() -> {
            byte[] block = new byte[1 << 20];
            Random random = new Random(7);
            try (OutputStream out = new DigestOutputStream(process.getOutputStream(), sent)) {
              for (long done = 0; done < STREAM_BYTES; done += block.length) {
                random.nextBytes(block);
                out.write(block);
              }
            }
            return null;
          });
      Future<Long> reading =
          threads.submit(() -> {
            try (InputStream in = new DigestInputStream(process.getInputStream(), received)) {
              return in.transferTo(OutputStream.nullOutputStream());
            }
          });
      writing.get();
      assertThat(reading.get()).isEqualTo(STREAM_BYTES);
    }
    assertThat(process.waitFor()).isZero();
    assertThat(received.digest()).isEqualTo(sent.digest());
    home.run("rm", "-f", "cat").ok();
  }

  private static long maxHeapMib(ProcessHandle supervisor) {
    // Not of its ProcessHandle.Info: that is empty when the arguments are longer than a page.
    for (String argument : TestHome.commandLine(supervisor).split(" ")) {
      if (argument.matches("-Xmx[0-9]+m")) {
        return Long.parseLong(argument.substring(4, argument.length() - 1));
      }
    }
    return Long.MAX_VALUE;
  }

  @Test
  void twentyBoxesAtOnceAllAnswerAndNoneIsLeft() throws Exception {
    List<Callable<TestHome.Result>> starts = new ArrayList<>();
    for (int i = 0; i < 20; i++) {
      String name = "box" + i;
      starts.add(
          () -> home.run("run", "-d", "--memory", "128", "--name", name, "base", "sleep", "9999"));
    }
    List<String> ids = new ArrayList<>();
    try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      for (Future<TestHome.Result> start : threads.invokeAll(starts)) {
        ids.add(start.get().ok().out().strip());
      }
    }
    for (int i = 0; i < 20; i++) {
      assertThat(home.run("exec", "box" + i, "--", "echo", "I am " + i).ok().out())
          .isEqualTo("I am " + i + "\n");
    }
    List<String> remove = new ArrayList<>(List.of("rm", "-f"));
    remove.addAll(ids);
    home.run(remove.toArray(String[]::new)).ok();
    assertThat(home.vms()).isEmpty();
    assertThat(home.boxDirectories()).isEmpty();
  }

  @Test
  void fiftyExecsAtOnceEachGetTheirOwnOutputWhole() throws Exception {
    home.run("run", "-d", "--name", "busy", "base", "sleep", "9999").ok();
    try (var boxlite = io.boxlite.api.Boxlite.open(home.home());
        ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      var box = boxlite.get("busy").orElseThrow();
      List<Future<String>> outputs = new ArrayList<>();
      for (int i = 0; i < 50; i++) {
        String script = "seq 1 2000; echo end " + i;
        outputs.add(
            threads.submit(() -> {
              var execution = box.exec(io.boxlite.api.ExecOptions.of("sh", "-c", script));
              String out = new String(execution.stdout().readAllBytes());
              assertThat(execution.waitFor().code()).isZero();
              return out;
            }));
      }
      for (int i = 0; i < 50; i++) {
        assertThat(outputs.get(i).get()).startsWith("1\n2\n").endsWith("2000\nend " + i + "\n");
      }
    }
    home.run("rm", "-f", "busy").ok();
  }
}
