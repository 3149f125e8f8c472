package io.boxlite.server;

import io.boxlite.api.ConfigException;
import io.boxlite.rest.JsonCodec;
import io.boxlite.rest.OptionMapping;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import org.eclipse.jetty.http.HttpHeader;
import org.eclipse.jetty.io.Content;
import org.eclipse.jetty.io.EndPoint;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.util.BufferUtil;
import org.eclipse.jetty.util.Callback;
import org.eclipse.jetty.util.Fields;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// One request and its answer, as the routes see them. Confined to the thread that handles it.
final class Exchange {
  private static final Logger LOG = LoggerFactory.getLogger(Exchange.class);
  private static final int MAX_JSON = 1024 * 1024;
  private static final int OK = 200;
  private static final int NO_CONTENT = 204;
  private static final int WRITE_BUFFER = 64 * 1024;
  private static final String JSON = "application/json";
  private static final String NDJSON = "application/x-ndjson";

  private final Request request;
  private final Response response;
  private final Callback callback;
  private final Map<String, String> parameters;
  private final Tracing.RequestSpan span;
  private boolean handedOver;
  private byte @Nullable [] bytes;
  private Consumer<KeyedAnswers.Answer> beforeAnswer = _ -> {};

  Exchange(
      Request request,
      Response response,
      Callback callback,
      Map<String, String> parameters,
      Tracing.RequestSpan span) {
    this.request = request;
    this.response = response;
    this.callback = callback;
    this.parameters = parameters;
    this.span = span;
  }

  String parameter(String name) {
    return parameters.getOrDefault(name, "");
  }

  Optional<String> query(String name) {
    Fields fields = Request.extractQueryParameters(request);
    return Optional.ofNullable(fields.getValue(name));
  }

  List<String> queries(String name) {
    Fields.Field field = Request.extractQueryParameters(request).get(name);
    return field == null ? List.of() : field.getValues();
  }

  String required(String name) {
    return query(name)
        .filter(value -> !value.isEmpty())
        .orElseThrow(() -> new ConfigException("invalid_" + name, name + " is missing"));
  }

  boolean flag(String name) {
    return flag(name, false);
  }

  boolean flag(String name, boolean otherwise) {
    return switch (query(name).orElse(Boolean.toString(otherwise))) {
      case "true", "1" -> true;
      case "false", "0" -> false;
      case String other ->
          throw new ConfigException(
              "invalid_" + name, name + " '" + other + "' must be true or false");
    };
  }

  /// {@return a number of seconds of the query}
  ///
  /// @param absent what it means when there is none
  Duration seconds(String name, Duration absent) {
    Optional<String> text = query(name);
    try {
      Double value = text.isPresent() ? (Double) Double.parseDouble(text.get()) : null;
      return OptionMapping.seconds(name, value, absent);
    } catch (NumberFormatException e) {
      throw new ConfigException("invalid_" + name, name + " must be a number of seconds");
    }
  }

  InputStream body() {
    return Content.Source.asInputStream(request);
  }

  <T> T json(Class<T> type) throws IOException {
    return JsonCodec.read(type, bytes());
  }

  <T> T strictJson(Class<T> type) throws IOException {
    return JsonCodec.readStrictly(type, bytes());
  }

  /// Reads a body that may hold secrets: no failure tells what it says.
  <T> T confidentialJson(Class<T> type) throws IOException {
    return JsonCodec.readConfidentially(type, bytes());
  }

  /// {@return the whole body, bounded; not to be changed}
  byte[] bytes() throws IOException {
    if (bytes == null) {
      bytes = readBytes();
    }
    return bytes;
  }

  private byte[] readBytes() throws IOException {
    if (request.getLength() > MAX_JSON) {
      throw new BodyTooLargeException(MAX_JSON);
    }
    try (InputStream body = body()) {
      byte[] read = body.readNBytes(MAX_JSON + 1);
      if (read.length > MAX_JSON) {
        throw new BodyTooLargeException(MAX_JSON);
      }
      return read;
    }
  }

  Principal principal() {
    return request.getAttribute(Principal.ATTRIBUTE) instanceof Principal known
        ? known
        : Principal.LOCAL;
  }

  /// {@return what holds for whoever comes by TCP, if it came so}
  Optional<Access> access() {
    return TcpListener.access(request.getConnectionMetaData().getConnector());
  }

  String requestId() {
    return RestHandler.requestId(request);
  }

  void header(String name, String value) {
    response.getHeaders().put(name, value);
  }

  void answer(Object body) {
    answer(OK, body);
  }

  void answer(int status, Object body) {
    whole(status, JSON, JsonCodec.write(body));
  }

  /// Answers with text for programs that read lines.
  void text(String text) {
    text("text/plain; version=0.0.4; charset=utf-8", text);
  }

  void text(String contentType, String text) {
    whole(OK, contentType, text.getBytes(StandardCharsets.UTF_8));
  }

  private void whole(int status, String contentType, byte[] body) {
    beforeAnswer.accept(answered(status, body));
    response.setStatus(status);
    response.getHeaders().put(HttpHeader.CONTENT_TYPE, contentType);
    response.getHeaders().put(HttpHeader.CONTENT_LENGTH, body.length);
    handedOver = true;
    response.write(true, ByteBuffer.wrap(body), callback);
  }

  void noContent() {
    beforeAnswer.accept(answered(NO_CONTENT, new byte[0]));
    response.setStatus(NO_CONTENT);
    handedOver = true;
    response.write(true, BufferUtil.EMPTY_BUFFER, callback);
  }

  /// Has the answer shown to somebody before it is sent, unless it is one that streams.
  ///
  /// @param keeper given the answer
  void beforeAnswer(Consumer<KeyedAnswers.Answer> keeper) {
    beforeAnswer = keeper;
  }

  private KeyedAnswers.Answer answered(int status, byte[] body) {
    Optional<String> location = Optional.ofNullable(response.getHeaders().get(HttpHeader.LOCATION));
    return new KeyedAnswers.Answer(status, location, body);
  }

  /// Answers as it was answered before.
  void replay(KeyedAnswers.Answer answer) {
    answer.location().ifPresent(location -> header("Location", location));
    if (answer.status() == NO_CONTENT) {
      noContent();
    } else {
      whole(answer.status(), JSON, answer.body());
    }
  }

  /// Answers with bytes as they come.
  ///
  /// @param contentType of the bytes
  /// @param from where they come from
  /// @param endless whether it may take for ever until the next byte comes: then the stream is
  ///   closed as soon as the client has gone, and ends in order when the server does
  void stream(String contentType, InputStream from, boolean endless) throws IOException {
    if (!endless) {
      stream(contentType, from, false, () -> false);
      return;
    }
    AtomicBoolean told = new AtomicBoolean();
    try (Drain.Stay _ =
        drain()
            .stay(() -> {
              told.set(true);
              closeQuietly(from);
            })) {
      stream(contentType, from, true, told::get);
    }
  }

  private void stream(
      String contentType, InputStream from, boolean endless, BooleanSupplier leaving)
      throws IOException {
    response.setStatus(OK);
    if (endless) {
      // A second request on this connection would be read by the watch below.
      response.getHeaders().put(HttpHeader.CONNECTION, "close");
      // Else the end of the connection would be that of the answer, also when it breaks off.
      response.getHeaders().put(HttpHeader.TRANSFER_ENCODING, "chunked");
      ClientWatch.start(connection(), () -> closeQuietly(from));
    }
    response.getHeaders().put(HttpHeader.CONTENT_TYPE, contentType);
    byte[] buffer = new byte[32 * 1024];
    // Not closed when the source fails: that would end the answer in order.
    OutputStream to = new BufferedOutputStream(Content.Sink.asOutputStream(response), WRITE_BUFFER);
    try (from) {
      if (endless) {
        to.flush(); // the client may wait for the head long before the first line comes
      }
      int count = read(from, buffer, leaving);
      while (count >= 0) {
        to.write(buffer, 0, count);
        if (endless) {
          to.flush();
        }
        count = read(from, buffer, leaving);
      }
    }
    to.close();
    handedOver = true;
    callback.succeeded();
  }

  private static int read(InputStream from, byte[] buffer, BooleanSupplier leaving)
      throws IOException {
    try {
      return from.read(buffer);
    } catch (IOException e) {
      if (leaving.getAsBoolean()) {
        return -1; // closed for that reason
      }
      throw e;
    }
  }

  /// Answers with JSON values, one a line, each sent when it comes. A client that has gone does not
  /// stop the work.
  ///
  /// @param work given where to put the values
  void lines(Consumer<Consumer<Object>> work) throws IOException {
    response.setStatus(OK);
    response.getHeaders().put(HttpHeader.CONTENT_TYPE, NDJSON);
    try (OutputStream to = Content.Sink.asOutputStream(response)) {
      work.accept(value -> {
        try {
          to.write(JsonCodec.write(value));
          to.write('\n');
          to.flush();
        } catch (IOException e) {
          LOG.debug("a client did not wait for its answer", e);
        }
      });
    }
    handedOver = true;
    callback.succeeded();
  }

  /// Whether the client asked for an answer of [#lines].
  boolean wantsLines() {
    return request.getHeaders().contains(HttpHeader.ACCEPT, NDJSON);
  }

  /// Does work that is pointless without the client: this thread is interrupted when it goes. To be
  /// called when the body of the request has been read and before the answer begins.
  ///
  /// @param work answers the request too
  void whileConnected(Handling work) throws IOException {
    // A second request on this connection would be read by the watch.
    response.getHeaders().put(HttpHeader.CONNECTION, "close");
    EndPoint client = connection();
    Thread worker = Thread.currentThread();
    ClientWatch watch =
        ClientWatch.start(
            client,
            () -> {
              worker.interrupt();
              client.close(); // whoever waits to write to it fails
            });
    try (watch) {
      work.run();
    } finally {
      Thread.interrupted(); // meant for the work, not for what this thread does next
    }
  }

  /// Does such work that may last for ever: this thread is interrupted when the server ends too,
  /// and its [InterruptedIOException] tells the client then.
  void whileServed(Handling work) throws IOException {
    Thread worker = Thread.currentThread();
    AtomicBoolean told = new AtomicBoolean();
    Drain.Stay stay =
        drain()
            .stay(() -> {
              told.set(true);
              worker.interrupt();
            });
    try (stay) {
      whileConnected(work);
    } catch (InterruptedIOException e) {
      if (told.get()) {
        throw new RefusedException(Refusal.CLOSING, "");
      }
      throw e;
    }
  }

  /// Does work that lasts until the client closes its half of the connection, or the server ends:
  /// this thread is interrupted then, once. The client may still read the end of the answer.
  ///
  /// @param work given whether that has happened: a write may have taken the interrupt
  void untilLeft(Staying work) throws IOException {
    response.getHeaders().put(HttpHeader.CONNECTION, "close");
    Thread worker = Thread.currentThread();
    AtomicBoolean left = new AtomicBoolean();
    Runnable leave =
        () -> {
          if (left.compareAndSet(false, true)) {
            worker.interrupt();
          }
        };
    try (Drain.Stay _ = drain().stay(leave);
        ClientWatch _ = ClientWatch.start(connection(), leave)) {
      work.run(left::get);
    } finally {
      Thread.interrupted();
    }
  }

  /// Work that goes on until somebody leaves.
  interface Staying {
    void run(BooleanSupplier left) throws IOException;
  }

  /// Work that answers a request.
  interface Handling {
    void run() throws IOException;
  }

  /// Answers with what is written. As long as nothing has left the buffer, a failure is told by a
  /// status; later it cuts the answer off, which the client sees: its last chunk is missing.
  ///
  /// @param contentType of what is written
  /// @param content writes it
  void write(String contentType, Consumer<OutputStream> content) throws IOException {
    response.setStatus(OK);
    response.getHeaders().put(HttpHeader.CONTENT_TYPE, contentType);
    // Not closed when the content fails: that would end the answer in order.
    OutputStream to = new BufferedOutputStream(Content.Sink.asOutputStream(response), WRITE_BUFFER);
    content.accept(to);
    to.close();
    handedOver = true;
    callback.succeeded();
  }

  /// Does something that must not wait for ever for the client: when what is read from it does not
  /// come for that long, or what is written to it does not go, that fails. As long as the work
  /// waits for something else, nothing does.
  ///
  /// @param limit how long
  /// @param work what to do
  void withinStalls(Duration limit, Handling work) throws IOException {
    EndPoint client = connection();
    long usual = client.getIdleTimeout();
    request.addIdleTimeoutListener(_ -> false); // asked only when nothing is read nor written
    client.setIdleTimeout(limit.toMillis());
    try {
      work.run();
    } finally {
      client.setIdleTimeout(usual);
    }
  }

  private EndPoint connection() {
    return request.getConnectionMetaData().getConnection().getEndPoint();
  }

  private static void closeQuietly(InputStream stream) {
    try {
      stream.close();
    } catch (IOException e) {
      LOG.debug("a stream without a client did not close in order", e);
    }
  }

  /// {@return how the place where it came in ends}
  Drain drain() {
    return Drain.of(request.getConnectionMetaData().getConnector());
  }

  Tracing.RequestSpan span() {
    return span;
  }

  Request request() {
    return request;
  }

  Response response() {
    return response;
  }

  Callback callback() {
    return callback;
  }

  /// Says that somebody else completes the request.
  void handOver() {
    handedOver = true;
  }

  boolean isHandedOver() {
    return handedOver;
  }
}
