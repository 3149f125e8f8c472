package io.boxlite.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.boxlite.api.Box;
import io.boxlite.api.BoxOptions;
import io.boxlite.api.ExecOptions;
import io.boxlite.api.Execution;
import io.boxlite.api.ExitStatus;
import io.boxlite.api.InvalidStateException;
import io.boxlite.api.PortalException;
import io.boxlite.client.RemoteBoxlite;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@OnEachTransport
@Timeout(60)
class AttachTest extends ServedTest {
  private static String text(InputStream stream) throws Exception {
    return new String(stream.readAllBytes(), StandardCharsets.UTF_8);
  }

  @Test
  void outputBeforeTheAttachAndBothStreamsArrive() throws Exception {
    Execution execution = running().exec(ExecOptions.of("x"));
    FakeExecution command = fake.only().execution(execution);
    command.out.write("early ");
    command.err.write("problem");
    InputStream out = execution.stdout();
    command.out.write("späte");
    command.end(7);
    assertThat(text(out)).isEqualTo("early späte");
    assertThat(text(execution.stderr())).isEqualTo("problem");
    assertThat(execution.waitFor()).isEqualTo(new ExitStatus(7, 0, false));
  }

  @Test
  void stdinReachesTheCommandAndItsEnd() throws Exception {
    Execution execution = running().exec(ExecOptions.of("cat"));
    FakeExecution command = fake.only().execution(execution);
    execution.stdin().write("hello".getBytes(StandardCharsets.UTF_8));
    execution.stdin().close();
    assertThat(text(command.in.source)).isEqualTo("hello");
    command.end(0);
    assertThat(execution.waitFor().code()).isZero();
  }

  @Test
  void deathBySignalAndTimeoutComeBack() throws Exception {
    Execution execution = running().exec(ExecOptions.of("x"));
    fake.only().execution(execution).end(new ExitStatus(0, 9, true));
    assertThat(execution.waitFor()).isEqualTo(new ExitStatus(0, 9, true));
    Execution killed = client.get(fake.only().id).get().exec(ExecOptions.of("y"));
    killed.kill();
    assertThat(killed.waitFor()).isEqualTo(new ExitStatus(0, 9, false));
  }

  @Test
  void lostResultIsAPortalError() {
    Execution execution = running().exec(ExecOptions.of("x"));
    fake.only().execution(execution).loseExit();
    assertThatThrownBy(execution::waitFor).isInstanceOf(PortalException.class);
  }

  @Test
  void slowReaderHoldsTheCommandBackAndLosesNothing() throws Exception {
    int size = 64 * 1024 * 1024;
    Execution execution = running().exec(ExecOptions.of("x"));
    FakeExecution command = fake.only().execution(execution);
    MessageDigest sent = MessageDigest.getInstance("SHA-256");
    Thread writer =
        Thread.ofVirtual()
            .start(() -> {
              Random random = new Random(1);
              byte[] chunk = new byte[40_000];
              try {
                for (int left = size; left > 0; left -= chunk.length) {
                  random.nextBytes(chunk);
                  int part = Math.min(left, chunk.length);
                  sent.update(chunk, 0, part);
                  command.out.sink.write(chunk, 0, part);
                }
              } catch (java.io.IOException e) {
                throw new java.io.UncheckedIOException(e);
              }
              command.end(0);
            });
    InputStream out = execution.stdout();
    assertThat(out.read()).isGreaterThanOrEqualTo(0);
    long before = settled(command.out);
    assertThat(before).isLessThan(4 * 1024 * 1024 + transport.kernelBytes());
    MessageDigest got = MessageDigest.getInstance("SHA-256");
    byte[] first = new byte[40_000];
    new Random(1).nextBytes(first);
    got.update(first, 0, 1);
    byte[] buffer = new byte[65536];
    long total = 1;
    for (int n = out.read(buffer); n >= 0; n = out.read(buffer)) {
      got.update(buffer, 0, n);
      total += n;
    }
    writer.join();
    assertThat(total).isEqualTo(size);
    assertThat(got.digest()).isEqualTo(sent.digest());
  }

  private static long settled(FakeExecution.Pipe pipe) throws Exception {
    long last = -1;
    while (last != pipe.written()) {
      last = pipe.written();
      TimeUnit.MILLISECONDS.sleep(300); // nothing tells that a writer stands still
    }
    return last;
  }

  @Test
  void outputThatWasCutIsNotAnEnd() throws Exception {
    Execution execution = running().exec(ExecOptions.of("x"));
    InputStream out = execution.stdout();
    fake.only().execution(execution).out.write("part");
    assertThat(out.readNBytes(4)).hasSize(4);
    server.close();
    assertThatThrownBy(out::read)
        .hasMessageContaining("connection")
        .isInstanceOf(IOException.class);
  }

  @Test
  void aFailedKillLeavesTheCommandAttachable() throws Exception {
    Execution execution = running().exec(ExecOptions.of("x"));
    FakeExecution command = fake.only().execution(execution);
    command.killFails = true;
    assertThatThrownBy(execution::kill).isInstanceOf(PortalException.class);
    InputStream out = execution.stdout();
    command.out.write("alive");
    command.end(0);
    assertThat(text(out)).isEqualTo("alive");
  }

  @Test
  void fiftyAttachesAtOnce() throws Exception {
    Box box = running();
    List<Execution> all = new ArrayList<>();
    for (int i = 0; i < 50; i++) {
      Execution execution = box.exec(ExecOptions.of("x"));
      execution.stdout();
      all.add(execution);
    }
    for (Execution execution : all) {
      FakeExecution command = fake.only().execution(execution);
      command.out.write(execution.id());
      command.end(3);
    }
    for (Execution execution : all) {
      assertThat(text(execution.stdout())).isEqualTo(execution.id());
      assertThat(execution.waitFor().code()).isEqualTo(3);
    }
  }

  @Test
  void onlyOneClientAtATimeAndTheNextGetsTheBacklog() throws Exception {
    Execution first = running().exec(ExecOptions.of("x"));
    FakeExecution command = fake.only().execution(first);
    command.out.write("kept");
    byte[] four = first.stdout().readNBytes(4);
    assertThat(four).hasSize(4);
    try (RemoteBoxlite other = connect()) {
      Execution second = other.get(fake.only().id).get().execution(first.id()).get();
      assertThatThrownBy(second::stdout)
          .isInstanceOf(InvalidStateException.class)
          .hasMessageContaining("already has an attached client");
      assertThat(second.waitFor(Duration.ofMillis(50))).isEmpty();
      client.close();
      InputStream replay = claim(second);
      command.out.write(" on");
      command.end(0);
      assertThat(text(replay)).isEqualTo("kept on");
      assertThat(second.waitFor().code()).isZero();
    }
  }

  @Test
  void aKnownExitCodeDoesNotEndTheOutputEarly() throws Exception {
    Execution first = running().exec(ExecOptions.of("x"));
    FakeExecution command = fake.only().execution(first);
    InputStream taken = first.stdout();
    try (RemoteBoxlite other = connect()) {
      Execution second = other.get(fake.only().id).get().execution(first.id()).get();
      command.exit.complete(new ExitStatus(0, 0, false));
      assertThat(second.waitFor().code()).isZero(); // asked for: somebody else is attached
      command.out.write("all of it");
      command.end(0);
      assertThat(text(taken)).isEqualTo("all of it");
      assertThat(text(claim(second))).isEqualTo("all of it");
    }
  }

  private static InputStream claim(Execution execution) throws Exception {
    while (true) {
      try {
        return execution.stdout();
      } catch (InvalidStateException stillAttached) {
        TimeUnit.MILLISECONDS.sleep(10); // the server learns of the lost client by itself
      }
    }
  }

  @Test
  void boxIsStoppedWhenTheClientOfItsMainCommandGoes() throws Exception {
    Box box = client.create(BoxOptions.ofImage("base").build());
    Execution main = client.attach(box.id(), true);
    assertThat(main.id()).isEqualTo("main" + box.id());
    box.start();
    client.close();
    assertThat(fake.only().stopped.await(10, TimeUnit.SECONDS)).isTrue();
  }

  @Test
  void mainCommandEndsWithShellCodeAndLeavesTheBoxAlone() throws Exception {
    Box box = client.create(BoxOptions.ofImage("base").build());
    Execution main = client.attach(box.id(), true);
    box.start();
    fake.only().main.out.write("bye");
    fake.only().main.end(new ExitStatus(0, 9, false));
    assertThat(text(main.stdout())).isEqualTo("bye");
    assertThat(main.waitFor().shellCode()).isEqualTo(137);
    client.close();
    assertThat(fake.only().stopped.await(300, TimeUnit.MILLISECONDS)).isFalse();
  }

  @Test
  void resizeAndSignal() {
    Box box = running();
    Execution plain = box.exec(ExecOptions.of("x"));
    assertThatThrownBy(() -> plain.resize(1, 2)).isInstanceOf(InvalidStateException.class);
    Execution tty = box.exec(ExecOptions.builder("x").tty(true).build());
    tty.resize(24, 80);
    tty.signal(15);
    tty.signal(13);
    assertThat(fake.only().execution(tty).sizes).containsExactly("24x80");
    assertThat(fake.only().execution(tty).signals).containsExactly(15, 13);
    assertThatThrownBy(() -> tty.signal(63)).hasMessageContaining("signal 63");
  }
}
