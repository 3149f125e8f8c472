package io.boxlite.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.boxlite.api.Box;
import io.boxlite.api.BoxLog;
import io.boxlite.api.InternalException;
import io.boxlite.api.LogChunk;
import io.boxlite.api.LogOptions;
import io.boxlite.api.LogStream;
import java.io.IOException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@OnEachTransport
@Timeout(30)
class LogRoutesTest extends ServedTest {
  private static final String LOGS = "/v1/boxes/01BOX1/logs";
  private static final LogOptions INIT = LogOptions.of(BoxLog.INIT);

  private static List<String> read(LogStream log) throws IOException {
    List<String> read = new ArrayList<>();
    for (Optional<LogChunk> next = log.next(); next.isPresent(); next = log.next()) {
      read.add(next.get().source() + " " + new String(next.get().bytes()));
    }
    return read;
  }

  @Test
  void streamsAreApartForTheClientAndTogetherForOthers() throws Exception {
    Box box = running();
    LogChunk[] chunks = {FakeLog.out("out\n"), FakeLog.err("err\n"), FakeLog.out("more")};
    fake.only().log = FakeLog.of(chunks);
    try (LogStream log = box.logs(INIT)) {
      assertThat(read(log)).containsExactly("STDOUT out\n", "STDERR err\n", "STDOUT more");
    }
    fake.only().log = FakeLog.of(chunks);
    assertThat(request("GET", LOGS, ""))
        .contains("Content-Type: application/octet-stream")
        .contains("out\n", "err\n", "more");
    fake.only().log = FakeLog.of(chunks);
    assertThat(request("GET", LOGS + "?frames=true", ""))
        .contains("Content-Type: application/vnd.docker.multiplexed-stream")
        .contains("\1\0\0\0\0\0\0\4out\n", "\2\0\0\0\0\0\0\4err\n");
  }

  @Test
  void whatIsAskedForArrivesAtTheRuntime() {
    Box box = running();
    for (LogOptions options :
        List.of(
            INIT,
            INIT.following().last(0).timestamped(),
            INIT.last(Long.MAX_VALUE),
            INIT.since(Instant.parse("2026-03-04T05:06:07.123456789Z")).until(Instant.EPOCH),
            LogOptions.of(BoxLog.CONSOLE).following().last(5))) {
      fake.only().log = FakeLog.of();
      box.logs(options).close();
      assertThat(fake.only().asked).isEqualTo(options);
    }
  }

  @Test
  void timesMayBeSecondsOrHaveAnOffset() throws Exception {
    running();
    fake.only().log = FakeLog.of();
    request("GET", LOGS + "?since=1772600767&until=2026-03-04T06:06:07%2B01:00&tail=all", "");
    assertThat(fake.only().asked)
        .isEqualTo(
            INIT.since(Instant.parse("2026-03-04T05:06:07Z"))
                .until(Instant.parse("2026-03-04T05:06:07Z")));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "source=kernel",
        "follow=yes",
        "tail=-1",
        "tail=many",
        "since=yesterday",
        "until=99999999999999",
        "frames=2",
        "timestamps=true&source=console",
      })
  void whatIsMalformedIsRefusedByName(String query) throws Exception {
    running();
    assertThat(request("GET", LOGS + "?" + query, ""))
        .startsWith("HTTP/1.1 400 ")
        .contains("\"message\":\"")
        .contains(query.substring(0, query.indexOf('=')) + " ");
  }

  /// A log that cannot be read any more after its first bytes.
  private static final class BrokenLog implements LogStream {
    private boolean first = true;

    @Override
    public Optional<LogChunk> next() throws IOException {
      if (!first) {
        throw new IOException("disk error");
      }
      first = false;
      return Optional.of(FakeLog.out("before"));
    }

    @Override
    public void close() {}
  }

  @Test
  void aLogThatBreaksIsNotTakenForOneThatEnds() throws Exception {
    Box box = running();
    fake.only().log = new BrokenLog();
    try (LogStream log = box.logs(INIT.following())) {
      assertThatThrownBy(() -> read(log)).isInstanceOf(IOException.class);
    }
    // Here nothing had been sent yet.
    fake.only().log = new BrokenLog();
    assertThatThrownBy(() -> box.logs(INIT)).isInstanceOf(InternalException.class);
  }
}
