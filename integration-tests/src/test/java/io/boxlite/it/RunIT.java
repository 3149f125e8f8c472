package io.boxlite.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;

/// The main job through the command: run, exec, and the life of a box.
class RunIT {
  private static TestHome home;

  @BeforeAll
  static void open() {
    home = new TestHome();
  }

  @AfterAll
  static void close() {
    home.close();
  }

  @Nested
  class Run {
    @Test
    void printsExactlyWhatTheCommandWrites() {
      TestHome.Result result = home.run("run", "--rm", "base", "echo", "hello").ok();
      assertThat(result.out()).isEqualTo("hello\n");
      assertThat(result.err()).isEmpty();
      assertThat(home.boxDirectories()).isEmpty();
    }

    @Test
    void passesTheExitCodeThrough() {
      assertThat(home.run("run", "--rm", "base", "sh", "-c", "exit 7").exitCode()).isEqualTo(7);
    }

    @Test
    void givesShellCodeOfADeathBySignal() {
      assertThat(home.run("run", "--rm", "base", "sh", "-c", "kill -9 $$").exitCode())
          .isEqualTo(137);
    }

    @Test
    void saysThatACommandDoesNotExist() {
      TestHome.Result result = home.run("run", "--rm", "base", "no-such-command");
      assertThat(result.exitCode()).isEqualTo(127);
      assertThat(result.err()).startsWith("Error: ").contains("no-such-command").hasLineCount(1);
      assertThat(home.boxDirectories()).isEmpty();
    }

    @Test
    void saysThatAFileIsNotExecutable() {
      TestHome.Result result = home.run("run", "--rm", "base", "/etc/passwd");
      assertThat(result.exitCode()).isEqualTo(126);
      assertThat(result.err()).contains("/etc/passwd").hasLineCount(1);
    }

    @Test
    void keepsStdoutAndStderrApart() {
      TestHome.Result result =
          home.run("run", "--rm", "base", "sh", "-c", "echo out; echo err >&2").ok();
      assertThat(result.out()).isEqualTo("out\n");
      assertThat(result.err()).isEqualTo("err\n");
    }

    @Test
    void forwardsStdinWhenInteractive() {
      TestHome.Result result =
          home.runWithInput(
                  "some input\n".getBytes(StandardCharsets.UTF_8),
                  "run",
                  "--rm",
                  "-i",
                  "base",
                  "cat")
              .ok();
      assertThat(result.out()).isEqualTo("some input\n");
    }

    @Test
    void honoursEnvironmentDirectoryAndUser() {
      TestHome.Result result =
          home.run(
                  "run",
                  "--rm",
                  "-e",
                  "GREETING=hi there",
                  "-w",
                  "/var/new",
                  "-u",
                  "nobody",
                  "base",
                  "sh",
                  "-c",
                  "echo $GREETING; pwd; id -un; echo $PATH")
              .ok();
      assertThat(result.out())
          .isEqualTo(
              "hi there\n/var/new\nnobody\n"
                  + "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\n");
    }

    @Test
    void looksLikeAContainerInside() {
      String script =
          "cat /proc/1/comm; hostname; cat /proc/cmdline | grep -c GREETING;"
              + " ls /proc/self/fd | wc -l; mount | grep -c ' / '; [ -c /dev/null ] && echo null;"
              + " echo x > /proc/sys/kernel/hostname || echo ro; cat /proc/keys | wc -l;"
              + " grep CapEff /proc/self/status; grep CapBnd /proc/self/status";
      TestHome.Result result =
          home.run("run", "--rm", "-e", "GREETING=x", "base", "sh", "-c", script).ok();
      assertThat(result.out())
          .contains("boxlite\n0\n")
          .contains("null\nro\n0\n")
          .contains("CapEff:\t00000000a80425fb")
          .contains("CapBnd:\t00000000a80425fb");
    }

    @Test
    void aPreparedLayoutDirectoryIsAnImage() throws Exception {
      Path layout = home.home().resolveSibling("layout");
      Files.createDirectories(layout);
      Process tar =
          new ProcessBuilder(
                  "tar",
                  "-xf",
                  Path.of(System.getProperty("boxlite.root"), "dist/images/base.tar").toString(),
                  "-C",
                  layout.toString())
              .start();
      assertThat(tar.waitFor()).isZero();
      assertThat(home.run("run", "--rm", "--rootfs", layout.toString(), "echo", "ok").ok().out())
          .isEqualTo("ok\n");
    }
  }

  @Nested
  class Life {
    @Test
    void detachedBoxIsListedExecutedInStoppedStartedAndRemoved() {
      String id =
          home.run("run", "-d", "--name", "web", "base", "sleep", "1000").ok().out().strip();
      assertThat(id).matches("[0-9A-Z]{26}");
      assertThat(home.run("list", "-q").ok().out()).contains(id);
      assertThat(home.run("exec", "web", "--", "echo", "in box").ok().out()).isEqualTo("in box\n");
      assertThat(home.run("exec", "web", "--", "sh", "-c", "exit 3").exitCode()).isEqualTo(3);
      assertThat(home.run("exec", "web", "--", "sh", "-c", "kill -9 $$").exitCode()).isEqualTo(137);
      assertThat(home.run("exec", "web", "--", "nope").exitCode()).isEqualTo(127);
      assertThat(status("web")).isEqualTo("running");

      home.run("exec", "web", "--", "sh", "-c", "echo kept > /root/file").ok();
      assertThat(home.run("stop", "web").ok().out()).isEqualTo("web\n");
      assertThat(status("web")).isEqualTo("stopped");
      assertThat(home.vms()).isEmpty();
      TestHome.Result refused = home.run("exec", "web", "--", "true");
      assertThat(refused.exitCode()).isEqualTo(1);
      assertThat(refused.err()).startsWith("Error: invalid state: ").contains("main command");

      home.run("start", "web").ok();
      assertThat(home.run("exec", "web", "--", "cat", "/root/file").ok().out()).isEqualTo("kept\n");
      TestHome.Result active = home.run("rm", "web");
      assertThat(active.exitCode()).isEqualTo(1);
      assertThat(active.err()).contains("force");
      home.run("rm", "-f", "web").ok();
      assertThat(home.run("list", "-a", "-q").ok().out()).doesNotContain(id);
      assertThat(home.vms()).isEmpty();
      assertThat(home.boxDirectories()).doesNotContain(id);
    }

    private String status(String box) {
      return home.run("inspect", "-f", "{{.State.Status}}", box).ok().out().strip();
    }

    @Test
    void exitCodeOfTheMainCommandIsKept() {
      assertThat(home.run("run", "--name", "job", "base", "sh", "-c", "exit 5").exitCode())
          .isEqualTo(5);
      assertThat(
              home.run("inspect", "-f", "{{.State.Status}} {{.State.ExitCode}}", "job").ok().out())
          .isEqualTo("stopped 5\n");
      home.run("rm", "job").ok();
    }

    @Test
    void whatInitWritesIsKeptAndSoIsTheConsole() {
      home.run("run", "--name", "talker", "base", "sh", "-c", "echo one; echo two >&2").ok();
      TestHome.Result logs = home.run("logs", "talker").ok();
      assertThat(logs.out()).isEqualTo("one\n");
      assertThat(logs.err()).isEqualTo("two\n");
      home.run("logs", "--console", "talker").ok();
      home.run("rm", "talker").ok();
    }

    @Test
    void terminalIsARealOne() throws Exception {
      home.run("run", "-d", "--name", "tty", "base", "sleep", "1000").ok();
      String exec =
          Path.of(System.getProperty("boxlite.root"), "boxlite")
              + " exec -it tty -- sh -c 'tty; stty size; read line; echo got $line; exit 4'";
      Process process =
          home.startProcess(
              List.of("script", "-qec", "stty rows 33 cols 101; " + exec, "/dev/null"));
      TestHome.Result result = TestHome.finish(process, "typed\n".getBytes(StandardCharsets.UTF_8));
      assertThat(result.out()).contains("/dev/pts/").contains("33 101").contains("got typed");
      assertThat(result.exitCode()).isEqualTo(4);
      home.run("rm", "-f", "tty").ok();
    }
  }

  @Nested
  class BadInput {
    private void isRefused(int exitCode, String named, String... arguments) {
      List<String> before = home.boxDirectories();
      TestHome.Result result = home.run(arguments);
      assertThat(result.exitCode()).as("%s", result.err()).isEqualTo(exitCode);
      assertThat(result.err()).contains(named);
      if (exitCode == 1) {
        assertThat(result.err()).startsWith("Error: ").hasLineCount(1);
      }
      assertThat(result.out()).isEmpty();
      assertThat(home.boxDirectories()).isEqualTo(before);
    }

    @Test
    void isNamedAndLeavesNoBox() {
      isRefused(2, "--no-such-flag", "run", "--no-such-flag", "base");
      isRefused(2, "abc", "run", "--memory", "abc", "base");
      isRefused(1, "64", "run", "--memory", "64", "base", "true");
      isRefused(1, "CPU", "run", "--cpus", "0", "base", "true");
      isRefused(1, "disk", "run", "--disk-size", "5000", "base", "true");
      isRefused(1, "bad name", "run", "--name", "bad name", "base", "true");
      isRefused(1, "/no/such", "run", "--rootfs", "/no/such", "true");
      isRefused(1, "no-such-image", "run", "--pull", "never", "no-such-image", "true");
      isRefused(1, "No such box: ghost", "exec", "ghost", "--", "true");
      isRefused(1, "provide", "run");
      isRefused(1, "No such box: ghost", "start", "ghost");
      isRefused(1, "xml", "list", "--format", "xml");
      isRefused(1, "not-there.tar", "load", "-i", "/tmp/not-there.tar");
      isRefused(1, "CHEESE", "run", "--rm", "--cap-add", "CHEESE", "base", "true");
      isRefused(1, "no-such-user", "run", "--rm", "-u", "no-such-user", "base", "true");
    }

    @Test
    void anImageThatCanBeHadNowhereIsNamedAndLeavesNoBox() {
      List<String> before = home.boxDirectories();
      TestHome.Result result = home.run("run", "127.0.0.1:1/no-such-image", "true");
      assertThat(result.exitCode()).isEqualTo(1);
      assertThat(result.err().lines())
          .last()
          .asString()
          .startsWith("Error: network error: 127.0.0.1:1/no-such-image");
      assertThat(home.boxDirectories()).isEqualTo(before);
    }
  }
}
