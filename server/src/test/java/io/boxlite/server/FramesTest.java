package io.boxlite.server;

import static org.assertj.core.api.Assertions.assertThat;

import io.boxlite.api.Box;
import io.boxlite.api.BoxOptions;
import io.boxlite.api.ExecOptions;
import io.boxlite.api.Execution;
import java.io.EOFException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.parallel.ExecutionMode;

@Timeout(30)
@org.junit.jupiter.api.parallel.Execution(
    ExecutionMode.CONCURRENT) // one waits for longer than a limit
class FramesTest extends ServedTest {
  private static final int TEXT = 0x81;
  private static final int BINARY = 0x82;

  private FakeExecution command;
  private String path;

  private RawSocket attached() throws Exception {
    Execution execution = running().exec(ExecOptions.builder("x").tty(true).build());
    command = fake.only().execution(execution);
    path = "/v1/boxes/" + fake.only().id + "/executions/" + execution.id() + "/attach";
    RawSocket raw = new RawSocket(socket);
    assertThat(raw.upgrade(path)).startsWith("HTTP/1.1 101 ");
    return raw;
  }

  private RawSocket again() throws Exception {
    while (true) {
      RawSocket raw = new RawSocket(socket);
      if (raw.upgrade(path).startsWith("HTTP/1.1 101 ")) {
        return raw;
      }
      raw.close();
      TimeUnit.MILLISECONDS.sleep(10); // until the server has seen the loss of the last client
    }
  }

  @Test
  void aPingComesAtOnceAndExitThenCloseAtTheEnd() throws Exception {
    try (RawSocket raw = attached()) {
      assertThat(raw.next().opcode()).isEqualTo(9);
      command.out.write("last");
      command.end(0);
      assertThat(raw.data().payload()).isEqualTo("\u0001last".getBytes(StandardCharsets.UTF_8));
      assertThat(raw.data().text()).isEqualTo("{\"type\":\"exit\",\"exit_code\":0}");
      assertThat(raw.data().opcode()).isEqualTo(8);
    }
  }

  @Test
  void aCharacterIsNeverSplitAndInvalidBytesPass() throws Exception {
    try (RawSocket raw = attached()) {
      byte[] euro = "€".getBytes(StandardCharsets.UTF_8);
      command.out.sink.write(euro, 0, 2);
      command.err.write("x");
      assertThat(raw.data().payload()).isEqualTo(new byte[] {2, 'x'});
      command.out.sink.write(euro, 2, 1);
      assertThat(raw.data().payload()).isEqualTo(new byte[] {1, euro[0], euro[1], euro[2]});
      command.out.sink.write(new byte[] {(byte) 0xff, (byte) 0x80});
      assertThat(raw.data().payload()).isEqualTo(new byte[] {1, (byte) 0xff, (byte) 0x80});
      command.out.sink.write(new byte[] {(byte) 0xe2});
      command.end(0);
      assertThat(raw.data().payload()).isEqualTo(new byte[] {1, (byte) 0xe2});
    }
  }

  @Test
  void anIncompleteCharacterIsSentWhenNothingFollows() throws Exception {
    try (RawSocket raw = attached()) {
      command.out.sink.write(new byte[] {'a', (byte) 0xe2});
      assertThat(raw.data().payload()).isEqualTo(new byte[] {1, 'a'});
      assertThat(raw.data().payload()).isEqualTo(new byte[] {1, (byte) 0xe2});
    }
  }

  @Test
  void rawOutputIsNotHeldBack() throws Exception {
    attached().close();
    path += "?raw=true";
    try (RawSocket raw = again()) {
      command.out.sink.write(new byte[] {'a', (byte) 0xe2});
      assertThat(raw.data().payload()).isEqualTo(new byte[] {1, 'a', (byte) 0xe2});
    }
  }

  @Test
  void aReaderThatPausesForLongLosesNothing() throws Exception {
    int size = 4 * 1024 * 1024;
    try (RawSocket raw = attached()) {
      Thread.ofVirtual().start(() -> writeAndEnd("x".repeat(size)));
      TimeUnit.SECONDS.sleep(21); // a write once had 20 s
      long total = 0;
      RawSocket.Frame frame = raw.data();
      for (; frame.opcode() == 2; frame = raw.data()) {
        total += frame.payload().length - 1;
      }
      assertThat(total).isEqualTo(size);
      assertThat(frame.text()).isEqualTo("{\"type\":\"exit\",\"exit_code\":0}");
    }
  }

  @Test
  void signalsArriveWhileTheCommandDoesNotReadItsStdin() throws Exception {
    try (RawSocket raw = attached()) {
      for (int i = 0; i < 10; i++) {
        raw.send(BINARY, "x".repeat(16 * 1024)); // more than the command's pipe takes
      }
      raw.send(TEXT, "{\"type\":\"signal\",\"sig\":15}");
      while (command.signals.isEmpty()) {
        TimeUnit.MILLISECONDS.sleep(5); // the fake has no event for it
      }
      assertThat(command.signals).containsExactly(15);
    }
  }

  @Test
  void whatALostClientLeftDoesNotReachTheCommandInTheNextSession() throws Exception {
    try (RawSocket raw = attached()) {
      for (int i = 0; i < 10; i++) {
        raw.send(BINARY, "x".repeat(16 * 1024));
      }
      while (command.in.written() < 64 * 1024) {
        TimeUnit.MILLISECONDS.sleep(5); // until the pipe is full
      }
    }
    try (RawSocket next = again()) {
      next.send(BINARY, "next");
      next.send(TEXT, "{\"type\":\"stdin_eof\"}");
      String got = new String(command.in.source.readAllBytes(), StandardCharsets.UTF_8);
      assertThat(got).hasSize(64 * 1024 + 4).endsWith("next");
    }
  }

  @Test
  void largeOutputComesInWholeCharactersAndSmallFrames() throws Exception {
    try (RawSocket raw = attached()) {
      String text = "a" + "€".repeat(100_000);
      Thread.ofVirtual().start(() -> writeAndEnd(text));
      StringBuilder got = new StringBuilder();
      RawSocket.Frame frame = raw.data();
      while (frame.opcode() == 2) {
        assertThat(frame.payload()).hasSizeLessThanOrEqualTo(32 * 1024 + 1);
        got.append(
            new String(frame.payload(), 1, frame.payload().length - 1, StandardCharsets.UTF_8));
        frame = raw.data();
      }
      assertThat(got.toString()).isEqualTo(text);
    }
  }

  private void writeAndEnd(String text) {
    try {
      command.out.write(text);
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
    command.end(0);
  }

  @Test
  void everyReconnectGetsTheWholeBacklogAndWhatIsNew() throws Exception {
    attached().close();
    StringBuilder written = new StringBuilder();
    for (int round = 0; round < 20; round++) {
      try (RawSocket raw = again()) {
        command.out.write("<" + round + ">");
        written.append('<').append(round).append('>');
        StringBuilder got = new StringBuilder();
        while (got.length() < written.length()) {
          byte[] payload = raw.data().payload();
          got.append(new String(payload, 1, payload.length - 1, StandardCharsets.UTF_8));
        }
        assertThat(got.toString()).isEqualTo(written.toString());
      }
    }
  }

  @Test
  void withoutAClientTheCommandGoesOnAndTheNewestIsKept() throws Exception {
    attached().close();
    byte[] flood = new byte[10_000];
    for (int i = 0; i < 300; i++) {
      command.out.sink.write(flood); // would stand still if nothing took it
    }
    command.end(0);
    try (RawSocket raw = again()) {
      long total = 0;
      RawSocket.Frame frame = raw.data();
      while (frame.opcode() == 2) {
        total += frame.payload().length - 1;
        frame = raw.data();
      }
      assertThat(total).isBetween(256L * 1024 - 3, 400L * 1024);
    }
  }

  @Test
  void badControlFramesAreAnsweredAndHarmNothing() throws Exception {
    try (RawSocket raw = attached()) {
      for (String bad :
          new String[] {
            "not json",
            "{}",
            "[]",
            "{\"type\":\"dance\"}",
            "{\"type\":\"signal\",\"sig\":9}",
            "{\"type\":\"resize\",\"cols\":0,\"rows\":5}"
          }) {
        raw.send(TEXT, bad);
        assertThat(raw.data().text()).startsWith("{\"type\":\"error\",\"message\":");
      }
      raw.send(TEXT, "{\"type\":\"resize\",\"cols\":80,\"rows\":24}");
      raw.send(TEXT, "{\"type\":\"signal\",\"sig\":2}");
      raw.send(BINARY, "in");
      raw.send(TEXT, "{\"type\":\"stdin_eof\"}");
      assertThat(new String(command.in.source.readAllBytes(), StandardCharsets.UTF_8))
          .isEqualTo("in");
      assertThat(command.sizes).containsExactly("24x80");
      assertThat(command.signals).containsExactly(2);
    }
  }

  @Test
  void hostileFramesEndTheConnectionButNotTheCommand() throws Exception {
    byte[][] hostile = {
      {(byte) 0x82, 5, 1, 2, 3, 4, 5}, // not masked
      {(byte) 0xf2, (byte) 0x80, 0, 0, 0, 0}, // reserved bits
      {(byte) 0x8f, (byte) 0x80, 0, 0, 0, 0}, // unknown opcode
      {(byte) 0x82, (byte) 0xff, -1, -1, -1, -1, -1, -1, -1, -1, 0, 0, 0, 0}, // endless
      {0x02, (byte) 0x81, 0, 0, 0, 0, 'x', 0x02, (byte) 0x81, 0, 0, 0, 0, 'y'}, // two starts
      {(byte) 0x82}, // half a frame, then gone
    };
    attached().close();
    for (byte[] bytes : hostile) {
      try (RawSocket raw = again()) {
        raw.write(bytes);
        if (bytes.length > 1) {
          drain(raw);
        }
      }
    }
    assertThat(command.exit).isNotDone();
    try (RawSocket raw = again()) {
      command.out.write("alive");
      assertThat(raw.data().payload()).endsWith("alive".getBytes(StandardCharsets.UTF_8));
    }
  }

  private static void drain(RawSocket raw) throws IOException {
    try {
      while (raw.next().opcode() != 8) {
        continue;
      }
    } catch (EOFException ended) {
      return;
    }
  }

  @Test
  void theMainSessionNamesItsExecutionAndIsRefusedWhileTaken() throws Exception {
    Box box = client.create(BoxOptions.ofImage("base").build());
    String attach = "/v1/boxes/" + box.id() + "/attach";
    try (RawSocket first = new RawSocket(socket);
        RawSocket second = new RawSocket(socket);
        RawSocket none = new RawSocket(socket)) {
      assertThat(first.upgrade(attach).toLowerCase())
          .contains("x-boxlite-execution-id: main" + box.id().toLowerCase());
      assertThat(second.upgrade(attach)).startsWith("HTTP/1.1 409 ");
      assertThat(none.upgrade("/v1/boxes/none/attach")).startsWith("HTTP/1.1 404 ");
    }
  }
}
