package io.boxlite.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/// What a box writes, and what it uses.
@Timeout(value = 3, unit = TimeUnit.MINUTES)
class LogsIT {
  /// Writes what is written to a pipe, for ever.
  private static final String ECHO =
      "mkfifo /say; exec 3<>/say; echo ready; echo oops >&2; exec cat <&3";

  @AutoClose private TestHome home;

  @BeforeEach
  void open() {
    home = new TestHome();
  }

  private void say(String command) {
    home.run("exec", "box", "--", "sh", "-c", command + " >/say").ok();
  }

  private void startEcho() {
    home.run("run", "-d", "--name", "box", "base", "sh", "-c", ECHO).ok();
  }

  private String logs(String... flags) {
    String[] command = new String[flags.length + 2];
    command[0] = "logs";
    System.arraycopy(flags, 0, command, 1, flags.length);
    command[flags.length + 1] = "box";
    return home.run(command).ok().out();
  }

  @Test
  void logsAreFollowedFromTheirTailUntilTheBoxStops() throws Exception {
    startEcho();
    TestHome.await("init has written", () -> logs().equals("ready\n"));
    TestHome.await("to both streams", () -> home.run("logs", "box").ok().err().equals("oops\n"));

    Process follow = home.start("logs", "-f", "--tail", "1", "-t", "box");
    Process from = home.start("logs", "-f", "box");
    try (BufferedReader lines = follow.inputReader();
        BufferedReader all = from.inputReader()) {
      assertThat(all.readLine()).isEqualTo("ready");
      Instant middle = Instant.now();
      say("printf 'one\\ntwo\\nopen'");
      assertThat(all.readLine()).isEqualTo("one");
      assertThat(all.readLine()).isEqualTo("two");
      // The one line of its tail was on either stream.
      String line = lines.readLine();
      line = line.endsWith(" ready") ? lines.readLine() : line;
      assertThat(line).endsWith("Z one");
      assertThat(Instant.parse(line.split(" ", -1)[0])).isBetween(middle, Instant.now());
      char[] open = new char[4];
      assertThat(all.read(open)).isEqualTo(4);
      assertThat(open).containsExactly('o', 'p', 'e', 'n'); // shown before its line has ended

      assertThat(logs("--since", middle.toString())).isEqualTo("one\ntwo\nopen");
      assertThat(logs("--until", middle.toString())).isEqualTo("ready\n");
      assertThat(logs("--tail", "2")).isEqualTo("two\nopen");

      home.run("rm", "-f", "box").ok();
      assertThat(all.readLine()).isNull();
      assertThat(from.waitFor()).isZero();
      assertThat(follow.waitFor()).isZero();
    }
  }

  @Test
  void everyByteIsKeptAcrossTheDeathOfASupervisor() {
    startEcho();
    TestHome.await("init has written", () -> logs().equals("ready\n"));
    say("head -c 300000 /dev/urandom | tee /said");
    byte[] said = home.run("exec", "box", "--", "cat", "/said").ok().stdout();
    TestHome.await(
        "all of it was logged",
        () -> home.run("logs", "box").ok().stdout().length == said.length + 6);
    ProcessHandle supervisor = home.supervisor();
    supervisor.destroyForcibly();
    TestHome.await("supervisor ended", () -> !supervisor.isAlive());
    say("echo more");
    TestHome.await("the next one logs too", () -> logs("-n", "1").endsWith("more\n"));
    byte[] logged = home.run("logs", "box").ok().stdout();
    byte[] expected = new byte[6 + said.length + 5];
    System.arraycopy("ready\n".getBytes(StandardCharsets.UTF_8), 0, expected, 0, 6);
    System.arraycopy(said, 0, expected, 6, said.length);
    System.arraycopy("more\n".getBytes(StandardCharsets.UTF_8), 0, expected, 6 + said.length, 5);
    assertThat(logged).isEqualTo(expected);
  }

  @Test
  void logThatWasSetAsideIsReadAsOne() {
    String flood = "yes 0123456789abcdef | head -c 10000000; echo; seq 1 20";
    home.run("run", "--name", "box", "base", "sh", "-c", flood).ok();
    assertThat(logs("--tail", "3")).isEqualTo("18\n19\n20\n");
    assertThat(logs()).hasSize(10_000_000 + 1 + 51).startsWith("0123").endsWith("\n19\n20\n");
    assertThat(
            home.home().resolve("boxes/" + home.boxDirectories().getFirst() + "/logs/init.log.1"))
        .exists();
  }

  @Test
  void terminalIsLoggedAsItWasShown() {
    home.run("run", "-d", "-t", "--name", "box", "base", "sh", "-c", "echo out; echo err >&2").ok();
    TestHome.await("both were logged", () -> logs().equals("out\r\nerr\r\n"));
  }

  @Test
  void statsShowWhatABusyBoxUses() {
    home.run("run", "-d", "--name", "box", "base", "sh", "-c", "while :; do :; done").ok();
    home.run("exec", "box", "--", "ping", "-c", "1", "192.168.127.1").ok();
    home.run("exec", "box", "--", "no-such-command");
    String json = home.run("stats", "--format", "json", "box").ok().out();
    double cpu = Double.parseDouble(value(json, "CPU").replace("%", ""));
    assertThat(cpu).isBetween(20.0, 250.0); // this machine may be busy with other things
    assertThat(value(json, "Commands")).isEqualTo("2");
    assertThat(value(json, "Errors")).isEqualTo("1");
    assertThat(value(json, "Memory")).matches("[0-9]+\\.[0-9] MiB");
    assertThat(value(json, "Boot Time")).matches("[1-9][0-9]* ms");
    assertThat(value(json, "Net Sent")).matches("[1-9][0-9]* B");
    assertThat(value(json, "Net Recv")).matches("[1-9][0-9]* B");
    assertThat(value(json, "Disk")).matches("[0-9]+\\.[0-9] [KM]iB");
    long used = millis(value(json, "CPU Time"));
    TestHome.await(
        "its CPU time grows",
        () ->
            millis(value(home.run("stats", "--format", "json", "box").ok().out(), "CPU Time"))
                > used);
    assertThat(home.run("stats").ok().out()).contains("│ box ").contains("CPU TIME");
    home.run("rm", "-f", "box").ok();
    assertThat(home.run("stats").ok().out()).doesNotContain("box");
  }

  private static long millis(String value) {
    return Long.parseLong(value.replace(" ms", ""));
  }

  private static String value(String json, String metric) {
    Matcher value =
        Pattern.compile("\"Metric\": \"" + metric + "\",\\s*\"Value\": \"([^\"]*)\"").matcher(json);
    assertThat(value.find()).as("%s in %s", metric, json).isTrue();
    return value.group(1);
  }
}
