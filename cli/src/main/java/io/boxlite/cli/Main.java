package io.boxlite.cli;

import io.boxlite.cli.terminal.PosixTerminal;
import java.io.FileDescriptor;
import java.io.FileInputStream;
import java.io.FileOutputStream;
import java.io.InputStream;
import java.nio.channels.Channels;
import java.util.Map;

/// The `boxlite` command.
public final class Main {
  private Main() {}

  /// Runs one command and ends the process with its exit code.
  ///
  /// @param arguments of the command line
  public static void main(String[] arguments) {
    if (arguments.length == 1 && isVersion(arguments[0])) {
      // Before anything else is loaded.
      System.out.println(Version.LINE);
      return;
    }
    System.exit(cli(System.getenv()).run(arguments));
  }

  /// {@return the command line of this process}
  ///
  /// @param environment environment variables
  static Cli cli(Map<String, String> environment) {
    // Through a channel: a read on one ends when its thread is interrupted, so that no thread is
    // left in a system call at exit.
    InputStream in = Channels.newInputStream(new FileInputStream(FileDescriptor.in).getChannel());
    return new Cli(
        in,
        new FileOutputStream(FileDescriptor.out),
        new FileOutputStream(FileDescriptor.err),
        environment,
        PosixTerminal::new,
        SupervisorStarter::open);
  }

  private static boolean isVersion(String argument) {
    return argument.equals("-V") || argument.equals("--version");
  }
}
