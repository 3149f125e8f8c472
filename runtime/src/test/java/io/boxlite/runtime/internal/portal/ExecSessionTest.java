package io.boxlite.runtime.internal.portal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.boxlite.api.ExitStatus;
import io.boxlite.api.InvalidStateException;
import io.boxlite.api.PortalException;
import io.boxlite.protocol.agent.v1.Stream;
import io.grpc.Status;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class ExecSessionTest {
  private static final int WINDOW = FakeProcess.WINDOW;

  private final FakeService service = new FakeService();
  private FakeAgent agent;
  private Portal portal;

  @BeforeEach
  void start() throws Exception {
    agent = new FakeAgent(service);
    portal = connect();
  }

  @AfterEach
  void stop() throws Exception {
    portal.close();
    agent.close();
  }

  private Portal connect() {
    return Portal.connect(agent.socket(), Duration.ofSeconds(20));
  }

  private static <T> Future<T> async(Callable<T> body) {
    FutureTask<T> task = new FutureTask<>(body);
    Thread.ofVirtual().start(task);
    return task;
  }

  private static byte[] random(int size) {
    byte[] data = new byte[size];
    new Random(size).nextBytes(data);
    return data;
  }

  @Test
  void deliversOutputThenExitAndReleases() throws Exception {
    FakeProcess process = service.process("e");
    ExecSession session = ExecSession.ofExec("e", portal, false);
    byte[] data = random(3_000_000);
    Future<?> writer =
        async(() -> {
          process.stdout(data);
          process.stderr(new byte[] {1, 2});
          process.exit(7);
          return null;
        });
    assertThat(session.stdout().readAllBytes()).isEqualTo(data);
    assertThat(session.stderr().readAllBytes()).containsExactly(1, 2);
    assertThat(session.waitFor()).isEqualTo(new ExitStatus(7, 0, false));
    assertThat(session.waitFor(Duration.ZERO)).isPresent();
    writer.get();
    assertThat(service.released.poll(10, TimeUnit.SECONDS)).isEqualTo("e");
    assertThat(process.maxUnacked).isLessThanOrEqualTo(WINDOW);
    session.kill();
    session.resize(1, 1);
    assertThatThrownBy(() -> session.signal(15)).isInstanceOf(InvalidStateException.class);
  }

  @Test
  void slowReaderHoldsBackItsOwnProcessOnly() throws Exception {
    FakeProcess slow = service.process("slow");
    ExecSession stuck = ExecSession.ofExec("slow", portal, false);
    InputStream unread = stuck.stdout();
    byte[] data = random(2_000_000);
    Future<?> blocked =
        async(() -> {
          slow.stdout(data);
          slow.exit(0);
          return null;
        });
    for (int i = 0; i < 5; i++) {
      FakeProcess quick = service.process("q" + i);
      ExecSession session = ExecSession.ofExec("q" + i, portal, false);
      Future<?> writer =
          async(() -> {
            quick.stdout(data);
            quick.exit(0);
            return null;
          });
      assertThat(session.stdout().readAllBytes()).isEqualTo(data);
      writer.get();
    }
    assertThat(blocked.isDone()).isFalse();
    assertThat(stuck.waitFor(Duration.ofMillis(1))).isEmpty();
    assertThat(slow.maxUnacked).isLessThanOrEqualTo(WINDOW);
    assertThat(unread.readAllBytes()).isEqualTo(data);
    assertThat(stuck.waitFor().code()).isZero();
  }

  @Test
  void untakenOutputKeepsTheNewestAndNeverBlocks() throws Exception {
    FakeProcess process = service.process("e");
    ExecSession session = ExecSession.ofExec("e", portal, true);
    byte[] data = random(2_000_000);
    process.stdout(data);
    process.exit(0);
    session.waitFor();
    assertThat(session.stdout().readAllBytes())
        .isEqualTo(Arrays.copyOfRange(data, data.length - WINDOW, data.length));
    assertThat(session.stderr().readAllBytes()).isEmpty();
  }

  @Test
  void takenLateThenReadWhole() throws Exception {
    FakeProcess process = service.process("e");
    ExecSession session = ExecSession.ofExec("e", portal, true);
    process.stdout(random(1_000_000));
    InputStream stdout = session.stdout();
    byte[] more = random(700_000);
    Future<?> writer =
        async(() -> {
          process.stdout(more);
          process.exit(0);
          return null;
        });
    byte[] all = stdout.readAllBytes();
    assertThat(Arrays.copyOfRange(all, all.length - more.length, all.length)).isEqualTo(more);
    writer.get();
  }

  @Test
  void closingAStreamDiscardsTheRest() throws Exception {
    FakeProcess process = service.process("e");
    ExecSession session = ExecSession.ofExec("e", portal, false);
    InputStream stdout = session.stdout();
    process.stdout(random(1000));
    stdout.close();
    process.stdout(random(5_000_000));
    process.exit(0);
    assertThat(session.waitFor().code()).isZero();
    assertThatThrownBy(stdout::read).isInstanceOf(IOException.class);
  }

  @Test
  void tapSeesEverythingInOrder() throws Exception {
    FakeProcess process = service.process("init");
    ByteArrayOutputStream seen = new ByteArrayOutputStream();
    ExecSession session =
        ExecSession.ofInit(
            "init",
            portal,
            (stream, offset, data) -> {
              byte[] bytes = new byte[data.remaining()];
              data.get(bytes);
              seen.write(stream == Stream.STREAM_STDERR ? 'E' : 'O');
              seen.write(bytes);
            });
    process.awaitAttaches(1);
    process.stdout("a".getBytes());
    process.stderr("b".getBytes());
    process.stdout("c".getBytes());
    process.exit(3);
    assertThat(session.waitFor().code()).isEqualTo(3);
    assertThat(seen.toString()).isEqualTo("OaEbOc");
    assertThat(session.stdout().readAllBytes()).isEqualTo("ac".getBytes());
    portal.hello();
    assertThat(service.released).isEmpty();
  }

  @Test
  void stdinArrivesWholeAndEofOnce() throws Exception {
    FakeProcess process = service.process("e");
    ExecSession session = ExecSession.ofExec("e", portal, false);
    byte[] data = random(3_000_000);
    try (OutputStream stdin = session.stdin()) {
      stdin.write(data);
    }
    assertThat(process.awaitEof().toByteArray()).isEqualTo(data);
    session.stdin().close();
    assertThatThrownBy(() -> session.stdin().write(1)).isInstanceOf(IOException.class);
  }

  @Test
  void stdinBlocksAtTheWindowAndBreaksAtTheEnd() throws Exception {
    FakeProcess process = service.process("e");
    process.acksStdin = false;
    process.stdinWindow = 100_000;
    ExecSession session = ExecSession.ofExec("e", portal, false);
    Future<?> writer =
        async(() -> {
          session.stdin().write(new byte[250_000]);
          return null;
        });
    process.awaitStdin(100_000);
    assertThatThrownBy(() -> writer.get(100, TimeUnit.MILLISECONDS))
        .isInstanceOf(java.util.concurrent.TimeoutException.class);
    assertThat(process.stdinReceived()).isEqualTo(100_000);
    process.ackStdin();
    process.awaitStdin(200_000);
    process.exit(0);
    assertThatThrownBy(writer::get).hasCauseInstanceOf(IOException.class);
    session.waitFor();
    assertThatThrownBy(() -> session.stdin().write(1)).hasMessageContaining("broken pipe");
    session.stdin().close();
  }

  @Test
  void reattachContinuesBothWaysWithoutLossOrRepetition() throws Exception {
    FakeProcess process = service.process("e");
    ExecSession session = ExecSession.ofExec("e", portal, false);
    byte[] data = random(6_000_000);
    Future<byte[]> reader = async(() -> session.stdout().readAllBytes());
    Future<?> output =
        async(() -> {
          process.stdout(data);
          return null;
        });
    Future<?> input =
        async(() -> {
          session.stdin().write(data);
          session.stdin().close();
          return null;
        });
    for (int i = 0; i < 4; i++) {
      process.awaitStdin(1_000_000L * i);
      agent.dropConnection();
      portal.onLost().toCompletableFuture().get(10, TimeUnit.SECONDS);
      assertThat(session.waitFor(Duration.ZERO)).isEmpty();
      portal = connect();
      session.reattach(portal);
      process.awaitAttaches(i + 2);
    }
    assertThat(process.awaitEof().toByteArray()).isEqualTo(data);
    output.get();
    input.get();
    process.exit(0);
    assertThat(session.waitFor().code()).isZero();
    assertThat(reader.get()).isEqualTo(data);
  }

  @Test
  void lostPortalDetachesAndFailEndsEverything() throws Exception {
    FakeProcess process = service.process("e");
    ExecSession session = ExecSession.ofExec("e", portal, false);
    process.awaitAttaches(1);
    process.stdout("tail".getBytes());
    InputStream stdout = session.stdout();
    assertThat(stdout.readNBytes(2)).isEqualTo("ta".getBytes());
    Future<ExitStatus> waiter = async(session::waitFor);
    agent.dropConnection();
    portal.onLost().toCompletableFuture().get(10, TimeUnit.SECONDS);
    CompletableFuture<ExitStatus> exit = session.onExit().toCompletableFuture();
    assertThatThrownBy(session::kill).isInstanceOf(PortalException.class);
    assertThat(exit).isNotDone();
    session.fail(new PortalException("box_ended", "the box ended"));
    assertThatThrownBy(waiter::get)
        .isInstanceOf(ExecutionException.class)
        .hasCauseInstanceOf(PortalException.class);
    assertThat(stdout.readNBytes(2)).isEqualTo("il".getBytes());
    assertThatThrownBy(stdout::read).isInstanceOf(IOException.class);
    assertThatThrownBy(() -> session.stdin().write(1)).isInstanceOf(IOException.class);
    assertThat(session.isDetached()).isFalse();
  }

  @Test
  void fiftyAtOnce() throws Exception {
    byte[] data = random(300_000);
    List<Future<byte[]>> echoes = new ArrayList<>();
    for (int i = 0; i < 50; i++) {
      FakeProcess process = service.process("e" + i);
      ExecSession session = ExecSession.ofExec("e" + i, portal, false);
      async(() -> {
        session.stdin().write(data);
        session.stdin().close();
        process.stdout(process.awaitEof().toByteArray());
        process.exit(0);
        return null;
      });
      echoes.add(
          async(() -> {
            byte[] echo = session.stdout().readAllBytes();
            session.waitFor();
            return echo;
          }));
    }
    for (Future<byte[]> echo : echoes) {
      assertThat(echo.get()).isEqualTo(data);
    }
  }

  @Test
  void muchDataBothWaysAtOnce() throws Exception {
    int megabytes = 32;
    FakeProcess process = service.process("e");
    process.keepStdin = false;
    ExecSession session = ExecSession.ofExec("e", portal, false);
    byte[] block = random(1 << 20);
    async(() -> {
      for (int i = 0; i < megabytes; i++) {
        process.stdout(block);
      }
      process.exit(0);
      return null;
    });
    long count = session.stdout().transferTo(OutputStream.nullOutputStream());
    assertThat(count).isEqualTo((long) megabytes << 20);
    FakeProcess sink = service.process("in");
    sink.keepStdin = false;
    ExecSession in = ExecSession.ofExec("in", portal, false);
    for (int i = 0; i < megabytes; i++) {
      in.stdin().write(block);
    }
    in.stdin().close();
    sink.awaitEof();
    assertThat(sink.stdinReceived()).isEqualTo((long) megabytes << 20);
  }

  @Test
  void unknownExecShowsInTheWait() {
    ExecSession session = ExecSession.ofExec("nobody", portal, false);
    assertThatThrownBy(session::waitFor)
        .isInstanceOf(PortalException.class)
        .hasMessageContaining("nobody");
  }

  @Test
  void laterSupervisorGoesOnAtTheAgentsOffsets() throws Exception {
    FakeProcess process = service.process("e");
    ExecSession first = ExecSession.ofExec("e", portal, true);
    first.stdin().write(random(1000));
    process.stdout(random(1_000_000));
    process.awaitStdin(1000);
    portal.close();
    portal = connect();
    ExecSession second = ExecSession.ofExec("e", portal, true);
    second.stdin().write(random(500));
    process.awaitStdin(1500);
    process.stdout("end".getBytes());
    process.exit(0);
    second.waitFor();
    byte[] kept = second.stdout().readAllBytes();
    assertThat(new String(kept, kept.length - 3, 3)).isEqualTo("end");
    assertThat(kept.length).isGreaterThan(100_000);
  }

  @Test
  void refusedSignalAfterReleaseIsAnInvalidState() throws Exception {
    service.process("e");
    ExecSession session = ExecSession.ofExec("e", portal, false);
    service.failure = FakeService.refusal(Status.Code.NOT_FOUND, "exec_not_found");
    assertThatThrownBy(() -> session.signal(9)).hasMessageContaining("exec_not_found");
    assertThatThrownBy(() -> session.signal(65)).isInstanceOf(IllegalArgumentException.class);
  }
}
