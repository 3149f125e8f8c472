package io.boxlite.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

@Timeout(60)
class OidcLoginTest {
  private static final Pattern PAGE = Pattern.compile("(http://\\S+/o/authorize\\?\\S+)\n");
  private static final Duration LIMIT = Duration.ofSeconds(30);

  @TempDir private Path home;
  private TestIssuer issuer;
  private CommandLineHarness cli;

  @BeforeEach
  void open() throws IOException {
    issuer = new TestIssuer();
    cli = harness();
  }

  @AfterEach
  void close() {
    issuer.close();
  }

  private CommandLineHarness harness() {
    CommandLineHarness harness = new CommandLineHarness();
    harness.environment.put("BOXLITE_HOME", home.toString());
    return harness;
  }

  private Path file() {
    return home.resolve("credentials.toml");
  }

  private int login(String... more) {
    List<String> line = new ArrayList<>(List.of("auth", "login", "--url", issuer.url()));
    line.addAll(List.of(more));
    return cli.run(line.toArray(String[]::new));
  }

  private void loginByDevice() {
    assertThat(login("--no-browser")).as(cli.err()).isZero();
  }

  /// Begins to log in with the browser, and gives the page that it is sent to.
  private String page(CompletableFuture<Integer> code) throws Exception {
    Instant end = Instant.now().plus(LIMIT);
    while (Instant.now().isBefore(end) && !code.isDone()) {
      Matcher page = PAGE.matcher(cli.err());
      if (page.find()) {
        return page.group(1);
      }
      Thread.sleep(5);
    }
    throw new AssertionError(cli.err());
  }

  private CompletableFuture<Integer> browserLogin() {
    return CompletableFuture.supplyAsync(
        () -> login("--method", "browser", "--callback-port", "0"));
  }

  private static HttpResponse<String> visit(String url) throws Exception {
    try (HttpClient browser =
        HttpClient.newBuilder().followRedirects(HttpClient.Redirect.ALWAYS).build()) {
      return browser.send(
          HttpRequest.newBuilder(URI.create(url)).build(), HttpResponse.BodyHandlers.ofString());
    }
  }

  private void expireNow() throws IOException {
    Files.writeString(
        file(),
        Files.readString(file())
            .replaceFirst("expires_at = .*", "expires_at = \"2020-01-01T00:00:00Z\""));
  }

  @Test
  void theBrowserComesBackAndTheTokensAreStored() throws Exception {
    CompletableFuture<Integer> code = browserLogin();
    String page = page(code);
    String callback = page.replaceFirst(".*redirect_uri=http%3A%2F%2F127.0.0.1%3A(\\d+).*", "$1");
    assertThat(visit("http://127.0.0.1:" + callback + "/callback?code=x&state=wrong").statusCode())
        .isEqualTo(400);
    assertThat(visit("http://127.0.0.1:" + callback + "/callback?code=x").statusCode())
        .isEqualTo(400);
    assertThat(code).isNotDone();
    assertThat(visit(page).body()).contains("Logged in");
    assertThat(code.get()).as(cli.err()).isZero();
    assertThat(cli.out()).isEqualTo("Logged in as a@b.test\n");
    assertThat(Files.readString(file()))
        .contains(
            "auth_method = \"oidc\"",
            "access_token = \"access-1\"",
            "refresh_token = \"refresh-1\"",
            "oidc_issuer = \"" + issuer.issuer() + "\"",
            "client_id = \"cli\"",
            "audience = \"boxes\"")
        .doesNotContain("api_key =");
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file())))
        .isEqualTo("rw-------");
    assertThat(issuer.forms.getFirst())
        .containsEntry("code_challenge_method", "S256")
        .containsEntry("scope", "openid profile email offline_access")
        .containsEntry("audience", "boxes");
    assertThat(cli.err()).doesNotContain("access-1").doesNotContain("refresh-1");
  }

  @Test
  void aTokenOfAnotherLoginIsRefused() throws Exception {
    issuer.instead.put(
        "/o/token",
        new TestIssuer.Answer(
            200,
            "{\"token_type\":\"bearer\",\"access_token\":\"a\",\"id_token\":\"%s\"}"
                .formatted(TestIssuer.idToken(issuer.issuer(), "other"))));
    CompletableFuture<Integer> code = browserLogin();
    visit(page(code));
    assertThat(code.get()).isEqualTo(1);
    assertThat(cli.err()).contains("its ID token is not one for this login");
    assertThat(file()).doesNotExist();
  }

  @Test
  void aRefusalIsToldAndNothingIsStored() throws Exception {
    CompletableFuture<Integer> code = browserLogin();
    String page = page(code);
    String state = page.replaceFirst(".*&state=([^&]+).*", "$1");
    String port = page.replaceFirst(".*127.0.0.1%3A(\\d+).*", "$1");
    visit(
        "http://127.0.0.1:"
            + port
            + "/callback?error=access_denied&error_description=not%1Byou&state="
            + state);
    assertThat(code.get()).isEqualTo(1);
    assertThat(cli.err()).contains("refused the login: access_denied (not?you)");
    assertThat(file()).doesNotExist();
  }

  @Test
  void aCodeIsTypedInOnAnotherDevice() throws Exception {
    issuer.devicePolls.add("authorization_pending");
    loginByDevice();
    assertThat(cli.err())
        .contains("Visit " + issuer.issuer() + "/activate and type in the code ABCD-EFGH");
    assertThat(cli.out()).isEqualTo("Logged in as a@b.test\n");
  }

  @ParameterizedTest
  @CsvSource({"access_denied", "expired_token"})
  void aCodeThatNobodyTypesInEndsTheLogin(String error) {
    issuer.devicePolls.add(error);
    assertThat(login("--no-browser")).isEqualTo(1);
    assertThat(cli.err()).contains(error);
    assertThat(file()).doesNotExist();
  }

  @Test
  void whatTheServerDoesNotTakeIsNotStored() {
    issuer.instead.put("/v1/me", new TestIssuer.Answer(401, ""));
    assertThat(login("--no-browser")).isEqualTo(1);
    assertThat(cli.err()).contains("authentication failed").contains("credentials not saved");
    assertThat(file()).doesNotExist();
  }

  @Test
  void anyCommandRenewsATokenThatIsAboutToEnd() throws Exception {
    issuer.lifetime = 200;
    loginByDevice();
    issuer.lifetime = 3600;
    CommandLineHarness other = harness();
    assertThat(other.run("auth", "whoami")).as(other.err()).isZero();
    assertThat(Files.readString(file()))
        .contains("access_token = \"access-2\"", "refresh_token = \"refresh-2\"", "client_id");
    assertThat(harness().run("auth", "whoami")).isZero();
    assertThat(issuer.refreshed).hasValue(1);
  }

  @Test
  void aKeyOfTheEnvironmentNeedsNoToken() throws Exception {
    loginByDevice();
    expireNow();
    issuer.accepted.add("own");
    CommandLineHarness other = harness();
    other.environment.put("BOXLITE_API_KEY", "own");
    assertThat(other.run("auth", "whoami")).as(other.err()).isZero();
    assertThat(issuer.refreshed).hasValue(0);
  }

  @Test
  void manyCommandsAtOnceRenewOnce() throws Exception {
    loginByDevice();
    expireNow();
    try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      Callable<Integer> whoami = () -> harness().run("auth", "whoami");
      for (Future<Integer> code : threads.invokeAll(java.util.Collections.nCopies(8, whoami))) {
        assertThat(code.get()).isZero();
      }
    }
    assertThat(issuer.refreshed).hasValue(1);
  }

  @Test
  void aLoginThatHasEndedIsToldOnlyWhenItsTokenHas() throws Exception {
    issuer.lifetime = 200;
    loginByDevice();
    issuer.forgetSessions();
    assertThat(harness().run("auth", "whoami")).isZero();
    expireNow();
    CommandLineHarness other = harness();
    assertThat(other.run("auth", "whoami")).isEqualTo(1);
    assertThat(other.err())
        .contains("has ended and cannot be renewed: invalid_grant (worthless)")
        .contains("boxlite auth login");
  }

  @Test
  void loggingOutGivesTheTokensBack() {
    loginByDevice();
    CommandLineHarness other = harness();
    assertThat(other.run("auth", "status")).isZero();
    assertThat(other.out()).contains("Credential: token of " + issuer.issuer());
    assertThat(other.run("auth", "logout", "-y")).as(other.err()).isZero();
    assertThat(issuer.forms).anyMatch(form -> "refresh-1".equals(form.get("token")));
    assertThat(file()).doesNotExist();
  }

  @ParameterizedTest
  @CsvSource(
      delimiterString = "=>",
      value = {
        "/o/.well-known/openid-configuration => 200 => [] => it calls itself ''",
        "/o/.well-known/openid-configuration => 404 => {} => answered 404",
        "/o/.well-known/openid-configuration => 302 => {} => answered 302",
        "/o/.well-known/openid-configuration => 200 => {\"issuer\":\"https://evil.test\"} => it"
            + " calls itself 'https://evil.test'",
        "/o/.well-known/openid-configuration => 200 => {\"issuer\":\"SELF\"} => has no"
            + " token_endpoint",
        "/o/.well-known/openid-configuration => 200 =>"
            + " {\"issuer\":\"SELF\",\"token_endpoint\":\"http://evil.test/\"} => must be an https",
        "/o/.well-known/openid-configuration => 200 => HUGE => no answer",
        "/o/device/code => 200 => {} => has no device_code",
        "/o/device/code => 200 =>"
            + " {\"device_code\":\"d\",\"verification_uri\":\"javascript:x\",\"user_code\":\"c\"} =>"
            + " must be an https",
        "/o/device/code => 500 => {} => answered 500",
        "/o/token => 200 => {\"access_token\":\"a\",\"token_type\":\"mac\"} => no bearer token",
        "/o/token => 200 => {\"access_token\":\"a b\",\"token_type\":\"bearer\"} => no bearer token",
        "/o/token => 307 => {} => answered 307",
        "/config => 500 => {} => answered 500",
      })
  void whatAnIssuerMustNotAnswerEndsTheLogin(String path, int status, String body, String message) {
    issuer.instead.put(
        path,
        new TestIssuer.Answer(
            status,
            body.replace("SELF", issuer.issuer())
                .replace("HUGE", "{\"x\":\"" + "y".repeat(300_000))));
    assertThat(login("--no-browser")).isEqualTo(1);
    assertThat(cli.err()).contains(message);
    assertThat(file()).doesNotExist();
  }

  @Test
  void aServerThatSaysNothingNeedsFlagsOrVariables() {
    issuer.instead.put("/config", new TestIssuer.Answer(404, ""));
    assertThat(login("--no-browser")).isEqualTo(1);
    assertThat(cli.err()).contains("--issuer and --client-id");
    cli = harness();
    cli.environment.put("OIDC_ISSUER", issuer.issuer());
    cli.environment.put("OIDC_CLIENT_ID", "cli");
    loginByDevice();
    cli = harness();
    assertThat(login("--no-browser", "--issuer", issuer.issuer(), "--client-id", "cli")).isZero();
  }
}
