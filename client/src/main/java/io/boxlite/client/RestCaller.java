package io.boxlite.client;

import io.boxlite.api.NetworkException;
import io.boxlite.api.StorageException;
import io.boxlite.rest.ErrorEnvelope;
import io.boxlite.rest.JsonCodec;
import io.boxlite.rest.Paths;
import java.io.IOException;
import java.io.InputStream;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// Sends requests and turns failures into exceptions. Thread-safe.
final class RestCaller {
  private static final int MAX_ANSWER = 64 * 1024 * 1024;
  private static final int LOOKS = 10; // times the patience of the target: 300 s
  private static final int UPLOAD_CHUNK = 256 * 1024;

  private final RestConnections connections;

  RestCaller(RestConnections connections) {
    this.connections = connections;
  }

  /// Sends a request and reads a JSON answer.
  <T> T call(Class<T> answer, String method, String path, @Nullable Object body) {
    return JsonCodec.read(answer, send(method, path, body));
  }

  /// Sends a request and reads the whole answer.
  byte[] send(String method, String path, @Nullable Object body) {
    byte[] json = body == null ? null : JsonCodec.write(body);
    try (ResponseBody answer = exchange(method, path, json, null, "")) {
      return readAll(answer);
    } catch (IOException e) {
      throw unreachable(e);
    }
  }

  /// Sends a request and leaves the answer's body to be read.
  InputStream stream(String method, String path, @Nullable Object body) {
    try {
      return exchange(method, path, body == null ? null : JsonCodec.write(body), null, "");
    } catch (IOException e) {
      throw unreachable(e);
    }
  }

  /// Sends a request whose answer comes line by line.
  AnswerLines lines(String path, Object body) {
    try {
      return new AnswerLines(
          exchange("POST", path, JsonCodec.write(body), null, "Accept: application/x-ndjson\r\n"));
    } catch (IOException e) {
      throw unreachable(e);
    }
  }

  /// Sends a body of unknown length and reads the whole answer.
  byte[] upload(String path, InputStream body) {
    try (ResponseBody answer = exchange("POST", path, null, body, "")) {
      return readAll(answer);
    } catch (IOException e) {
      throw unreachable(e);
    }
  }

  /// Sends a body of unknown length; the answer has none that counts.
  ResponseHead put(String path, InputStream body) {
    try (ResponseBody answer = exchange("PUT", path, null, body, "")) {
      readAll(answer);
      return answer.head();
    } catch (IOException e) {
      throw unreachable(e);
    }
  }

  private ResponseBody exchange(
      String method,
      String path,
      byte @Nullable [] json,
      @Nullable InputStream upload,
      String headers)
      throws IOException {
    Connection connection = connections.take();
    ResponseBody answer = null;
    try {
      write(connection, method, path, json, upload, headers);
      connection.limit(limit(method, path));
      ResponseHead head = ResponseHead.read(connection);
      connection.limit(0); // a log may be silent for days
      answer = new ResponseBody(connection, connections, head, method.equals("HEAD"));
      if (head.status() >= 400 || head.status() < 200) {
        throw ErrorEnvelope.toException(head.status(), readAll(answer));
      }
      ResponseBody result = answer;
      answer = null;
      connection = null;
      return result;
    } finally {
      if (answer != null) {
        answer.close();
      } else if (connection != null) {
        connections.drop(connection);
      }
    }
  }

  /// How long the server may take to begin its answer, in milliseconds, 0: for ever. What only
  /// looks has the time of the contract; what changes something takes as long as its work does.
  private int limit(String method, String path) {
    int patience = connections.target().patience();
    if (path.equals(Paths.CONFIG)) {
      return patience;
    }
    boolean looks = method.equals("GET") && !path.contains("/wait?");
    return looks ? LOOKS * patience : 0;
  }

  private void write(
      Connection connection,
      String method,
      String path,
      byte @Nullable [] json,
      @Nullable InputStream upload,
      String headers)
      throws IOException {
    StringBuilder head = new StringBuilder(256);
    head.append(connections.target().head(method, path));
    head.append(headers);
    if (json != null) {
      head.append("Content-Type: application/json\r\nContent-Length: ").append(json.length);
    } else if (upload != null) {
      head.append("Content-Type: application/x-tar\r\nTransfer-Encoding: chunked");
    } else {
      head.append("Content-Length: 0");
    }
    head.append("\r\n\r\n");
    byte[] start = head.toString().getBytes(StandardCharsets.US_ASCII);
    if (json != null) {
      byte[] whole = java.util.Arrays.copyOf(start, start.length + json.length);
      System.arraycopy(json, 0, whole, start.length, json.length);
      start = whole;
    }
    connection.write(start, 0, start.length);
    if (upload != null) {
      writeChunks(connection, upload);
    }
  }

  private static void writeChunks(Connection connection, InputStream upload) {
    byte[] buffer = new byte[UPLOAD_CHUNK];
    while (true) {
      int count = readUpload(upload, buffer);
      String size = HexFormat.of().toHexDigits(Math.max(count, 0)) + "\r\n";
      byte[] head = size.getBytes(StandardCharsets.US_ASCII);
      try {
        connection.write(head, 0, head.length);
        if (count > 0) {
          connection.write(buffer, 0, count);
        }
        connection.write(new byte[] {'\r', '\n'}, 0, 2);
      } catch (IOException refused) {
        return; // a server that refuses stops reading; its answer says why
      }
      if (count <= 0) {
        return;
      }
    }
  }

  private static int readUpload(InputStream upload, byte[] buffer) {
    try {
      return upload.readNBytes(buffer, 0, buffer.length);
    } catch (IOException e) {
      throw new StorageException(
          "upload_unreadable", "cannot read what is to be sent: " + e.getMessage(), e, Map.of());
    }
  }

  private static byte[] readAll(ResponseBody answer) throws IOException {
    byte[] bytes = answer.readNBytes(MAX_ANSWER);
    if (bytes.length == MAX_ANSWER) {
      throw new IOException("answer longer than " + MAX_ANSWER + " bytes");
    }
    if (bytes.length > 0) {
      int end = answer.read(); // a chunked body is over only with its last, empty chunk
      if (end >= 0) {
        throw new IOException("answer goes on after its end");
      }
    }
    return bytes;
  }

  NetworkException unreachable(IOException e) {
    return new NetworkException(
        "supervisor_unreachable",
        "no answer from " + connections.target() + ": " + reason(e),
        e,
        Map.of());
  }

  private String reason(IOException e) {
    if (e instanceof SocketTimeoutException) {
      return "it takes connections and requests, but does not answer";
    }
    return e.getMessage() == null ? e.getClass().getSimpleName() : e.getMessage();
  }

  RestConnections connections() {
    return connections;
  }
}
