package io.boxlite.client;

import io.boxlite.api.NetworkException;
import io.boxlite.rest.ApiKeyBody;
import io.boxlite.rest.ApiKeyListBody;
import io.boxlite.rest.ErrorBody;
import io.boxlite.rest.ErrorEnvelope;
import io.boxlite.rest.ListenBody;
import io.boxlite.rest.ListeningBody;
import io.boxlite.rest.LogBody;
import io.boxlite.rest.Paths;
import java.io.Closeable;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;

/// The supervisor as a server of others: where it listens by TCP, and the API keys of those who
/// come that way. For clients on the Unix socket only. Thread-safe.
///
/// @since 0.1
public final class RemoteServer {
  private final RestCaller caller;

  RemoteServer(RestCaller caller) {
    this.caller = caller;
  }

  /// A port at which the supervisor listens until this is closed or this process ends. One thread
  /// waits for the end; others may finish and close.
  ///
  /// @since 0.1
  public static final class Listening implements Closeable {
    private final AnswerLines lines;
    private final String url;
    private final boolean traced;
    private volatile boolean finished;

    private Listening(AnswerLines lines, String url, boolean traced) {
      this.lines = lines;
      this.url = url;
      this.traced = traced;
    }

    /// {@return where clients find the server}
    public String url() {
      return url;
    }

    /// Whether the supervisor traces requests.
    public boolean isTraced() {
      return traced;
    }

    /// Waits until the supervisor no longer listens: it ends, or this is finished.
    ///
    /// @param log given what the supervisor logs meanwhile
    /// @return whether this is finished; otherwise the supervisor has ended
    public boolean awaitEnd(Consumer<LogLine> log) {
      try {
        while (true) {
          LogBody line = lines.next(ListeningBody.class).log();
          if (line != null) {
            log.accept(new LogLine(line));
          }
        }
      } catch (IOException e) {
        return finished;
      }
    }

    /// Has the supervisor take no more requests at the port, and listen no longer when it is
    /// through with those that it has.
    ///
    /// @throws IOException if the supervisor cannot be told; it finds out when this is closed
    public void finish() throws IOException {
      finished = true;
      lines.leave();
    }

    @Override
    public void close() throws IOException {
      lines.close();
    }
  }

  /// Has the supervisor listen.
  ///
  /// @param order where, and for whom
  /// @return to be closed by the caller
  /// @throws io.boxlite.api.ConfigException if the order makes no sense, or would let strangers do
  ///   everything
  /// @throws NetworkException if the port cannot be had
  public Listening listen(ListenOptions order) {
    ListenBody body =
        new ListenBody(
            order.host(),
            order.port(),
            order.apiKey().orElse(null),
            order.tlsCert().map(Path::toString).orElse(null),
            order.tlsKey().map(Path::toString).orElse(null),
            order.withoutKey(),
            order.hostPaths());
    AnswerLines lines = caller.lines(Paths.LISTENERS, body);
    try {
      ListeningBody first = lines.next(ListeningBody.class);
      String url = first.url();
      ErrorBody.Failure error = first.error();
      if (url != null) {
        return new Listening(lines, url, Boolean.TRUE.equals(first.traced()));
      }
      lines.close();
      throw error == null
          ? new NetworkException("not_listening", "the supervisor does not listen")
          : ErrorEnvelope.toException(error);
    } catch (IOException e) {
      throw caller.unreachable(e);
    }
  }

  /// Makes an API key.
  ///
  /// @param name unique
  /// @param scopes what it allows; empty: everything
  /// @return with the key, which nobody can tell later
  /// @throws io.boxlite.api.ConfigException if the name or a scope is none
  /// @throws io.boxlite.api.AlreadyExistsException if the name is taken
  public ApiKey createKey(String name, List<String> scopes) {
    ApiKeyBody wanted = new ApiKeyBody(name, scopes, null, null);
    return key(caller.call(ApiKeyBody.class, "POST", Paths.API_KEYS, wanted));
  }

  /// {@return all API keys, without the keys themselves}
  public List<ApiKey> keys() {
    return caller.call(ApiKeyListBody.class, "GET", Paths.API_KEYS, null).keys().stream()
        .map(RemoteServer::key)
        .toList();
  }

  private static ApiKey key(ApiKeyBody body) {
    List<String> scopes = body.scopes();
    String created = body.createdAt();
    return new ApiKey(
        body.name(),
        scopes == null ? List.of() : scopes,
        created == null ? "" : created,
        Optional.ofNullable(body.key()));
  }

  /// Makes an API key worthless at once.
  ///
  /// @param name of the key
  /// @throws io.boxlite.api.NotFoundException if there is none of that name
  public void revokeKey(String name) {
    caller.send("DELETE", Paths.API_KEYS + "/" + Paths.encode(name), null);
  }
}
