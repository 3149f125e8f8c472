package io.boxlite.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Packages that others have published, unchanged, against `boxlite serve`.
class SdkIT {
  private static final Pattern LISTENING = Pattern.compile("listening on (http://\\S+)");
  private static final String NPM_PACKAGE = "@boxlite-ai/boxlite@0.10.0";

  @AutoClose private final TestHome home = new TestHome();
  @TempDir private Path directory;

  @Test
  void npmPackageDoesAllThatItOffersForServers() throws Exception {
    run("npm", "install", "--silent", "--no-audit", "--prefix", "" + directory, NPM_PACKAGE);
    Path driver = directory.resolve("sdk.mjs");
    Files.copy(Path.of("src/test/clients/sdk.mjs"), driver);
    Path archive = directory.resolve("clients.tar");
    run("src/test/sh/clients-image.sh", "" + directory.resolve("image"), "" + archive);
    home.run("load", "-i", archive.toString()).ok();
    Path work = Files.createDirectory(directory.resolve("work"));
    String key = home.run("auth", "key", "create", "sdk").ok().out().strip();
    Process server = home.start(Map.of(), "serve", "--port", "0", "--host", "127.0.0.1");
    try {
      String url = url(server);
      TestHome.Result result = run("node", "" + driver, url, key, "" + work);
      assertThat(result.out().lines())
          .containsExactlyElementsOf(Files.readAllLines(Path.of("src/test/clients/sdk.txt")));
    } finally {
      server.destroy();
      assertThat(server.waitFor(20, TimeUnit.SECONDS)).isTrue();
    }
    assertThat(home.vms()).isEmpty();
  }

  /// {@return where a `boxlite serve` that was started listens}
  static String url(Process server) throws IOException {
    BufferedReader lines = server.errorReader();
    for (String line = lines.readLine(); line != null; line = lines.readLine()) {
      Matcher listening = LISTENING.matcher(line);
      if (listening.find()) {
        return listening.group(1);
      }
    }
    throw new IOException("the server does not listen");
  }

  private static TestHome.Result run(String... command) throws IOException {
    return TestHome.finish(new ProcessBuilder(List.of(command)).start(), new byte[0]).ok();
  }
}
