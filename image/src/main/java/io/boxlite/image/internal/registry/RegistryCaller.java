package io.boxlite.image.internal.registry;

import io.boxlite.api.BoxliteException;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpRequest;
import java.util.Map;
import java.util.Optional;

/// Sends the requests about one repository: logs in, tries again, and turns what fails into the
/// exceptions of the API. Thread-safe.
final class RegistryCaller {
  private final Endpoint endpoint;
  private final String path;
  private final Authenticator authenticator;
  private final Patience patience;

  /// @param path of the repository in its registry
  RegistryCaller(Endpoint endpoint, String path, Authenticator authenticator, Patience patience) {
    this.endpoint = endpoint;
    this.path = path;
    this.authenticator = authenticator;
    this.patience = patience;
  }

  String registry() {
    return endpoint.name();
  }

  String repository() {
    return endpoint.name() + "/" + path;
  }

  Tries tries() {
    return new Tries(patience);
  }

  /// Asks until there is an answer that no further try would change.
  ///
  /// @param what is asked for, as messages name it
  /// @param below the repository, such as `manifests/latest`
  Answer call(String what, String method, String below, Map<String, String> headers) {
    return call(what, method, below, headers, HttpRequest.BodyPublishers.noBody());
  }

  Answer call(
      String what,
      String method,
      String below,
      Map<String, String> headers,
      HttpRequest.BodyPublisher body) {
    Tries tries = tries();
    while (true) {
      try {
        Outgoing request =
            new Outgoing(method, uri(what, below), headers, body, Transport.Sending.NOTHING);
        return once(what, request);
      } catch (TransientException e) {
        tries.failed(e);
      }
    }
  }

  /// Asks once, or twice if it was not logged in or not any more.
  Answer once(String what, String method, String below, Map<String, String> headers)
      throws TransientException {
    return once(what, Outgoing.of(method, uri(what, below), headers));
  }

  Answer once(String what, Outgoing request) throws TransientException {
    try {
      // Credentials go to the registry alone: an upload may lead elsewhere.
      boolean own = Endpoint.isSameHost(endpoint.base(), request.uri());
      Optional<String> authorization = own ? authenticator.authorization() : Optional.empty();
      Answer answer = endpoint.send(request, authorization);
      if (answer.status() == 401
          && own
          && Endpoint.isSameHost(request.uri(), answer.uri())
          && authenticator.challenged(answer, authorization)) {
        answer.discard();
        answer = endpoint.send(request, authenticator.authorization());
      }
      if (isTransient(answer.status())) {
        Optional<java.time.Duration> retryAfter = Errors.retryAfter(answer);
        throw new TransientException(failure(answer, what), retryAfter);
      }
      return answer;
    } catch (IOException e) {
      throw Errors.lost(registry(), what, e);
    }
  }

  static boolean isTransient(int status) {
    return switch (status) {
      case 408, 429, 500, 502, 503, 504 -> true;
      default -> false;
    };
  }

  private URI uri(String what, String below) throws TransientException {
    try {
      return endpoint.base().resolve(path + "/" + below);
    } catch (IOException e) {
      throw Errors.lost(registry(), what, e);
    }
  }

  /// Reads where an answer to a POST sends us.
  URI location(String what, Answer answer) throws TransientException {
    String location =
        answer
            .header("Location")
            .orElseThrow(
                () -> Errors.badAnswer(registry(), what, "it does not say where to upload"));
    try {
      return endpoint.target(answer.uri(), location);
    } catch (IOException e) {
      throw Errors.lost(registry(), what, e);
    }
  }

  /// {@return what an answer that is no success means} Closes it.
  BoxliteException failure(Answer answer, String what) {
    return Errors.of(answer, registry(), what, authenticator.isLoggedIn());
  }
}
