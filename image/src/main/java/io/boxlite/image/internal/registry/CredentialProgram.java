package io.boxlite.image.internal.registry;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.boxlite.api.ConfigException;
import io.boxlite.api.ImageException;
import io.boxlite.image.internal.oci.OciJson;
import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.regex.Pattern;

/// A credential helper of Docker's configuration: the program `docker-credential-NAME`. Immutable.
final class CredentialProgram {
  private static final Pattern NAME = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._-]{0,63}");
  private static final String NOT_FOUND = "credentials not found in native keychain";
  private static final int MAX_OUTPUT = 1 << 20;
  private static final Duration TIME = Duration.ofSeconds(30);

  private final String program;
  private final Path config;
  private final Map<String, String> environment;

  /// @param name as the configuration has it
  /// @param config file that names it
  /// @param environment of the program; its `PATH` is where it is looked for
  CredentialProgram(String name, Path config, Map<String, String> environment) {
    program = "docker-credential-" + name;
    this.config = config;
    this.environment = environment;
    if (!NAME.matcher(name).matches()) {
      throw failed("its name is malformed; mend " + config);
    }
  }

  /// Asks for the credentials of a host.
  ///
  /// @param server host, or the URL under which Docker Hub is known
  /// @return them, if it has some
  Optional<Login> get(String server) {
    Process process = start();
    try {
      CompletableFuture<byte[]> output = new CompletableFuture<>();
      Thread.ofVirtual()
          .name("credential-helper")
          .start(() -> {
            try (InputStream in = process.getInputStream()) {
              output.complete(in.readNBytes(MAX_OUTPUT));
            } catch (IOException e) {
              output.completeExceptionally(e);
            }
          });
      try (OutputStream in = process.getOutputStream()) {
        in.write((server + "\n").getBytes(UTF_8));
      } catch (IOException e) {
        // It did not want to read; what it says counts.
      }
      byte[] said = output.get(TIME.toSeconds(), TimeUnit.SECONDS);
      if (!process.waitFor(TIME.toSeconds(), TimeUnit.SECONDS)) {
        throw new TimeoutException();
      }
      return read(process.exitValue(), said);
    } catch (TimeoutException e) {
      throw failed("it took more than " + TIME.toSeconds() + " s; try it by hand");
    } catch (ExecutionException e) {
      throw failed("cannot read what it says; try it by hand");
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw Errors.interrupted(e);
    } finally {
      process.descendants().forEach(ProcessHandle::destroyForcibly);
      process.destroyForcibly();
    }
  }

  private Process start() {
    ProcessBuilder builder = new ProcessBuilder(find().toString(), "get");
    builder.environment().clear();
    builder.environment().putAll(environment);
    builder.redirectError(ProcessBuilder.Redirect.DISCARD);
    try {
      return builder.start();
    } catch (IOException e) {
      throw failed("it cannot be started; install it, or remove it from " + config);
    }
  }

  private Path find() {
    for (String directory : environment.getOrDefault("PATH", "").split(File.pathSeparator, -1)) {
      Path file = Path.of(directory).resolve(program);
      if (file.isAbsolute() && Files.isRegularFile(file) && Files.isExecutable(file)) {
        return file;
      }
    }
    throw failed("it is not on PATH; install it, or remove it from " + config);
  }

  // What it printed may be secret, so no message has it.
  private Optional<Login> read(int exit, byte[] said) {
    if (exit != 0) {
      if (new String(said, UTF_8).strip().equals(NOT_FOUND)) {
        return Optional.empty();
      }
      throw failed("it ended with " + exit + "; try it by hand");
    }
    Map<String, Object> document;
    try {
      document = OciJson.object(said, "answer");
    } catch (ImageException e) {
      throw failed("its answer is no JSON; try it by hand");
    }
    if (document.get("Username") instanceof String username
        && document.get("Secret") instanceof String secret) {
      return username.isEmpty() && secret.isEmpty()
          ? Optional.empty()
          : Optional.of(
              username.equals("<token>")
                  ? new Login.RefreshToken(secret)
                  : new Login.Password(username, secret));
    }
    throw failed("its answer has no Username and Secret; try it by hand");
  }

  private ConfigException failed(String why) {
    return new ConfigException(
        "credential_helper", "credential helper " + Errors.clean(program) + " failed: " + why);
  }
}
