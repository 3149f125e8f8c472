package io.boxlite.server;

import static org.assertj.core.api.Assertions.assertThat;

import io.boxlite.api.BoxOptions;
import io.boxlite.client.RemoteServer;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/// Thousands of requests that Schemathesis makes of the OpenAPI document, right and wrong ones, to
/// a server over a runtime in memory: none ends in a fault of the server, in a status or an answer
/// that the document does not have, or is taken although the document forbids it.
///
/// Source: the Python package `schemathesis`, of which this installs one version.
@Timeout(600)
class GeneratedRequestsIT extends ServedTest {
  private static final String PACKAGE = "schemathesis==4.32.5";
  private static final String KEY = "generated";
  private static final int LEAST = 5000;
  private static final Pattern GENERATED = Pattern.compile("(\\d+) generated");
  private static final Path FILES = Path.of("src", "test", "schemathesis").toAbsolutePath();

  @Test
  void noneIsAnsweredOtherwiseThanTheDocumentSays() throws Exception {
    for (String name : new String[] {"one", "two"}) {
      client.create(BoxOptions.ofImage("base").name(name).build()).start();
    }
    Path python = home.resolve("python");
    run("/usr/bin/python3", List.of("-m", "venv", python.toString()));
    run(python.resolve("bin/pip").toString(), List.of("install", "-q", PACKAGE));
    try (RemoteServer.Listening at =
        client.server().listen(Transport.order(KEY, Optional.empty(), true))) {
      String out = run(python.resolve("bin/schemathesis").toString(), arguments(at.url()));
      Matcher generated = GENERATED.matcher(out);
      assertThat(generated.find()).as(out).isTrue();
      assertThat(Integer.parseInt(generated.group(1))).isGreaterThanOrEqualTo(LEAST);
    }
  }

  private static List<String> arguments(String url) {
    return List.of(
        "--config-file",
        FILES.resolve("schemathesis.toml").toString(),
        "run",
        url + "/v1/openapi.json",
        "--header",
        "Authorization: Bearer " + KEY,
        "--phases",
        "coverage,fuzzing",
        "--max-examples",
        "75",
        "--seed",
        "1",
        "--continue-on-failure",
        "--no-color",
        "--request-timeout",
        "20",
        // These answer for as long as the client likes, or become another protocol.
        "--exclude-path-regex",
        "(attach|tunnel|wait|logs|log)$",
        // What a program, an image or a rule is, no schema says; and a box may be named like a part
        // of a path, so that path takes the methods of a box too.
        "--exclude-checks",
        "positive_data_acceptance,allow_header_conformance");
  }

  private String run(String program, List<String> arguments)
      throws IOException, InterruptedException {
    List<String> command = new ArrayList<>(List.of(program));
    command.addAll(arguments);
    Path log = home.resolve("out.log");
    ProcessBuilder builder =
        new ProcessBuilder(command)
            .directory(home.toFile())
            .redirectErrorStream(true)
            .redirectOutput(log.toFile());
    builder.environment().put("PYTHONPATH", FILES.toString());
    builder.environment().put("PYTHONDONTWRITEBYTECODE", "1");
    builder.environment().put("SCHEMATHESIS_HOOKS", "media_types");
    Process process = builder.start();
    try {
      assertThat(process.waitFor(500, TimeUnit.SECONDS)).isTrue();
      String out = Files.readString(log, StandardCharsets.UTF_8);
      assertThat(process.exitValue()).as(out).isZero();
      return out;
    } finally {
      process.destroyForcibly();
    }
  }
}
