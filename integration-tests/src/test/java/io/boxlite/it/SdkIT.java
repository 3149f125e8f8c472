package io.boxlite.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Packages that others have published, unchanged, against `boxlite serve`.
class SdkIT {
  private static final Pattern LISTENING = Pattern.compile("listening on (http://\\S+)");
  private static final Path CLIENTS = Path.of("src/test/clients");
  private static final String PYPI_PACKAGE = "boxlite==0.10.8";
  private static final String NPM_PACKAGE = "@boxlite-ai/boxlite@0.10.0";

  @AutoClose private final TestHome home = new TestHome();
  @TempDir private Path directory;

  @Test
  void packagesDoAllThatTheyOfferForServers() throws Exception {
    Path archive = directory.resolve("clients.tar");
    TestHome.onHost("src/test/sh/clients-image.sh", "" + directory.resolve("image"), "" + archive);
    home.run("load", "-i", archive.toString()).ok();
    String key = home.run("auth", "key", "create", "sdk").ok().out().strip();
    Process server = home.start("serve", "--port", "0", "--host", "127.0.0.1");
    try {
      String url = url(server);
      assertThat(node(url, key)).containsExactlyElementsOf(expected("sdk-node.txt"));
      assertThat(python(url, key)).containsExactlyElementsOf(expected("sdk-python.txt"));
    } finally {
      server.destroy();
      assertThat(server.waitFor(20, TimeUnit.SECONDS)).isTrue();
    }
    assertThat(home.vms()).isEmpty();
    assertThat(home.boxDirectories()).isEmpty();
  }

  private List<String> node(String url, String key) throws IOException {
    TestHome.onHost(
        "npm", "install", "--silent", "--no-audit", "--prefix", "" + directory, NPM_PACKAGE);
    Path driver = directory.resolve("sdk.mjs");
    Files.copy(CLIENTS.resolve("sdk.mjs"), driver);
    Path work = Files.createDirectory(directory.resolve("node"));
    return TestHome.onHost("node", "" + driver, url, key, "" + work).out().lines().toList();
  }

  private List<String> python(String url, String key) throws IOException {
    Path packages = directory.resolve("packages");
    List<String> install =
        List.of("/usr/bin/python3", "-m", "pip", "install", "-q", "--target", "" + packages);
    TestHome.onHost(
        Stream.concat(install.stream(), Stream.of(PYPI_PACKAGE)).toArray(String[]::new));
    Path work = Files.createDirectory(directory.resolve("python"));
    Path driver = CLIENTS.resolve("sdk.py");
    ProcessBuilder python =
        new ProcessBuilder("/usr/bin/python3", "" + driver, url, key, "" + work);
    python.environment().put("PYTHONPATH", packages.toString());
    return TestHome.finish(python.start(), new byte[0]).ok().out().lines().toList();
  }

  private static List<String> expected(String file) throws IOException {
    return Files.readAllLines(CLIENTS.resolve(file));
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
}
