package io.boxlite.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.boxlite.api.Boxlite;
import io.boxlite.api.ConfigException;
import io.boxlite.api.NetworkException;
import io.boxlite.api.RestOptions;
import io.boxlite.client.RemoteServer;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;

/// What [Boxlite#rest(RestOptions)] says to who does not get in, and what it never says.
@Timeout(60)
@Execution(ExecutionMode.CONCURRENT) // one waits for the patience of a client
class RemoteAccessTest extends ServedTest {
  private static final String KEY = "s3cret-key";

  private RemoteServer.Listening listen(boolean tls) throws Exception {
    Optional<TestCertificate> certificate =
        tls ? Optional.of(TestCertificate.shared()) : Optional.empty();
    return client.server().listen(Transport.order(KEY, certificate, false));
  }

  @Test
  void aCertificateThatNobodyVouchesForIsToldWithTheWayOut() throws Exception {
    try (RemoteServer.Listening at = listen(true)) {
      RestOptions options = RestOptions.of(at.url()).withApiKey(KEY);
      assertThatThrownBy(() -> Boxlite.rest(options))
          .isInstanceOf(NetworkException.class)
          .hasMessageContaining(at.url())
          .hasMessageContaining("certificate is not accepted")
          .hasMessageContaining("BOXLITE_REST_CA_FILE");
      Path own = TestCertificate.shared().certificate();
      try (Boxlite remote = Boxlite.rest(options.withCaFile(own))) {
        assertThat(remote.list()).isEmpty();
      }
      // The certificate is for another name.
      String other = at.url().replace("127.0.0.1", "localhost");
      assertThatThrownBy(() -> Boxlite.rest(RestOptions.of(other).withApiKey(KEY).withCaFile(own)))
          .isInstanceOf(NetworkException.class)
          .hasMessageContaining("localhost");
    }
  }

  @Test
  void fileOfAuthoritiesMustBeOne() throws Exception {
    Path empty = Files.writeString(home.resolve("empty.pem"), "");
    RestOptions options = RestOptions.of("https://127.0.0.1:1");
    assertThatThrownBy(() -> Boxlite.rest(options.withCaFile(empty)))
        .isInstanceOf(ConfigException.class)
        .hasMessageContaining(empty.toString());
    assertThatThrownBy(() -> Boxlite.rest(options.withCaFile(home.resolve("none.pem"))))
        .isInstanceOf(ConfigException.class)
        .hasMessageContaining("none.pem");
  }

  @Test
  void schemesThatAreMixedUpAreTold() throws Exception {
    try (RemoteServer.Listening plain = listen(false)) {
      String url = plain.url().replace("http:", "https:");
      assertThatThrownBy(() -> Boxlite.rest(url, KEY))
          .isInstanceOf(NetworkException.class)
          .hasMessageContaining("is its URL http://?");
    }
    try (RemoteServer.Listening secure = listen(true)) {
      String url = secure.url().replace("https:", "http:");
      assertThatThrownBy(() -> Boxlite.rest(url, KEY)).isInstanceOf(NetworkException.class);
    }
  }

  @Test
  void aWrongKeyIsToldAndNoKeyIsShown() throws Exception {
    try (RemoteServer.Listening at = listen(false);
        Boxlite stranger = Boxlite.rest(at.url(), "wr0ng-key")) {
      assertThatThrownBy(stranger::list)
          .isInstanceOf(ConfigException.class)
          .hasMessageContaining("invalid or missing API key; 'boxlite auth key create'")
          .hasMessageNotContaining("wr0ng-key");
    }
    RestOptions options = RestOptions.of("http://127.0.0.1:1").withApiKey(KEY);
    assertThat(options.toString()).doesNotContain(KEY);
    assertThatThrownBy(() -> Boxlite.rest(options))
        .isInstanceOf(NetworkException.class)
        .hasMessageContaining("http://127.0.0.1:1")
        .hasMessageContaining("refused")
        .hasMessageNotContaining(KEY);
  }

  @Test
  void aServerThatNeverAnswersIsNotWaitedForForEver() throws Exception {
    try (ServerSocket silent = new ServerSocket(0, 8, InetAddress.getLoopbackAddress())) {
      String url = "http://127.0.0.1:" + silent.getLocalPort();
      assertThatThrownBy(() -> Boxlite.rest(url, KEY))
          .isInstanceOf(NetworkException.class)
          .hasMessageContaining(url)
          .hasMessageContaining("takes connections and requests, but does not answer");
    }
  }

  @Test
  void whoWaitsThroughTlsCanBeInterrupted() throws Exception {
    try (RemoteServer.Listening at = listen(true);
        Boxlite remote =
            Boxlite.rest(
                RestOptions.of(at.url())
                    .withApiKey(KEY)
                    .withCaFile(TestCertificate.shared().certificate()))) {
      Thread caller = Thread.ofPlatform().start(() -> remote.images().pull("stuck"));
      fake.images.waiting.await();
      caller.interrupt();
      assertThat(fake.images.interrupted.await(10, TimeUnit.SECONDS)).isTrue();
      caller.join();
    }
  }
}
