package io.boxlite.rest;

import io.boxlite.api.ConfigException;
import io.boxlite.api.ExitStatus;
import java.nio.charset.StandardCharsets;

/// The frames of an attach connection. Binary frames to the client begin with a channel byte; those
/// to the server are raw stdin. Text frames are JSON.
///
/// @since 0.1
public final class Frames {
  /// Channel of stdout.
  public static final byte STDOUT = 1;

  /// Channel of stderr.
  public static final byte STDERR = 2;

  /// Most payload bytes that one binary frame carries, in both directions.
  public static final int MAX_PAYLOAD = 32 * 1024;

  /// Header of the upgrade answer that names the main command's execution.
  public static final String EXECUTION_ID_HEADER = "x-boxlite-execution-id";

  /// Type of the frame that ends a session.
  public static final String TYPE_EXIT = "exit";

  /// Type of a complaint that ends nothing.
  public static final String TYPE_ERROR = "error";

  /// Type of a new terminal size.
  public static final String TYPE_RESIZE = "resize";

  /// Type of a signal.
  public static final String TYPE_SIGNAL = "signal";

  /// Type of the end of stdin.
  public static final String TYPE_STDIN_EOF = "stdin_eof";

  /// The frame that ends stdin.
  public static final String STDIN_EOF = "{\"type\":\"stdin_eof\"}";

  /// Text of a tunnel that says that no more bytes come from its side.
  public static final String TUNNEL_END = "end";

  private Frames() {}

  /// {@return the exit frame}
  ///
  /// @param exitCode see [#exitCode]
  /// @param timedOut whether the timeout ended the command
  public static String exit(int exitCode, boolean timedOut) {
    return "{\"type\":\"exit\",\"exit_code\":"
        + exitCode
        + (timedOut ? ",\"timed_out\":true}" : "}");
  }

  /// {@return a frame that complains}
  ///
  /// @param message for people
  public static String error(String message) {
    return text(new ControlFrame(TYPE_ERROR, null, null, null, null, null, message));
  }

  /// {@return a frame with a new terminal size}
  ///
  /// @param rows 1 to 65535
  /// @param cols 1 to 65535
  public static String resize(int rows, int cols) {
    return text(new ControlFrame(TYPE_RESIZE, cols, rows, null, null, null, null));
  }

  /// {@return a frame with a signal}
  ///
  /// @param number Linux signal number
  public static String signal(int number) {
    return text(new ControlFrame(TYPE_SIGNAL, null, null, number, null, null, null));
  }

  /// Reads a text frame.
  ///
  /// @param text the frame
  /// @return its content
  /// @throws ConfigException if it is not such JSON
  public static ControlFrame parse(String text) {
    return JsonCodec.read(ControlFrame.class, text.getBytes(StandardCharsets.UTF_8));
  }

  /// {@return the code on the wire: death by signal N is -N, for the main command 128 + N}
  ///
  /// @param exit how the command ended
  /// @param mainCommand whether it is the box's main command
  public static int exitCode(ExitStatus exit, boolean mainCommand) {
    return mainCommand || exit.signal() == 0 ? exit.shellCode() : -exit.signal();
  }

  /// {@return the status that a code on the wire stands for}
  ///
  /// @param exitCode the code
  /// @param timedOut whether the timeout ended the command
  public static ExitStatus exitStatus(int exitCode, boolean timedOut) {
    return exitCode < 0
        ? new ExitStatus(0, -exitCode, timedOut)
        : new ExitStatus(exitCode, 0, timedOut);
  }

  private static String text(ControlFrame frame) {
    return new String(JsonCodec.write(frame), StandardCharsets.UTF_8);
  }
}
