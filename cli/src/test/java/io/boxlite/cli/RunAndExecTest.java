package io.boxlite.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.boxlite.api.BoxOptions;
import io.boxlite.api.BoxStatus;
import io.boxlite.api.EngineException;
import io.boxlite.api.ExecException;
import io.boxlite.api.ExitStatus;
import io.boxlite.api.HealthCheck;
import io.boxlite.api.NetworkOptions;
import io.boxlite.api.PortMapping;
import io.boxlite.api.RestartPolicy;
import io.boxlite.api.Secret;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class RunAndExecTest {
  private final CommandLineHarness cli = new CommandLineHarness();

  private void executionGives(byte[] out, byte[] err, int code, int signal) {
    cli.boxlite.execution = new FakeExecution(out, err, new ExitStatus(code, signal, false));
  }

  private BoxOptions created() {
    return cli.boxlite.created.getFirst();
  }

  @Test
  void runStreamsBothOutputsAndPassesTheCodeOn() {
    executionGives("hello\n".getBytes(StandardCharsets.UTF_8), new byte[] {'e'}, 7, 0);
    assertThat(cli.run("run", "--rm", "base", "sh", "-c", "exit 7")).isEqualTo(7);
    assertThat(cli.out()).isEqualTo("hello\n");
    assertThat(cli.err()).isEqualTo("e");
    assertThat(created().cmd()).contains(List.of("sh", "-c", "exit 7"));
    assertThat(created().autoRemove()).isTrue();
    assertThat(created().detach()).isFalse();
    assertThat(cli.boxlite.calls)
        .containsExactly("attach 01NEW1", "start 01NEW1", "stop 01NEW1", "close");
  }

  @Test
  void runGives128PlusSignal() {
    executionGives(new byte[0], new byte[0], 0, 9);
    assertThat(cli.run("run", "base")).isEqualTo(137);
    assertThat(created().cmd()).isEmpty();
  }

  @Test
  void runReadsEveryFlag() {
    cli.environment.put("FROM_HERE", "yes");
    assertThat(
            cli.run(
                "run",
                "-e",
                "A=1=2",
                "--env",
                "FROM_HERE",
                "-e",
                "NOT_SET",
                "-w",
                "/w",
                "-u",
                "1:2",
                "--entrypoint",
                "/bin/x",
                "--cpus",
                "1",
                "--memory=1024",
                "--disk-size",
                "20",
                "--cap-add",
                "ALL",
                "--cap-drop",
                "net_raw",
                "--cap-drop",
                "CAP_KILL",
                "--no-template",
                "--name",
                "n1",
                "--network",
                "disabled",
                "--security",
                "off",
                "base",
                "-x",
                "--name",
                "z",
                "--",
                "@f"))
        .isZero();
    BoxOptions options = created();
    assertThat(options.env()).isEqualTo(Map.of("A", "1=2", "FROM_HERE", "yes"));
    assertThat(options.workingDir()).contains("/w");
    assertThat(options.user()).contains("1:2");
    assertThat(options.entrypoint()).contains(List.of("/bin/x"));
    assertThat(options.memoryMib()).isEqualTo(1024);
    assertThat(options.diskSizeGb()).contains(20);
    assertThat(options.capAdd()).containsExactly("ALL");
    assertThat(options.capDrop()).containsExactly("net_raw", "CAP_KILL");
    assertThat(options.name()).contains("n1");
    assertThat(options.noTemplate()).isTrue();
    assertThat(options.cmd()).contains(List.of("-x", "--name", "z", "--", "@f"));
    assertThat(cli.err())
        .isEqualTo("Warning: environment variable 'NOT_SET' is not set here, skipped\n");
  }

  @Test
  void networkFlagsBecomeTheNetworkOfTheBox() {
    cli.run(
        "create",
        "--allow-net",
        "*.example.com:443",
        "--deny-net",
        "10.0.0.0/8",
        "-p",
        "127.0.0.1:8000-8001:80-81/udp",
        "-p",
        "443",
        "--bandwidth",
        "5000000000",
        "--connections",
        "64",
        "base");
    assertThat(created().network())
        .isEqualTo(
            new NetworkOptions(
                true,
                List.of("*.example.com:443"),
                List.of("10.0.0.0/8"),
                List.of(
                    new PortMapping(Optional.of("127.0.0.1"), 8000, 80, PortMapping.Protocol.UDP),
                    new PortMapping(Optional.of("127.0.0.1"), 8001, 81, PortMapping.Protocol.UDP),
                    new PortMapping(Optional.empty(), 0, 443, PortMapping.Protocol.TCP)),
                5_000_000_000L,
                64,
                List.of()));
  }

  @Test
  void secretsComeFromVariablesAndFiles(@TempDir Path directory) throws IOException {
    Path value = Files.writeString(directory.resolve("value"), "of, a file=\n");
    Path more =
        Files.writeString(
            directory.resolve("more.json"),
            "{\"secrets\":[{\"name\":\"third\",\"value\":\"v3\",\"hosts\":[\"c.test\"]}]}");
    cli.environment.put("TOKEN", "hunter2");
    cli.run(
        "create",
        "--secret",
        "key=ENV:TOKEN,host=api.example.com,host=*.example.org",
        "--secret",
        "other=FILE:" + value + ",host=b.test,placeholder=PLACEHOLDER,plain-http",
        "--secret-file",
        more.toString(),
        "base");
    assertThat(created().network().secrets())
        .containsExactly(
            Secret.of("key", "hunter2", List.of("api.example.com", "*.example.org")),
            new Secret("other", "of, a file=", List.of("b.test"), "PLACEHOLDER", true),
            Secret.of("third", "v3", List.of("c.test")));
  }

  @Test
  void faultsOfSecretsTellNoValue(@TempDir Path directory) throws IOException {
    Path bad = Files.writeString(directory.resolve("bad.json"), "{\"secrets\":[\"hunter2\"]}");
    cli.environment.put("TOKEN", "hunter2");
    for (String flag :
        List.of(
            "--secret=key=hunter2,host=a.test",
            "--secret=key=hunter2",
            "--secret=hunter2",
            "--secret=key=ENV:TOKEN,hunter2",
            "--secret=key=ENV:TOKEN",
            "--secret=key=ENV:TOKEN,host=a/b",
            "--secret=key=ENV:NONE,host=a.test",
            "--secret-file=" + bad)) {
      assertThat(cli.run("create", flag, "base")).as(flag).isNotZero();
      assertThat(cli.err()).as(flag).contains("secret").doesNotContain("hunter2");
    }
    cli.run("create", "--secret", "key=hunter2,host=a.test", "base");
    assertThat(cli.err()).contains("a value cannot be an argument").contains("ENV:VAR");
  }

  @Test
  void runHasTheDefaultsOfTheIssue() {
    cli.run("run", "base");
    assertThat(created().cpus()).isEqualTo(1);
    assertThat(created().memoryMib()).isEqualTo(512);
    assertThat(created().tty()).isFalse();
  }

  @Test
  void detachedRunPrintsTheIdAndWinsOverRm() {
    assertThat(cli.run("run", "-d", "--rm", "base", "sleep", "1")).isZero();
    assertThat(cli.out()).isEqualTo("01NEW1\n");
    assertThat(created().detach()).isTrue();
    assertThat(created().autoRemove()).isFalse();
    assertThat(cli.boxlite.calls).containsExactly("start 01NEW1", "close");
  }

  @Test
  void timingShowsTheStagesOnStandardErrorBehindTheOutput() {
    executionGives("hello\n".getBytes(StandardCharsets.UTF_8), new byte[0], 3, 0);
    assertThat(cli.run("run", "--timing", "base", "x")).isEqualTo(3);
    assertThat(cli.out()).isEqualTo("hello\n");
    assertThat(cli.err()).contains("of which, start warm", "│   guest", "│ 28 ");
    assertThat(cli.run("run", "--timing", "-d", "base")).isZero();
    assertThat(cli.out()).endsWith("01NEW2\n");
  }

  @Test
  void noStagesAreShownUnlessAskedFor() {
    executionGives("hello\n".getBytes(StandardCharsets.UTF_8), new byte[0], 0, 0);
    assertThat(cli.run("run", "base", "x", "--timing")).isZero();
    assertThat(cli.run("run", "-d", "base")).isZero();
    assertThat(cli.err()).isEmpty();
  }

  @Test
  void createPassesOnThatTheVmIsToBoot() {
    assertThat(cli.run("create", "base")).isZero();
    assertThat(cli.run("create", "--no-template", "base")).isZero();
    assertThat(cli.boxlite.created).extracting(BoxOptions::noTemplate).containsExactly(false, true);
  }

  @Test
  void restartPolicyAndHealthCheckAreRead() {
    assertThat(
            cli.run(
                "create",
                "--restart",
                "on-failure:3",
                "--health-cmd",
                "test -e /x",
                "--health-interval",
                "1m30s",
                "--health-timeout",
                "1.5s",
                "--health-retries",
                "4",
                "--health-start-period",
                "0",
                "base"))
        .isZero();
    BoxOptions options = cli.boxlite.created.getLast();
    assertThat(options.restart()).isEqualTo(RestartPolicy.parse("on-failure:3"));
    assertThat(options.healthCheck())
        .contains(
            new HealthCheck(
                List.of("CMD-SHELL", "test -e /x"),
                Optional.of(Duration.ofSeconds(90)),
                Optional.of(Duration.ofMillis(1500)),
                Optional.of(Duration.ZERO),
                Optional.of(4)));
    assertThat(cli.run("create", "--no-healthcheck", "base")).isZero();
    assertThat(cli.boxlite.created.getLast().healthCheck()).contains(HealthCheck.NONE);
    assertThat(cli.run("create", "--health-retries", "9", "base")).isZero();
    assertThat(cli.boxlite.created.getLast().healthCheck().orElseThrow().test()).isEmpty();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "--restart sometimes | must be no, on-failure",
        "--restart always:3 | must not have a number",
        "--restart on-failure:-1 | negative",
        "--restart always --rm | cannot be used together",
        "--health-interval 30 | expected a time such as",
        "--health-interval s30s | expected a time such as",
        "--health-timeout 0s | health_check.timeout must be",
        "--health-retries 0 | health_check.retries must be",
        "--no-healthcheck --health-retries 2 | conflicts",
      })
  void restartPolicyAndHealthCheckThatCannotBeAreRefused(String flags, String message) {
    assertThat(cli.run(("run -d " + flags + " base").split(" "))).isEqualTo(1);
    assertThat(cli.err()).contains(message);
    assertThat(cli.boxlite.created).isEmpty();
  }

  @Test
  void foregroundBoxThatIsStartedAgainOutlivesItsRun() {
    executionGives(new byte[0], new byte[0], 4, 0);
    assertThat(cli.run("run", "--restart", "always", "base", "x")).isEqualTo(4);
    assertThat(created().detach()).isTrue();
  }

  @ParameterizedTest
  @CsvSource({"command_not_found, 127", "command_not_executable, 126", "other, 1"})
  void runOfACommandThatCannotStartLeavesNoBox(String reason, int code) {
    cli.boxlite.startFails = new ExecException(reason, "nope: no such file");
    assertThat(cli.run("run", "base", "nope")).isEqualTo(code);
    assertThat(cli.err()).isEqualTo("Error: Execution error: nope: no such file\n");
    assertThat(cli.boxlite.boxes).isEmpty();
  }

  @Test
  void failedDetachedRunLeavesNoBox() {
    cli.boxlite.startFails = new EngineException("x", "qemu died");
    assertThat(cli.run("run", "-d", "base")).isEqualTo(1);
    assertThat(cli.boxlite.boxes).isEmpty();
    assertThat(cli.out()).isEmpty();
  }

  @Test
  void stdinIsForwardedOnlyWhenAskedFor() {
    cli.stdin = new byte[] {1, 2, 0, -1};
    cli.run("run", "base", "cat");
    assertThat(cli.boxlite.execution.stdin.toByteArray()).isEmpty();
    executionGives(new byte[0], new byte[0], 0, 0);
    cli.run("run", "-i", "base", "cat");
    assertThat(cli.boxlite.execution.stdin.toByteArray()).containsExactly(1, 2, 0, -1);
  }

  @Test
  void bytesAreNotRecoded() {
    byte[] bytes = new byte[1 << 20];
    new Random(1).nextBytes(bytes);
    executionGives(bytes, new byte[0], 0, 0);
    cli.run("run", "base", "cat");
    assertThat(((java.io.ByteArrayOutputStream) cli.stdout).toByteArray()).isEqualTo(bytes);
  }

  @Test
  void brokenPipeEndsQuietlyAsALocalCommandWould() {
    executionGives(new byte[100], new byte[0], 0, 0);
    cli.stdout =
        new OutputStream() {
          @Override
          public void write(int b) throws IOException {
            throw new IOException("Broken pipe");
          }
        };
    assertThat(cli.run("run", "base", "yes")).isEqualTo(141);
    assertThat(cli.boxlite.execution.signals).containsExactly(13);
    assertThat(cli.err()).isEmpty();
  }

  @Test
  void whatIgnoresABrokenPipeIsKilled() {
    executionGives(new byte[100], new byte[0], 0, 0);
    cli.boxlite.execution.ignoresSignals = true;
    cli.stdout =
        new OutputStream() {
          @Override
          public void write(int b) throws IOException {
            throw new IOException("Broken pipe");
          }
        };
    assertThat(cli.run("run", "base", "yes")).isEqualTo(141);
    assertThat(cli.boxlite.execution.signals).containsExactly(13, 9);
  }

  @Test
  void outputThatWasCutIsAFailureWhateverTheExitCode() {
    executionGives("part".getBytes(StandardCharsets.UTF_8), new byte[0], 0, 0);
    cli.boxlite.execution.cut = true;
    assertThat(cli.run("run", "base", "cat")).isEqualTo(1);
    assertThat(cli.out()).isEqualTo("part");
    assertThat(cli.err()).isEqualTo("Error: output is incomplete: connection lost\n");
  }

  @Test
  void ttyNeedsATerminal() {
    assertThat(cli.run("run", "-it", "base")).isEqualTo(1);
    assertThat(cli.err()).isEqualTo("Error: the input device is not a TTY.\n");
    assertThat(cli.boxlite.created).isEmpty();
  }

  @Test
  void ttyIsRawWhileTheCommandRunsAndGetsTheSize() {
    cli.terminal.present = true;
    assertThat(cli.run("run", "-t", "base")).isZero();
    assertThat(created().tty()).isTrue();
    assertThat(cli.terminal.raw).isEqualTo(1);
    assertThat(cli.terminal.restored).isEqualTo(1);
    assertThat(cli.boxlite.execution.sizes).containsExactly("50x132");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "exec box1 echo -n hi",
        "exec box1 -- echo -n hi",
        "exec -i box1 -- echo -n hi",
        "exec box1 -i -- echo -n hi",
        "--home /h exec box1 -e A=b -- echo -n hi",
      })
  void execTakesTheCommandWithAndWithoutSeparator(String line) {
    cli.boxlite.with("01A", "box1", BoxStatus.RUNNING);
    assertThat(cli.run(line.split(" "))).isZero();
    assertThat(cli.boxlite.executed.getFirst().command()).containsExactly("echo", "-n", "hi");
  }

  @Test
  void execReadsItsFlags() {
    cli.boxlite.with("01A", "box1", BoxStatus.RUNNING);
    cli.terminal.present = true;
    executionGives(new byte[0], new byte[0], 3, 0);
    assertThat(cli.run("exec", "-it", "-e", "A=b", "-w", "/x", "-u", "u", "box1", "sh"))
        .isEqualTo(3);
    var options = cli.boxlite.executed.getFirst();
    assertThat(options.tty()).isTrue();
    assertThat(options.rows()).isEqualTo(50);
    assertThat(options.cols()).isEqualTo(132);
    assertThat(options.env()).isEqualTo(Map.of("A", "b"));
    assertThat(options.workingDir()).isEqualTo(Optional.of("/x"));
    assertThat(options.user()).isEqualTo(Optional.of("u"));
  }

  @Test
  void detachedExecPrintsNothing() {
    cli.boxlite.with("01A", "box1", BoxStatus.RUNNING);
    assertThat(cli.run("exec", "-d", "box1", "sleep", "9")).isZero();
    assertThat(cli.out()).isEmpty();
    assertThat(cli.boxlite.executed.getFirst().detach()).isTrue();
  }

  @Test
  void createPrintsTheIdOfABoxThatOutlivesIt() {
    assertThat(cli.run("create", "--rm", "--name", "x", "base", "true")).isZero();
    assertThat(cli.out()).isEqualTo("01NEW1\n");
    assertThat(created().detach()).isTrue();
    assertThat(created().autoRemove()).isFalse();
  }
}
