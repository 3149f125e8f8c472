package io.boxlite.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.boxlite.api.BoxLog;
import io.boxlite.api.BoxStatus;
import io.boxlite.api.LogChunk;
import io.boxlite.api.LogOptions;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.OptionalLong;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class LogsAndStatsTest {
  private final CommandLineHarness cli = new CommandLineHarness();

  @BeforeEach
  void makeBoxes() {
    cli.boxlite
        .with("01A", "web", BoxStatus.RUNNING)
        .with("01B", null, BoxStatus.STOPPED)
        .with("01C", "other", BoxStatus.RUNNING);
  }

  private String ok(String... arguments) {
    assertThat(cli.run(arguments)).as(cli.err()).isZero();
    return cli.out();
  }

  private LogOptions asked(String... arguments) {
    ok(arguments);
    return cli.boxlite.asked.getLast();
  }

  private void wrote(LogChunk.Source source, String text) {
    cli.boxlite.log.add(new LogChunk(source, text.getBytes(StandardCharsets.UTF_8)));
  }

  @Test
  void logsGoToTheStreamThatTheyWereWrittenTo() {
    wrote(LogChunk.Source.STDOUT, "out 1\n");
    wrote(LogChunk.Source.STDERR, "err 1\n");
    wrote(LogChunk.Source.STDOUT, "out 2, not ended");
    assertThat(ok("logs", "web")).isEqualTo("out 1\nout 2, not ended");
    assertThat(cli.err()).isEqualTo("err 1\n");
    assertThat(cli.boxlite.asked).containsExactly(LogOptions.of(BoxLog.INIT));
    assertThat(cli.boxlite.calls).contains("close log");
  }

  @ParameterizedTest
  @CsvSource({"0, -1", "all, -1", "1, 1", "123456789012, 123456789012"})
  void tailIsLeftToTheRuntime(String value, long lines) {
    OptionalLong expected = lines < 0 ? OptionalLong.empty() : OptionalLong.of(lines);
    assertThat(asked("logs", "-n", value, "web").tail()).isEqualTo(expected);
    assertThat(asked("logs", "--tail", value, "web").tail()).isEqualTo(expected);
  }

  @Test
  void logsOfTheConsoleMayBeFollowed() {
    assertThat(asked("logs", "--console", "-f", "-n", "3", "web"))
        .isEqualTo(LogOptions.of(BoxLog.CONSOLE).following().last(3));
  }

  @Test
  void timesAreGivenAsSuchOrAsHowLongAgo() {
    Instant before = Instant.now();
    LogOptions options = asked("logs", "-t", "--since", "1h30m", "--until", "2.5s", "web");
    assertThat(options.timestamps()).isTrue();
    assertThat(options.since().orElseThrow())
        .isBetween(
            before.minus(Duration.ofMinutes(90)), Instant.now().minus(Duration.ofMinutes(90)));
    assertThat(options.until().orElseThrow())
        .isBetween(before.minusMillis(2500), Instant.now().minusMillis(2500));
  }

  @ParameterizedTest
  @CsvSource({
    "2026-03-04T05:06:07.5Z, 2026-03-04T05:06:07.5Z",
    "2026-03-04T05:06:07+02:00, 2026-03-04T03:06:07Z",
    "2026-03-04T05:06Z, 2026-03-04T05:06:00Z",
    "2026-03-04Z, 2026-03-04T00:00:00Z",
    "1772600767, 2026-03-04T05:06:07Z",
    "1772600767.25, 2026-03-04T05:06:07.250Z",
    "0, 1970-01-01T00:00:00Z",
  })
  void timesMayBeWrittenInManyWays(String text, String time) {
    assertThat(asked("logs", "--since", text, "web").since()).contains(Instant.parse(time));
  }

  @ParameterizedTest
  @CsvSource({"2026-02-30", "2026-03-04T25:00", "10", "1d", "''", "1h 2m"})
  void whatIsNoTimeIsRefusedUnlessItIsANumber(String text) {
    int code = cli.run("logs", "--since", text, "web");
    assertThat(code).isEqualTo(text.equals("10") ? 0 : 2);
  }

  @Test
  void aReaderWhoHasGoneEndsTheLog() {
    for (int i = 0; i < 3; i++) {
      wrote(LogChunk.Source.STDOUT, "line\n");
    }
    cli.stdout =
        new OutputStream() {
          @Override
          public void write(int b) throws IOException {
            throw new IOException("broken pipe");
          }
        };
    assertThat(cli.run("logs", "web")).isZero();
    assertThat(cli.err()).isEmpty();
  }

  @Test
  void statsOfOneBoxHaveARowForEachFigure() {
    assertThat(ok("stats", "web"))
        .contains("│ METRIC          │ VALUE   │")
        .contains("│ CPU             │ 112.5%  │")
        .contains("│ Memory          │ 1.5 MiB │")
        .contains("│ Commands        │ 7       │")
        .contains("│ Errors          │ 2       │")
        .contains("│ Boot Time       │ 28 ms   │")
        .contains("│ Net Sent        │ 2.0 KiB │")
        .contains("│ Net Recv        │ 3.0 GiB │")
        .contains("│ TCP Connections │ 5       │")
        .contains("│ TCP Errors      │ 1       │")
        .contains("│ CPU Time        │ 1234 ms │")
        .contains("│ Disk            │ 1023 B  │");
  }

  @Test
  void statsAsJsonAreMetricsAndValues() {
    assertThat(ok("stats", "--format", "json", "01B").replaceAll("\\s", ""))
        .startsWith(
            "[{\"Metric\":\"CPU\",\"Value\":\"N/A\"},{\"Metric\":\"Memory\",\"Value\":\"N/A\"}")
        .contains("{\"Metric\":\"TCPErrors\",\"Value\":\"N/A\"}");
  }

  @Test
  void statsOfSeveralBoxesHaveARowForEachBox() {
    assertThat(ok("stats", "web", "01B"))
        .contains("│ ID  │ NAME │ CPU    │ MEMORY  │")
        .contains("│ 01A │ web  │ 112.5% │ 1.5 MiB │")
        .contains("│ 01B │      │ N/A    │ N/A     │");
  }

  @Test
  void statsOfNoneAreThoseOfAllThatRun() {
    assertThat(ok("stats", "--no-stream", "--format", "yaml"))
        .contains("ID: 01A", "Name: web", "ID: 01C", "CPU: 112.5%")
        .doesNotContain("01B");
  }

  @Test
  void streamedStatsClearTheTerminalAndEndWithTheBox() {
    cli.terminal.outputShown = true;
    cli.boxlite.removedWhenMeasured = true;
    assertThat(cli.run("stats", "-s", "web")).isEqualTo(1);
    assertThat(cli.out()).startsWith("\u001b[2J").containsOnlyOnce("METRIC");
    assertThat(cli.err()).isEqualTo("Error: No such box: web\n");
  }

  @Test
  void streamedStatsEndWhenNobodyReadsThem() {
    cli.stdout =
        new OutputStream() {
          @Override
          public void write(int b) throws IOException {
            throw new IOException("broken pipe");
          }
        };
    assertThat(cli.run("stats", "--stream", "web")).isZero();
  }
}
