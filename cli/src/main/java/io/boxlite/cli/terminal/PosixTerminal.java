package io.boxlite.cli.terminal;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;

/// The terminal on file descriptor 0, and what is known of those on 1 and 2, through three calls of
/// the C library. Thread-safe.
///
/// @since 0.1
public final class PosixTerminal implements Terminal {
  private static final int STDIN = 0;
  private static final int STDOUT = 1;
  private static final int STDERR = 2;

  // Linux, any architecture that uses asm-generic/termbits.h: four 32-bit flag words, the line
  // discipline, 32 control characters, two speeds: 60 bytes.
  private static final int TERMIOS_SIZE = 60;
  private static final int IFLAG = 0;
  private static final int OFLAG = 4;
  private static final int CFLAG = 8;
  private static final int LFLAG = 12;
  private static final int CONTROL_CHARACTERS = 17;
  private static final int VTIME = 5;
  private static final int VMIN = 6;

  // What termios(3) says that cfmakeraw clears.
  private static final int IGNBRK_BRKINT_PARMRK_ISTRIP = 0x1 | 0x2 | 0x8 | 0x20;
  private static final int INLCR_IGNCR_ICRNL_IXON = 0x40 | 0x80 | 0x100 | 0x400;
  private static final int OPOST = 0x1;
  private static final int ECHO_ECHONL_ICANON_ISIG_IEXTEN = 0x8 | 0x40 | 0x2 | 0x1 | 0x8000;
  private static final int CSIZE_PARENB = 0x30 | 0x100;
  private static final int CS8 = 0x30;

  // TCSADRAIN: keys that were typed ahead stay.
  private static final int TCSADRAIN = 1;
  private static final long TIOCGWINSZ = 0x5413;

  private final MethodHandle tcgetattr;
  private final MethodHandle tcsetattr;
  private final MethodHandle ioctl;

  /// Finds the calls; does nothing to the terminal.
  public PosixTerminal() {
    Linker linker = Linker.nativeLinker();
    tcgetattr = handle(linker, "tcgetattr", FunctionDescriptor.of(JAVA_INT, JAVA_INT, ADDRESS));
    tcsetattr =
        handle(linker, "tcsetattr", FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_INT, ADDRESS));
    ioctl =
        handle(
            linker,
            "ioctl",
            FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_LONG, ADDRESS),
            Linker.Option.firstVariadicArg(2));
  }

  @SuppressWarnings("restricted") // calls of the C library are what this class is for
  private static MethodHandle handle(
      Linker linker, String name, FunctionDescriptor type, Linker.Option... options) {
    return linker.downcallHandle(linker.defaultLookup().findOrThrow(name), type, options);
  }

  @Override
  public boolean isTerminal() {
    try (Arena arena = Arena.ofConfined()) {
      return attributes(arena, STDIN).isPresent();
    }
  }

  @Override
  public boolean showsErrors() {
    try (Arena arena = Arena.ofConfined()) {
      return attributes(arena, STDERR).isPresent();
    }
  }

  @Override
  public boolean showsOutput() {
    try (Arena arena = Arena.ofConfined()) {
      return attributes(arena, STDOUT).isPresent();
    }
  }

  @Override
  public Optional<Size> size() {
    return size(STDIN);
  }

  @Override
  public Optional<Size> errorsSize() {
    return size(STDERR);
  }

  private Optional<Size> size(int descriptor) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment winsize = arena.allocate(8, 2);
      if ((int) ioctl.invokeExact(descriptor, TIOCGWINSZ, winsize) != 0) {
        return Optional.empty();
      }
      int rows = Short.toUnsignedInt(winsize.get(JAVA_SHORT, 0));
      int cols = Short.toUnsignedInt(winsize.get(JAVA_SHORT, 2));
      // A serial console without a known size reports zeros.
      return rows == 0 || cols == 0 ? Optional.empty() : Optional.of(new Size(rows, cols));
    } catch (Throwable e) {
      throw new IllegalStateException("ioctl: " + e.getMessage(), e);
    }
  }

  @Override
  public RawMode raw() {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment termios =
          attributes(arena, STDIN)
              .orElseThrow(() -> new IllegalStateException("standard input is not a terminal"));
      byte[] saved = termios.toArray(JAVA_BYTE);
      set(makeRaw(termios));
      return new Saved(saved);
    }
  }

  private Optional<MemorySegment> attributes(Arena arena, int descriptor) {
    MemorySegment termios = arena.allocate(TERMIOS_SIZE, 4);
    try {
      return (int) tcgetattr.invokeExact(descriptor, termios) == 0
          ? Optional.of(termios)
          : Optional.empty();
    } catch (Throwable e) {
      throw new IllegalStateException("tcgetattr: " + e.getMessage(), e);
    }
  }

  private void set(MemorySegment termios) {
    try {
      // A failure means that the terminal is gone; there is nothing left to set.
      int ignored = (int) tcsetattr.invokeExact(STDIN, TCSADRAIN, termios);
    } catch (Throwable e) {
      throw new IllegalStateException("tcsetattr: " + e.getMessage(), e);
    }
  }

  private static MemorySegment makeRaw(MemorySegment termios) {
    clear(termios, IFLAG, IGNBRK_BRKINT_PARMRK_ISTRIP | INLCR_IGNCR_ICRNL_IXON);
    clear(termios, OFLAG, OPOST);
    clear(termios, LFLAG, ECHO_ECHONL_ICANON_ISIG_IEXTEN);
    clear(termios, CFLAG, CSIZE_PARENB);
    termios.set(JAVA_INT, CFLAG, termios.get(JAVA_INT, CFLAG) | CS8);
    termios.set(JAVA_BYTE, CONTROL_CHARACTERS + VMIN, (byte) 1);
    termios.set(JAVA_BYTE, CONTROL_CHARACTERS + VTIME, (byte) 0);
    return termios;
  }

  private static void clear(MemorySegment termios, int word, int bits) {
    termios.set(JAVA_INT, word, termios.get(JAVA_INT, word) & ~bits);
  }

  /// Restores on close, and when the JVM shuts down first: a signal, an error, `System.exit`.
  private final class Saved implements RawMode {
    private final byte[] termios;
    private final AtomicBoolean done = new AtomicBoolean();
    private final Thread hook = new Thread(this::restore, "terminal-restore");

    Saved(byte[] termios) {
      this.termios = termios;
      Runtime.getRuntime().addShutdownHook(hook);
    }

    private void restore() {
      if (done.compareAndSet(false, true)) {
        try (Arena arena = Arena.ofConfined()) {
          set(arena.allocate(TERMIOS_SIZE, 4).copyFrom(MemorySegment.ofArray(termios)));
        }
      }
    }

    @Override
    public void close() {
      restore();
      try {
        Runtime.getRuntime().removeShutdownHook(hook);
      } catch (IllegalStateException e) {
        // The JVM is already shutting down: the hook runs and finds nothing to do.
        return;
      }
    }
  }
}
