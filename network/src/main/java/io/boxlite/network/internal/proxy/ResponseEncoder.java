package io.boxlite.network.internal.proxy;

import io.netty.buffer.Unpooled;
import io.netty.handler.codec.http.DefaultFullHttpResponse;
import io.netty.handler.codec.http.FullHttpResponse;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpResponse;
import io.netty.handler.codec.http.HttpResponseEncoder;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpVersion;
import java.nio.charset.StandardCharsets;

/// Writes responses, told what they answer: one to `HEAD` has no body whatever its header says.
final class ResponseEncoder extends HttpResponseEncoder {
  private boolean answersHead;

  void answersHead(boolean value) {
    answersHead = value;
  }

  @Override
  protected boolean isContentAlwaysEmpty(HttpResponse response) {
    return answersHead || super.isContentAlwaysEmpty(response);
  }

  /// {@return an answer of the proxy itself, after which the connection ends}
  ///
  /// @param status its status
  /// @param text why
  static FullHttpResponse refusal(int status, String text) {
    byte[] content = ("boxlite: " + text + "\n").getBytes(StandardCharsets.UTF_8);
    DefaultFullHttpResponse answer =
        new DefaultFullHttpResponse(
            HttpVersion.HTTP_1_1,
            HttpResponseStatus.valueOf(status),
            Unpooled.wrappedBuffer(content));
    answer
        .headers()
        .set(HttpHeaderNames.CONTENT_TYPE, "text/plain; charset=utf-8")
        .set(HttpHeaderNames.CONTENT_LENGTH, content.length)
        .set(HttpHeaderNames.CONNECTION, "close");
    return answer;
  }
}
