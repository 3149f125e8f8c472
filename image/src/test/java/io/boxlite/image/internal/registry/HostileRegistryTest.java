package io.boxlite.image.internal.registry;

import static io.boxlite.image.internal.registry.HostileRegistry.send;
import static io.boxlite.image.internal.registry.RealRegistryTest.assertReason;
import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.boxlite.api.ImageRegistry;
import io.boxlite.image.ImageReference;
import io.boxlite.image.internal.oci.Descriptor;
import io.boxlite.image.internal.oci.Digest;
import io.boxlite.image.internal.oci.MediaTypes;
import io.boxlite.image.internal.registry.HostileRegistry.Behaviour;
import io.boxlite.image.internal.registry.RealRegistryTest.Counting;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

@Timeout(30)
class HostileRegistryTest {
  private static final Patience SHORT =
      new Patience(
          Duration.ofSeconds(2),
          Duration.ofSeconds(2),
          Duration.ofMillis(200),
          Duration.ofMillis(2),
          Duration.ofMillis(300),
          5);
  private static final byte[] BLOB = blob();
  private static final Descriptor LAYER =
      Descriptor.of(MediaTypes.LAYER, Digest.of(BLOB), BLOB.length);
  private static final String MANIFEST = "{\"schemaVersion\":2,\"layers\":[]}";

  private static byte[] blob() {
    byte[] content = new byte[1_000_000];
    new Random(3).nextBytes(content);
    return content;
  }

  private interface Check {
    void with(Repository repository, HostileRegistry server) throws Exception;
  }

  private static ImageRegistry http(String host, String... mirrors) {
    return new ImageRegistry(
        host, true, false, false, Optional.empty(), Optional.empty(), List.of(mirrors));
  }

  private static void check(Behaviour behaviour, Check check) throws Exception {
    try (HostileRegistry server = new HostileRegistry(behaviour);
        Registries registries = new Registries(Map.of(), List.of(http(server.host())), SHORT)) {
      check.with(
          registries.pull(ImageReference.parse(server.host() + "/some/app"), List.of()), server);
    }
  }

  private static byte[] read(Repository repository, long offset) throws IOException {
    try (InputStream in = repository.blob(LAYER, offset, new Counting())) {
      return in.readAllBytes();
    }
  }

  private static int from(HostileRegistry.Asked asked) {
    String range = asked.header("Range");
    return range.isEmpty()
        ? 0
        : Integer.parseInt(range.substring("bytes=".length(), range.length() - 1));
  }

  private static void head(OutputStream out, int start) throws IOException {
    String head =
        start == 0
            ? "HTTP/1.1 200 OK\r\n"
            : "HTTP/1.1 206 Part\r\nContent-Range: bytes "
                + start
                + "-"
                + (BLOB.length - 1)
                + "/"
                + BLOB.length
                + "\r\n";
    out.write(
        (head + "Content-Length: " + (BLOB.length - start) + "\r\n\r\n").getBytes(ISO_8859_1));
  }

  @Test
  void blobIsResumedWhenEveryTenthIsCut() throws Exception {
    check(
        (asked, out) -> {
          int start = from(asked);
          head(out, start);
          out.write(BLOB, start, Math.min(BLOB.length / 10, BLOB.length - start));
        },
        (repository, server) -> {
          assertThat(read(repository, 0)).isEqualTo(BLOB);
          assertThat(server.asked).hasSizeGreaterThanOrEqualTo(10);
          assertThat(read(repository, 999_000))
              .isEqualTo(Arrays.copyOfRange(BLOB, 999_000, BLOB.length));
        });
  }

  @Test
  void whatWasReadIsSkippedWhenTheServerKnowsNoRanges() throws Exception {
    AtomicInteger number = new AtomicInteger();
    check(
        (_, out) -> {
          head(out, 0);
          out.write(BLOB, 0, number.incrementAndGet() == 1 ? BLOB.length / 2 : BLOB.length);
        },
        (repository, _) -> assertThat(read(repository, 0)).isEqualTo(BLOB));
  }

  @Test
  void blobIsResumedWhenTheServerStalls() throws Exception {
    AtomicInteger number = new AtomicInteger();
    check(
        (asked, out) -> {
          int start = from(asked);
          head(out, start);
          if (number.incrementAndGet() == 1) {
            out.write(BLOB, 0, 5000);
            out.flush();
            Thread.sleep(60_000);
          }
          out.write(BLOB, start, BLOB.length - start);
        },
        (repository, _) -> assertThat(read(repository, 0)).isEqualTo(BLOB));
  }

  @Test
  void interruptionEndsAStalledRead() throws Exception {
    try (HostileRegistry server =
            new HostileRegistry((_, out) -> {
              head(out, 0);
              out.flush();
              Thread.sleep(60_000);
            });
        Registries registries =
            new Registries(Map.of(), List.of(http(server.host())), Patience.DEFAULT)) {
      Repository repository =
          registries.pull(ImageReference.parse(server.host() + "/some/app"), List.of());
      CompletableFuture<InputStream> opened = new CompletableFuture<>();
      CompletableFuture<Void> checked = new CompletableFuture<>();
      Thread reader =
          Thread.ofVirtual()
              .start(() -> {
                try (InputStream in = repository.blob(LAYER, 0, new Counting())) {
                  opened.complete(in);
                  assertReason("interrupted", () -> in.read());
                  checked.complete(null);
                } catch (Throwable e) {
                  checked.completeExceptionally(e);
                }
              });
      opened.get(5, TimeUnit.SECONDS);
      reader.interrupt();
      checked.get(5, TimeUnit.SECONDS);
    }
  }

  @Test
  void wrongRangeIsRefused() throws Exception {
    check(
        (_, out) -> send(out, 206, "Content-Range: bytes 0-999999/1000000\r\n", BLOB),
        (repository, _) -> assertReason("bad_answer", () -> read(repository, 10)));
  }

  @Test
  void wrongLengthIsRefusedAtOnce() throws Exception {
    check(
        (_, out) -> send(out, 200, "", new byte[10]),
        (repository, server) -> {
          assertReason("size_mismatch", () -> read(repository, 0));
          assertThat(server.asked).hasSize(1);
        });
  }

  @ParameterizedTest
  @CsvSource({
    "401,unauthorized,1", "403,forbidden,1", "404,not_found,1", "400,refused,1",
    "429,rate_limited,5", "500,bad_answer,5", "503,bad_answer,5", "302,bad_answer,1"
  })
  void statusIsExplained(int status, String reason, int requests) throws Exception {
    String body = "{\"errors\":[{\"code\":\"X\",\"message\":\"be\\u001b[31mcause\"}]}";
    check(
        (_, out) -> send(out, status, "", body.getBytes(UTF_8)),
        (repository, server) -> {
          assertReason(reason, () -> repository.manifest("1"));
          assertThatThrownBy(() -> repository.manifest("1"))
              .hasMessageContaining("/some/app:1")
              .message()
              .matches(text -> status == 302 || text.contains("be [31mcause"))
              .doesNotContain("\u001b");
          assertThat(server.asked).hasSize(2 * requests);
        });
  }

  @Test
  void rateLimitThatOutlastsAllTriesIsToldAtOnce() throws Exception {
    check(
        (_, out) -> send(out, 429, "Retry-After: 3600\r\n"),
        (repository, server) -> {
          assertThatThrownBy(() -> repository.manifest("1")).hasMessageContaining("3600");
          assertThat(server.asked).hasSize(1);
        });
  }

  @Test
  void passingFailureIsOutlived() throws Exception {
    AtomicInteger number = new AtomicInteger();
    check(
        (_, out) -> {
          switch (number.incrementAndGet()) {
            case 1 -> send(out, 503, "");
            case 2 -> send(out, 429, "Retry-After: 1\r\n");
            case 3 -> {}
            default -> send(out, 200, "", MANIFEST.getBytes(UTF_8));
          }
        },
        (repository, _) ->
            assertThat(repository.manifest("1").mediaType()).isEqualTo(MediaTypes.MANIFEST));
  }

  @Test
  void manifestIsBoundedVerifiedAndNotOld() throws Exception {
    check(
        (_, out) -> send(out, 200, "", new byte[(4 << 20) + 1]),
        (repository, _) -> assertReason("too_large", () -> repository.manifest("1")));
    check(
        (_, out) -> send(out, 200, "", MANIFEST.getBytes(UTF_8)),
        (repository, _) ->
            assertReason(
                "digest_mismatch", () -> repository.manifest(LAYER.checkedDigest().toString())));
    check(
        (_, out) ->
            send(
                out,
                200,
                "Docker-Content-Digest: " + LAYER.digest() + "\r\n",
                MANIFEST.getBytes(UTF_8)),
        (repository, _) -> assertReason("digest_mismatch", () -> repository.manifest("1")));
    check(
        (_, out) -> send(out, 200, "", "{\"schemaVersion\":1}".getBytes(UTF_8)),
        (repository, _) -> assertReason("unsupported_manifest", () -> repository.manifest("1")));
  }

  @Test
  void headerFloodIsRefused() throws Exception {
    check(
        (_, out) -> {
          out.write("HTTP/1.1 200 OK\r\n".getBytes(ISO_8859_1));
          for (int i = 0; i < 200_000; i++) {
            out.write(("X-Flood-" + i + ": aaaaaaaaaaaaaaaa\r\n").getBytes(ISO_8859_1));
          }
        },
        (repository, _) -> assertReason("bad_answer", () -> repository.manifest("1")));
  }

  @Test
  void redirectionIsFollowedWithoutTheCredentials() throws Exception {
    try (HostileRegistry other =
        new HostileRegistry((_, out) -> send(out, 200, "", MANIFEST.getBytes(UTF_8)))) {
      Behaviour behaviour =
          (asked, out) -> {
            if (asked.header("Authorization").isEmpty()) {
              send(out, 401, "WWW-Authenticate: Basic realm=\"x\"\r\n");
            } else {
              send(out, 307, "Location: http://" + other.host() + "/x|y?a=b\r\n");
            }
          };
      try (HostileRegistry server = new HostileRegistry(behaviour);
          Registries registries = new Registries(Map.of(), List.of(), SHORT)) {
        ImageRegistry entry =
            new ImageRegistry(
                server.host(),
                true,
                false,
                false,
                Optional.of(new ImageRegistry.Credentials.Basic("a", "b")),
                Optional.empty(),
                List.of());
        ImageReference name = ImageReference.parse(server.host() + "/some/app");
        registries.pull(name, List.of(entry)).manifest("1");
        assertThat(server.asked).hasSize(2);
        assertThat(other.asked.getFirst().line()).startsWith("GET /x%7Cy?a=b ");
        assertThat(other.asked.getFirst().header("Authorization")).isEmpty();
      }
    }
  }

  @Test
  void redirectionsEnd() throws Exception {
    check(
        (_, out) -> send(out, 307, "Location: /v2/again\r\n"),
        (repository, server) -> {
          assertReason("bad_answer", () -> repository.manifest("1"));
          assertThat(server.asked).hasSize(6);
        });
  }

  @Test
  void tokenIsFetchedOnceAndRenewedWhenRefused() throws Exception {
    AtomicInteger tokens = new AtomicInteger();
    AtomicInteger valid = new AtomicInteger(1);
    check(
        (asked, out) -> {
          if (asked.line().startsWith("GET /token")) {
            String token = "{\"access_token\":\"t" + tokens.incrementAndGet() + "\"}";
            send(out, 200, "", token.getBytes(UTF_8));
          } else if (asked.header("Authorization").equals("Bearer t" + valid.get())) {
            send(out, 200, "", MANIFEST.getBytes(UTF_8));
          } else {
            send(
                out,
                401,
                "WWW-Authenticate: Negotiate abc==, Bearer realm=\"/token\",service=\"s,1\","
                    + "scope=\"repository:some/app:pull\"\r\n");
          }
        },
        (repository, server) -> {
          repository.manifest("1");
          repository.manifest("1");
          assertThat(tokens).hasValue(1);
          assertThat(server.asked.get(1).line())
              .contains("service=s%2C1&scope=repository%3Asome%2Fapp%3Apull");
          valid.set(2);
          repository.manifest("1");
          assertThat(tokens).hasValue(2);
          valid.set(9);
          assertReason("unauthorized", () -> repository.manifest("1"));
        });
  }

  @Test
  void mirrorsComeFirstAndMayFail() throws Exception {
    byte[] manifest = MANIFEST.getBytes(UTF_8);
    try (HostileRegistry dead = new HostileRegistry((_, _) -> {});
        HostileRegistry empty = new HostileRegistry((_, out) -> send(out, 404, ""));
        HostileRegistry broken =
            new HostileRegistry((asked, out) -> {
              if (asked.line().contains("/manifests/")) {
                send(out, 200, "", manifest);
              } else if (from(asked) == 0) {
                head(out, 0);
                out.write(BLOB, 0, 1000);
              }
            });
        HostileRegistry server =
            new HostileRegistry((asked, out) -> {
              head(out, from(asked));
              out.write(BLOB, from(asked), BLOB.length - from(asked));
            });
        Registries registries = new Registries(Map.of(), List.of(), SHORT)) {
      ImageRegistry entry =
          http(
              server.host(),
              "http://" + dead.host(),
              "http://" + empty.host(),
              "http://" + broken.host());
      Repository repository =
          registries.pull(ImageReference.parse(server.host() + "/some/app"), List.of(entry));
      assertThat(repository.manifest("1").content()).isEqualTo(manifest);
      assertThat(server.asked).isEmpty();
      assertThat(read(repository, 0)).isEqualTo(BLOB);
      assertThat(server.asked).hasSize(1);
    }
  }

  @Test
  void proxyIsAskedWithItsPasswordForAllButLoopback() throws Exception {
    try (HostileRegistry proxy =
            new HostileRegistry((_, out) -> send(out, 200, "", MANIFEST.getBytes(UTF_8)));
        Registries registries =
            new Registries(
                Map.of("http_proxy", "http://me:p%40ss@" + proxy.host()), List.of(), SHORT)) {
      ImageReference name = ImageReference.parse("registry.example:5000/some/app");
      registries.pull(name, List.of(http("registry.example:5000"))).manifest("1");
      assertThat(proxy.asked.getFirst().line())
          .startsWith("GET http://registry.example:5000/v2/some/app/manifests/1 ");
      assertThat(proxy.asked.getFirst().header("Proxy-Authorization"))
          .isEqualTo("Basic bWU6cEBzcw==");
    }
  }
}
