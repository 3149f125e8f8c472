package io.boxlite.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.boxlite.api.BoxStatus;
import io.boxlite.api.NetworkInfo;
import io.boxlite.api.NetworkOptions;
import io.boxlite.api.PortMapping;
import io.boxlite.api.PublishedPort;
import io.boxlite.api.Secret;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class OutputTest {
  private final CommandLineHarness cli = new CommandLineHarness();

  private String ok(String... arguments) {
    assertThat(cli.run(arguments)).as(cli::err).isZero();
    assertThat(cli.err()).isEmpty();
    return cli.out();
  }

  private void threeBoxes() {
    cli.boxlite
        .with("01C", "web", BoxStatus.RUNNING)
        .with("01B", null, BoxStatus.STOPPED)
        .with("01A", "née", BoxStatus.CONFIGURED);
  }

  @ParameterizedTest
  @CsvSource({"list", "ls", "ps"})
  void listShowsRunningBoxes(String verb) {
    threeBoxes();
    assertThat(ok(verb))
        .isEqualTo(
            """
            ┌─────┬───────────────────────────────┬─────────┬─────────────────────────┬───────┐
            │ ID  │ IMAGE                         │ STATUS  │ CREATED                 │ NAMES │
            ├─────┼───────────────────────────────┼─────────┼─────────────────────────┼───────┤
            │ 01C │ docker.io/library/base:latest │ Running │ 2026-03-04 05:06:07 UTC │ web   │
            └─────┴───────────────────────────────┴─────────┴─────────────────────────┴───────┘
            """);
  }

  @Test
  void updateChangesWhatIsNamedOfEachBox() {
    threeBoxes();
    assertThat(ok("update", "--disk-size", "20", "--cpus", "1", "web", "01B"))
        .isEqualTo("web\n01B\n");
    String change =
        "BoxUpdate[cpus=Optional[1], memoryMib=Optional.empty, diskSizeGb=Optional[20], restart=Optional.empty]";
    assertThat(cli.boxlite.calls)
        .containsExactly("update 01C " + change, "update 01B " + change, "close");
  }

  @Test
  void emptyTableIsAHeader() {
    assertThat(ok("list"))
        .isEqualTo(
            """
            ┌────┬───────┬────────┬─────────┬───────┐
            │ ID │ IMAGE │ STATUS │ CREATED │ NAMES │
            └────┴───────┴────────┴─────────┴───────┘
            """);
  }

  @Test
  void quietListShowsIds() {
    threeBoxes();
    assertThat(ok("list", "-aq")).isEqualTo("01C\n01B\n01A\n");
  }

  @Test
  void listAsJson() {
    cli.boxlite.with("01B", null, BoxStatus.STOPPED).with("01C", "web", BoxStatus.RUNNING);
    assertThat(ok("list", "-a", "--format", "JSON"))
        .isEqualTo(
            """
            [
              {
                "ID": "01B",
                "Image": "docker.io/library/base:latest",
                "Status": "Stopped",
                "CreatedAt": "2026-03-04 05:06:07 UTC",
                "Names": []
              },
              {
                "ID": "01C",
                "Image": "docker.io/library/base:latest",
                "Status": "Running",
                "CreatedAt": "2026-03-04 05:06:07 UTC",
                "Names": [
                  "web"
                ]
              }
            ]
            """);
  }

  @Test
  void listAsYaml() {
    cli.boxlite.with("01C", "web", BoxStatus.RUNNING);
    assertThat(ok("list", "--format", "yaml"))
        .isEqualTo(
            """
            - ID: 01C
              Image: docker.io/library/base:latest
              Status: Running
              CreatedAt: 2026-03-04 05:06:07 UTC
              Names:
              - web

            """);
  }

  @Test
  void imagesAsTableAndJson() {
    assertThat(ok("images"))
        .isEqualTo(
            """
            ┌────────────────────────┬────────┬──────────────┬─────────────────────────┐
            │ REPOSITORY             │ TAG    │ IMAGE ID     │ CREATED                 │
            ├────────────────────────┼────────┼──────────────┼─────────────────────────┤
            │ docker.io/library/base │ latest │ 0123456789ab │ 2026-03-04 05:06:07 UTC │
            └────────────────────────┴────────┴──────────────┴─────────────────────────┘
            """);
    assertThat(ok("images", "--format", "json"))
        .contains("\"Repository\": \"docker.io/library/base\"", "\"size\": \"1234\"");
    assertThat(ok("images", "-q")).endsWith("sha256:0123456789abcdef0123\n");
  }

  @Test
  void inspectAsJson() {
    cli.boxlite.with("01C", "web", BoxStatus.RUNNING);
    assertThat(ok("inspect", "web"))
        .isEqualTo(
            """
            [
              {
                "Id": "01C",
                "Name": "web",
                "Image": "docker.io/library/base:latest",
                "Created": "2026-03-04T05:06:07.890Z",
                "Status": "running",
                "State": {
                  "Status": "running",
                  "Running": true,
                  "Pid": 4321,
                  "ExitCode": 0,
                  "Restarting": false
                },
                "RestartCount": 0,
                "Cpus": 2,
                "Memory": 536870912,
                "NetworkSettings": {
                  "Mode": "enabled",
                  "AllowNet": [],
                  "DenyNet": [],
                  "Ports": {},
                  "Secrets": []
                }
              }
            ]
            """);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "{{.State.Status}} | stopped",
        "{{ .ID }}={{.ImageID}} | 01B=docker.io/library/base:latest",
        "code {{.State.ExitCode}}! | code 7!",
        "{{.State}} | {Status:stopped Running:false Pid:0 ExitCode:7 Restarting:false}",
        "{{json .State}} | {\"Status\":\"stopped\",\"Running\":false,\"Pid\":0,\"ExitCode\":7,\"Restarting\":false}",
        "{{json .Id}} | \"01B\"",
        "just text | just text",
      })
  void inspectWithTemplate(String template, String expected) {
    threeBoxes();
    assertThat(ok("inspect", "-f", template, "01B")).isEqualTo(expected + "\n");
  }

  @Test
  void templateGivesOneLinePerBoxAndNamesTheMissing() {
    threeBoxes();
    assertThat(cli.run("inspect", "-f", "{{.Id}}", "web", "nope", "01B")).isEqualTo(1);
    assertThat(cli.out()).isEqualTo("01C\n01B\n");
    assertThat(cli.err()).isEqualTo("Error: no such box: nope\n");
  }

  @Test
  void inspectOfNothingFoundPrintsAnEmptyList() {
    assertThat(cli.run("inspect", "nope")).isEqualTo(1);
    assertThat(cli.out()).isEqualTo("[]\n");
    assertThat(cli.err()).isEqualTo("Error: no such box: nope\n");
  }

  @Test
  void inspectLatestTakesTheNewest() {
    threeBoxes();
    assertThat(ok("inspect", "-l", "-f", "{{.Name}}")).isEqualTo("web\n");
  }

  @Test
  void infoAsYaml() {
    assertThat(ok("info"))
        .isEqualTo(
            """
            version: 0.1.0
            homeDir: /home/u/.boxlite
            engine: qemu 7.2.22 (tcg)
            virtualization: 'unavailable: no /dev/kvm'
            os: linux
            arch: x86_64
            boxesTotal: 3
            boxesRunning: 1
            boxesStopped: 1
            boxesConfigured: 1
            imagesCount: 4
            warmVms: 2

            """);
  }

  @Test
  void inspectShowsTheStagesOfTheLastStart() {
    cli.boxlite.with("01C", "web", BoxStatus.RUNNING);
    cli.boxlite.started("01C");
    assertThat(ok("inspect", "-f", "{{json .BootTiming}}", "web"))
        .isEqualTo(
            "{\"Origin\":\"warm\",\"TotalCreateMs\":28,\"ImagePrepareMs\":2,"
                + "\"FilesystemSetupMs\":3,\"BoxConfigMs\":4,\"BoxSpawnMs\":5,\"GuestBootMs\":6,"
                + "\"ContainerInitMs\":7}\n");
  }

  @Test
  void inspectShowsEveryHostPortOfABoxPort() {
    cli.boxlite.with("01C", "web", BoxStatus.RUNNING);
    cli.boxlite.network(
        "01C",
        new NetworkInfo(
            true,
            List.of(),
            List.of(),
            List.of(
                new PublishedPort(80, "127.0.0.1", 8080, PortMapping.Protocol.TCP),
                new PublishedPort(80, "0.0.0.0", 8081, PortMapping.Protocol.TCP),
                new PublishedPort(80, "0.0.0.0", 8082, PortMapping.Protocol.UDP)),
            List.of(),
            Optional.empty()));
    assertThat(ok("inspect", "-f", "{{json .NetworkSettings.Ports}}", "web"))
        .isEqualTo(
            "{\"80/tcp\":[{\"HostIp\":\"127.0.0.1\",\"HostPort\":\"8080\"},"
                + "{\"HostIp\":\"0.0.0.0\",\"HostPort\":\"8081\"}],"
                + "\"80/udp\":[{\"HostIp\":\"0.0.0.0\",\"HostPort\":\"8082\"}]}\n");
  }

  @Test
  void inspectShowsNamesAndHostsOfSecrets() {
    cli.boxlite.with("01C", "web", BoxStatus.RUNNING);
    cli.boxlite.network(
        "01C",
        NetworkInfo.of(
            NetworkOptions.DEFAULT.withSecrets(
                List.of(Secret.of("key", "hunter2", List.of("api.example.com"))))));
    assertThat(ok("inspect", "-f", "{{json .NetworkSettings.Secrets}}", "web"))
        .isEqualTo("[{\"Name\":\"key\",\"Hosts\":[\"api.example.com\"]}]\n");
  }

  @Test
  void templatesAsTableAndJson() {
    cli.boxlite.templates.with("k1", 512, true);
    assertThat(ok("template", "list"))
        .isEqualTo(
            """
            ┌─────┬──────┬─────────┬───────┬─────────────────────────┬─────────────────────────┬────────┐
            │ KEY │ CPUS │ MEMORY  │ SIZE  │ CREATED                 │ LAST USED               │ IN USE │
            ├─────┼──────┼─────────┼───────┼─────────────────────────┼─────────────────────────┼────────┤
            │ k1  │ 1    │ 512 MiB │ 1 MiB │ 2026-03-04 05:06:07 UTC │ 2026-03-04 05:07:07 UTC │ yes    │
            └─────┴──────┴─────────┴───────┴─────────────────────────┴─────────────────────────┴────────┘
            """);
    assertThat(ok("template", "list", "--format", "json"))
        .contains("\"Key\": \"k1\"", "\"Memory\": 536870912", "\"InUse\": true");
  }

  @Test
  void templateBuildPrintsTheKeyAndItsStagesOnlyOnATerminal() {
    assertThat(ok("template", "build", "--memory", "256")).isEqualTo("t1x256\n");
    cli.terminal.errorsShown = true;
    assertThat(cli.run("template", "build")).isZero();
    assertThat(cli.out()).endsWith("t1x512\n");
    assertThat(cli.err()).isEqualTo("booting a guest\nready\n");
  }

  @Test
  void templatePruneShowsWhatWasRemoved() {
    cli.boxlite.templates.with("k1", 512, true).with("k2", 256, false);
    assertThat(ok("template", "prune", "-q")).isEqualTo("k2\n");
    assertThat(cli.boxlite.templates.list()).hasSize(1);
  }

  @Test
  void noTemplatesAreAnEmptyListInEveryFormat() {
    assertThat(ok("template", "list", "-q")).isEmpty();
    assertThat(ok("template", "prune", "--format", "json").strip()).isEqualTo("[]");
  }

  @Test
  void inspectOfABoxThatWasNotStartedHasNoStages() {
    cli.boxlite.with("01C", "web", BoxStatus.CONFIGURED);
    assertThat(ok("inspect", "web")).doesNotContain("BootTiming");
  }

  @Test
  void lifecyclePrintsEachTarget() {
    threeBoxes();
    assertThat(ok("restart", "web", "01B")).isEqualTo("web\n01B\n");
    assertThat(cli.boxlite.calls)
        .containsExactly("stop 01C", "start 01C", "stop 01B", "start 01B", "close");
  }

  @Test
  void lifecycleSumsUpFailures() {
    threeBoxes();
    assertThat(cli.run("start", "web", "nope")).isEqualTo(1);
    assertThat(cli.out()).isEqualTo("web\n");
    assertThat(cli.err())
        .isEqualTo("Error: No such box: nope\nError: Failed to start 1 of 2 box(es)\n");
  }

  @Test
  void rmRefusesARunningBoxAndGoesOn() {
    threeBoxes();
    assertThat(cli.run("rm", "web", "01B")).isEqualTo(1);
    assertThat(cli.out()).isEqualTo("01B\n");
    assertThat(cli.err())
        .isEqualTo(
            "Error removing box 'web': invalid state: cannot remove box 01C: it is running\n"
                + "Error: Some boxes could not be removed\n");
  }

  @Test
  void rmOfAllAsksFirst() {
    threeBoxes();
    cli.stdin = "n\n".getBytes(StandardCharsets.UTF_8);
    assertThat(cli.run("rm", "--all")).isZero();
    assertThat(cli.err()).isEqualTo("WARNING! This will remove all boxes. Are you sure? [y/N] ");
    assertThat(cli.boxlite.boxes).hasSize(3);
    assertThat(cli.run("rm", "--all", "-f")).isZero();
    assertThat(cli.boxlite.boxes).isEmpty();
  }

  @Test
  void loadReadsAFileOrStandardInput(@TempDir Path directory) throws Exception {
    Path archive = Files.writeString(directory.resolve("a.tar"), "tar");
    assertThat(ok("load", "-i", archive.toString()))
        .isEqualTo("Loaded image: docker.io/library/base:latest\n");
    assertThat(cli.boxlite.images.loaded).asString().isEqualTo("tar");
    cli.stdin = "piped".getBytes(StandardCharsets.UTF_8);
    ok("load");
    assertThat(cli.boxlite.images.loaded).asString().isEqualTo("piped");
  }

  @Test
  void helpAndVersionNeedNoRuntime() {
    assertThat(ok("--help")).contains("Usage: boxlite", "  run ", "(also: ls, ps)");
    assertThat(ok("run", "--help")).contains("boxlite run", "--memory", "IMAGE [COMMAND [ARG...]]");
    assertThat(ok("--version")).contains("boxlite ");
    assertThat(cli.homes).isEmpty();
  }

  @ParameterizedTest
  @CsvSource({"bash", "zsh", "fish"})
  void completionKnowsVerbsAndFlags(String shell) {
    assertThat(ok("completion", shell)).contains("inspect", "disk-size", "boxlite");
  }

  @Test
  void homeIsTakenFromFlagOrVariable() {
    cli.environment.put("BOXLITE_HOME", "/from/variable");
    ok("list");
    ok("list", "--home", "/from/flag");
    ok("--home=/in/front", "list");
    assertThat(cli.homes)
        .containsExactly(Path.of("/from/variable"), Path.of("/from/flag"), Path.of("/in/front"));
  }
}
