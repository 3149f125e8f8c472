package io.boxlite.cli;

import io.boxlite.cli.terminal.PosixTerminal;
import java.io.FileDescriptor;
import java.io.FileInputStream;
import java.io.FileOutputStream;
import java.io.InputStream;
import java.nio.channels.Channels;

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
    // Through a channel: a read on one ends when its thread is interrupted, so that no thread is
    // left in a system call at exit.
    InputStream in = Channels.newInputStream(new FileInputStream(FileDescriptor.in).getChannel());
    Cli cli =
        new Cli(
            in,
            new FileOutputStream(FileDescriptor.out),
            new FileOutputStream(FileDescriptor.err),
            System.getenv(),
            PosixTerminal::new,
            SupervisorStarter::open);
    System.exit(cli.run(arguments));
  }

  private static boolean isVersion(String argument) {
    return argument.equals("-V") || argument.equals("--version");
  }
}
