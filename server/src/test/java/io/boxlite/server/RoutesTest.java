package io.boxlite.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.boxlite.api.AlreadyExistsException;
import io.boxlite.api.Box;
import io.boxlite.api.BoxOptions;
import io.boxlite.api.BoxStatus;
import io.boxlite.api.BoxUpdate;
import io.boxlite.api.ConfigException;
import io.boxlite.api.ImageException;
import io.boxlite.api.InvalidStateException;
import io.boxlite.api.NotFoundException;
import java.io.ByteArrayInputStream;
import java.nio.file.Files;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@OnEachTransport
@Timeout(30)
class RoutesTest extends ServedTest {
  @Test
  void aBoxLivesThroughTheClient() throws Exception {
    Box box = client.create(BoxOptions.ofImage("base").name("web").autoRemove(true).build());
    assertThat(client.get("web").orElseThrow().id()).isEqualTo(box.id());
    assertThat(client.get("none")).isEmpty();
    assertThat(box.info().status()).isEqualTo(BoxStatus.CONFIGURED);
    box.start();
    assertThat(client.list()).hasSize(1).first().isEqualTo(fake.only().info());
    assertThatThrownBy(() -> box.remove(false)).isInstanceOf(InvalidStateException.class);
    assertThatThrownBy(() -> client.create(BoxOptions.ofImage("base").name("web").build()))
        .isInstanceOf(AlreadyExistsException.class);
    assertThat(box.metrics()).isEqualTo(fake.only().metrics());
    FakeBoxlite.FakeBox inner = fake.only();
    BoxUpdate change = BoxUpdate.builder().diskSizeGb(20).memoryMib(1024).build();
    box.update(change);
    assertThat(inner.updated).isEqualTo(change);
    box.stop(Duration.ofMillis(2500));
    assertThat(inner.grace).isEqualTo(Duration.ofMillis(2500));
    assertThatThrownBy(box::info).isInstanceOf(NotFoundException.class);
  }

  @Test
  void theRuntimeDescribesItself() {
    assertThat(client.info()).isEqualTo(fake.info());
    assertThat(client.metrics()).isEqualTo(fake.metrics());
    assertThat(client.images().list()).isEqualTo(fake.images().list());
  }

  @Test
  void imagesAreLoadedWithoutALimitAndRefusalsArrive() {
    int size = 20_000_000;
    client.images().load(new ByteArrayInputStream(new byte[size]));
    assertThat(fake.images.loadedBytes).isEqualTo(size);
    fake.images.loadedBytes = 0;
    byte[] bad = new byte[size];
    bad[0] = 'X';
    assertThatThrownBy(() -> client.images().load(new ByteArrayInputStream(bad)))
        .isInstanceOf(ImageException.class);
    assertThat(client.list()).isEmpty();
  }

  @Test
  void boxesComeInPagesAndByState() throws Exception {
    for (String name : new String[] {"a", "b", "c"}) {
      client.create(BoxOptions.ofImage("base").name(name).build());
    }
    client.get("b").orElseThrow().start();
    StringBuilder seen = new StringBuilder();
    String token = "";
    for (int pages = 1; !token.equals("none"); pages++) {
      assertThat(pages).isLessThan(4);
      String page = request("GET", "/v1/boxes?pageSize=1" + token, "");
      seen.append(page.replaceAll("(?s).*\"name\":\"([^\"]*)\".*", "$1"));
      token =
          page.contains("next_page_token")
              ? page.replaceAll("(?s).*\"next_page_token\":\"([^\"]*)\".*", "&pageToken=$1")
              : "none";
    }
    assertThat(seen.toString()).hasSize(3).contains("a", "b", "c");
    assertThat(request("GET", "/v1/boxes", "")).doesNotContain("next_page_token");
    assertThat(request("GET", "/v1/boxes?status=running", ""))
        .contains("\"name\":\"b\"")
        .doesNotContain("\"name\":\"a\"");
    assertThat(request("GET", "/v1/boxes?status=asleep", "")).startsWith("HTTP/1.1 400 ");
  }

  @Test
  void prefixedAndUnprefixedPathsAndHeaders() throws Exception {
    String created = request("POST", "/v1/a/b/boxes", "{\"image\":\"base\"}");
    assertThat(created)
        .startsWith("HTTP/1.1 201 ")
        .contains("Location: /v1/boxes/01BOX1", "X-Request-Id: rid-1", "\"box_id\":\"01BOX1\"")
        .contains("\"auto_pause\":0,\"auto_stop\":0,\"auto_delete\":0,\"auto_resume\":true")
        .contains("\"labels\":{}");
    assertThat(request("HEAD", "/v1/boxes/01BOX1", "")).startsWith("HTTP/1.1 204 ");
    assertThat(request("HEAD", "/v1/x/boxes/none", ""))
        .startsWith("HTTP/1.1 404 ")
        .endsWith("\r\n\r\n");
    assertThat(request("POST", "/v1/boxes/01BOX1/start", "")).contains("\"status\":\"running\"");
    assertThat(request("POST", "/v1/boxes/01BOX1/stop", "")).contains("\"status\":\"stopped\"");
    assertThat(request("PATCH", "/v1/boxes/01BOX1", "{\"disk_size_gb\":20}"))
        .startsWith("HTTP/1.1 200 ")
        .contains("\"box_id\":\"01BOX1\"");
    assertThat(request("PATCH", "/v1/boxes/01BOX1", "{\"name\":\"x\"}"))
        .startsWith("HTTP/1.1 400 ");
    assertThat(request("DELETE", "/v1/boxes/01BOX1", "")).startsWith("HTTP/1.1 204 ");
    assertThat(request("GET", "/v1/config", "")).contains("\"linux_capabilities_enabled\":true");
    assertThat(request("GET", "/v1/me", "")).contains("\"sub\":\"local-anonymous\"");
  }

  @Test
  void everyFailureHasTheEnvelope() throws Exception {
    failure(request("GET", "/nothing", ""), 404, "not_found");
    failure(request("GET", "/v1/x/config", ""), 404, "not_found");
    failure(request("PUT", "/v1/boxes", ""), 405, "invalid_argument");
    failure(request("GET", "/v1/boxes/none", ""), 404, "not_found");
    failure(request("POST", "/v1/boxes", "{\"image\":"), 400, "invalid_argument");
    failure(request("POST", "/v1/boxes", "[]"), 400, "invalid_argument");
    failure(request("POST", "/v1/boxes", "null"), 400, "invalid_argument");
    failure(request("POST", "/v1/boxes", ""), 400, "invalid_argument");
    failure(request("POST", "/v1/boxes", "{}"), 400, "invalid_argument");
    failure(request("POST", "/v1/boxes", "x".repeat(1_100_000)), 413, "invalid_argument");
    failure(request("GET", "/v1/boxes/panic", ""), 500, "internal");
    assertThat(request("GET", "/v1/boxes/panic", "")).doesNotContain("secret detail");
    failure(raw("GARBAGE\r\n\r\n"), 400, "invalid_argument");
    failure(raw("GET / HTTP/1.1\r\n\r\n"), 400, "invalid_argument");
    failure(
        raw("GET /" + "x".repeat(40_000) + " HTTP/1.1\r\nHost: x\r\n\r\n"),
        414,
        "invalid_argument");
  }

  private static void failure(String answer, int status, String code) {
    assertThat(answer)
        .startsWith("HTTP/1.1 " + status + " ")
        .contains("\"error\":{", "\"code\":\"" + code + "\"", "\"type\":\"");
  }

  @Test
  void unavailableOptionsAndUnknownKeysAreRefusedByName() throws Exception {
    for (String field :
        new String[] {
          "\"volumes\":[{\"guest\":\"/x\"}]",
          "\"secrets\":[{}]",
          "\"ports\":[1]",
          "\"security\":\"maximum\"",
          "\"auto_pause\":5",
          "\"auto_stop\":5",
          "\"network\":{\"mode\":\"disabled\",\"allow_net\":[\"x\"]}",
          "\"network\":{\"outbound\":{\"mode\":\"maybe\"}}",
          "\"cpus\":\"many\"",
          "\"env\":{\"A\":null}",
          "\"surprise\":1"
        }) {
      String name = field.substring(1, field.indexOf('"', 1));
      String answer = request("POST", "/v1/boxes", "{\"image\":\"base\"," + field + "}");
      failure(answer, 400, "invalid_argument");
      assertThat(answer.substring(answer.indexOf("message"))).contains(name);
    }
    assertThat(fake.boxes).isEmpty();
  }

  @Test
  void faultsOfANewBoxTellNothingOfWhatItsBodySays() throws Exception {
    for (String rest :
        new String[] {
          "\"secrets\":[{\"name\":\"k\",\"value\":\"hunter2\"}]}",
          "\"secrets\":[{\"name\":\"k\",\"value\":\"hunter2\",\"hosts\":[\"a b\"]}]}",
          "\"secrets\":\"hunter2\"}",
          "\"secrets\":[{\"name\":\"k\",\"value\":hunter2}]}",
          "\"secrets\":[{\"name\":\"k\",\"value\":\"hunter2\"",
          "\"surprise\":{\"value\":\"hunter2\"}}",
          "\"cpus\":\"hunter2\"}",
          "\"env\":[\"hunter2\"]}"
        }) {
      String answer = request("POST", "/v1/boxes", "{\"image\":\"base\"," + rest);
      failure(answer, 400, "invalid_argument");
      assertThat(answer).as(rest).doesNotContain("hunter2");
    }
    assertThat(fake.boxes).isEmpty();
  }

  @Test
  void bothGenerationsOfTheSdkAreUnderstood() throws Exception {
    String old =
        "{\"image\":\"b\",\"network\":{\"mode\":\"Enabled\"},\"detach\":false,\"auto_remove\":false}";
    assertThat(request("POST", "/v1/boxes", old)).startsWith("HTTP/1.1 201 ");
    String recent =
        "{\"image\":\"b\",\"network\":{\"outbound\":{\"mode\":\"enabled\"},\"inbound\":{\"mode\":"
            + "\"disabled\"}},\"detach\":false,\"auto_stop\":0,\"auto_delete\":60,\"auto_resume\":true}";
    assertThat(request("POST", "/v1/boxes", recent)).contains("\"auto_remove\":true");
  }

  @Test
  void execIgnoresUnknownKeysAndChecksTheRest() throws Exception {
    running();
    String exec = "/v1/boxes/01BOX1/exec";
    assertThat(request("POST", exec, "{\"command\":\"sh\",\"tty\":true,\"new\":[1]}"))
        .startsWith("HTTP/1.1 201 ")
        .contains("\"execution_id\":\"e2\"");
    failure(request("POST", exec, "{}"), 400, "invalid_argument");
    String negative = request("POST", exec, "{\"command\":\"x\",\"timeout_seconds\":-1}");
    assertThat(negative).contains("timeout_seconds must be a non-negative finite number");
    String running = request("GET", "/v1/boxes/01BOX1/executions/e2", "");
    assertThat(running).contains("\"status\":\"running\"").doesNotContain("exit_code");
    failure(request("GET", "/v1/boxes/01BOX1/executions/none", ""), 404, "not_found");
    failure(request("GET", "/v1/boxes/01BOX1/executions/e2/attach", ""), 400, "invalid_argument");
    String signal = "/v1/boxes/01BOX1/executions/e2/signal";
    failure(request("POST", signal, "{\"signal\":9}"), 400, "invalid_argument");
    failure(request("POST", signal, "{}"), 400, "invalid_argument");
    assertThat(request("POST", signal, "{\"signal\":2}")).startsWith("HTTP/1.1 204 ");
    assertThat(request("DELETE", "/v1/boxes/01BOX1/executions/e2", "")).startsWith("HTTP/1.1 204 ");
  }

  @Test
  void socketIsPrivateAndALongPathWorks() throws Exception {
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(socket)))
        .isEqualTo("rw-------");
    var deep = Files.createDirectories(home.resolve("d".repeat(120)));
    try (RestServer second = RestServer.open(fake, deep.resolve("boxlite.sock"));
        var far = io.boxlite.client.RemoteBoxlite.connect(deep.resolve("boxlite.sock"))) {
      assertThat(far.list()).isEmpty();
      assertThat(second.connections()).isEqualTo(1);
    }
    assertThat(deep.resolve("boxlite.sock")).doesNotExist();
  }

  @Test
  void optionsOfTheClientAreChecked() {
    assertThatThrownBy(() -> client.create(BoxOptions.ofImage("base").cpus(10_000).build()))
        .isInstanceOf(ConfigException.class);
  }
}
