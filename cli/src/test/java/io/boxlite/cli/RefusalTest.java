package io.boxlite.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.boxlite.api.BoxStatus;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Wrong command lines: one line that names what is wrong, the exit code, and nothing made.
class RefusalTest {
  private final CommandLineHarness cli = new CommandLineHarness();

  private void refused(String line, int code, String message) {
    cli.boxlite.with("01A", "box1", BoxStatus.RUNNING);
    assertThat(cli.run(line.isEmpty() ? new String[0] : line.split(" "))).isEqualTo(code);
    assertThat(cli.err()).startsWith("Error: ").contains(message).hasLineCount(1);
    assertThat(cli.out()).isEmpty();
    assertThat(cli.boxlite.created).isEmpty();
    assertThat(cli.boxlite.executed).isEmpty();
  }

  @ParameterizedTest
  @CsvSource(
      delimiterString = "=>",
      quoteCharacter = '`',
      value = {
        "frobnicate => unknown command 'frobnicate'",
        "--nope list => --nope",
        "--home /x => no command given",
        "list --nope => '--nope'",
        "list extra => 'extra'",
        "run --cpus many base => --cpus",
        "run --memory 1g base => --memory",
        "run --memory => --memory",
        "run --name a --name b base => --name",
        "exec => missing argument: BOX",
        "exec box1 => missing argument: COMMAND",
        "exec box1 -- => missing argument: COMMAND",
        "exec box1 -it sh => unexpected argument '-it'",
        "start => missing argument: BOX",
        "update --cpus 1 => missing argument: BOX",
        "update web => nothing to change",
        "rm => missing argument: BOX",
        "rm -a box1 => --all and BOX cannot be used together",
        "logs => missing argument: BOX",
        "logs box1 box2 => unexpected argument 'box2'",
        "logs -n -3 box1 => --tail must be a number of lines or all, not '-3'",
        "logs --since yesterday box1 => --since must be a time",
        "logs --until 10x box1 => --until must be a time",
        "logs --console --since 1m box1 => --since cannot be used with --console",
        "logs --console --until 1m box1 => --until cannot be used with --console",
        "logs --console -t box1 => --timestamps cannot be used with --console",
        "stats -s --no-stream box1 => --stream and --no-stream cannot be used together",
        "completion tcsh => unknown shell 'tcsh'",
        "auth login --method magic => unknown method 'magic'",
        "auth login --api-key-stdin --no-browser => cannot be used together",
        "auth login --no-browser --callback-port 70000 => --callback-port must be 0 to",
        "info extra => 'extra'",
        "template => missing argument: build, list or prune",
        "template drop => unknown action 'drop' of template",
        "template list k1 => unexpected argument 'k1'",
      })
  void wrongUseExitsWith2(String line, String message) {
    refused(line, 2, message);
  }

  @ParameterizedTest
  @CsvSource(
      delimiterString = "=>",
      quoteCharacter = '`',
      value = {
        "run => provide IMAGE or --rootfs PATH",
        "create => provide IMAGE or --rootfs PATH",
        "create --rootfs / base => provide either IMAGE or --rootfs PATH, not both",
        "run --rootfs /no/such/directory => invalid --rootfs '/no/such/directory': not a directory",
        "run --network host base => invalid network.mode \"host\". Expected \"enabled\" or \"disabled\".",
        "run --security maybe base => unknown security setting \"maybe\"; expected one of enable|disable",
        "run -p 0:80 base => invalid --publish '0:80': ports must be 1 to 65535, and ranges ascend",
        "run -p 80:99999 base => invalid --publish '80:99999': ports must be 1 to 65535, and ranges ascend",
        "run -p 80/sctp base => invalid --publish '80/sctp': the protocol must be tcp or udp",
        "run -p 80-82:80 base => invalid --publish '80-82:80': both ranges must have as many ports",
        "run -p a:80 base => invalid --publish 'a:80': expected [[HOST-IP:]HOST-PORT:]BOX-PORT[/tcp|/udp]",
        "run --network disabled --allow-net example.com base => allow_net cannot be used when network.mode is \"disabled\"",
        "run --network disabled --deny-net example.com base => deny_net cannot be used when network.mode is \"disabled\"",
        "run --network disabled -p 80 base => ports require network.mode=\"enabled\"",
        "run --bandwidth -1 base => bytes_per_second must not be negative",
        "create -v data base => anonymous volume box path must be absolute (e.g. /data), got \"data\"",
        "create -v :/b base => volume host path must be non-empty",
        "create -v /a: base => volume box path must be non-empty",
        "create -v /a:/b:ro:x base => invalid volume spec \"/a:/b:ro:x\"",
        "create -v ./no/such:/b base => volume host path \"./no/such\": No such file or directory",
        "create -v /a:/proc/x base => must be neither / nor in /proc, /sys or /dev",
        "list --url u => server URL 'u' must be http://HOST[:PORT]",
        "list --url ftp://h => must be http://HOST[:PORT]",
        "list --url http://u:p@h => server URL of h must not have a user or password",
        "list --url http://127.0.0.1:1 => no answer from http://127.0.0.1:1: Connection refused",
        "list --url http://h --path-prefix a/../b => path prefix 'a/../b' must be path segments",
        "list --profile p => no profile 'p' in",
        "auth login --url http://127.0.0.1:1 => no API key was given",
        "auth login --no-browser --issuer http://o.test --client-id c => must be an https URL",
        "--home relative list => home directory 'relative' must be an absolute path",
        "run --memory 64 base => memory_mib must be between 128 and 65536 MiB, not 64",
        "run --cpus 0 base => CPU count must be between 1 and",
        "run --name .bad base => name '.bad' must be",
        "run -w relative base => working_dir 'relative' must be an absolute path",
        "run --cap-add NO+PE base => 'NO+PE' is not a capability name",
        "run -e =x base => invalid --env '=x'",
        "list --format xml => Unknown format: 'xml'. Valid formats: table, json, yaml",
        "info --format table => Unknown format: 'table'",
        "inspect => no names or ids specified",
        "inspect -l x => --latest and arguments cannot be used together",
        "inspect -f table box1 => inspect does not support table format",
        "inspect -f {{.Nope}} box1 => template field '.Nope' does not exist",
        "inspect -f {{range}} box1 => is not supported",
        "inspect -f {{.Id box1 => unclosed action",
        "exec nobox true => No such box: nobox",
        "logs nobox => No such box: nobox",
        "start nobox => No such box: nobox",
        "load -i /no/such/file => cannot load '/no/such/file': no such file",
        "load -i / => cannot load '/': a directory",
        "template list --format xml => Unknown format: 'xml'. Valid formats: table, json, yaml",
      })
  void otherFailuresExitWith1(String line, String message) {
    refused(line, 1, message);
  }

  @Test
  void variableNamesTheServerToo() {
    cli.environment.put("BOXLITE_REST_URL", "http://127.0.0.1:1");
    refused("list", 1, "no answer from http://127.0.0.1:1");
  }

  @Test
  void moreThan255CpusAreCappedWithAWarning() {
    cli.run("run", "--cpus", "300", "base");
    assertThat(cli.err()).contains("Warning: --cpus 300 is more than 255, taken as 255");
  }

  @Test
  void whateverAMessageHoldsItIsOneLine() {
    assertThat(cli.run("exec", "no\nbox\u001b[31m\u2028", "true")).isEqualTo(1);
    assertThat(cli.err()).isEqualTo("Error: No such box: no\\nbox\\u001b[31m\\u2028\n");
  }

  @Test
  void debugShowsTheCause() {
    assertThat(cli.run("exec", "--debug", "nobox", "true")).isEqualTo(1);
    assertThat(cli.err()).contains("CliException").contains("Error: No such box: nobox");
  }
}
