package io.boxlite.vmm.qemu.internal.process;

import java.io.IOException;
import java.lang.foreign.AddressLayout;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.VarHandle;

/// The few system calls that Java has no API for. Thread-safe.
///
/// The numbers of the system calls are the same on x86-64 and aarch64.
public final class LinuxCalls {
  private static final long SYS_PIDFD_SEND_SIGNAL = 424;
  private static final long SYS_PIDFD_OPEN = 434;
  private static final int EINTR = 4;
  private static final short POLLIN = 1;
  private static final int EFD_CLOEXEC = 02000000;
  private static final int POLLFD_BYTES = 8;

  private static final AddressLayout POINTER = ValueLayout.ADDRESS;
  private static final Linker LINKER = Linker.nativeLinker();
  private static final MemoryLayout ERRNO_LAYOUT = Linker.Option.captureStateLayout();
  private static final VarHandle ERRNO =
      ERRNO_LAYOUT.varHandle(MemoryLayout.PathElement.groupElement("errno"));

  private static final MethodHandle SYSCALL =
      variadic(
          "syscall",
          1,
          ValueLayout.JAVA_LONG,
          ValueLayout.JAVA_LONG,
          ValueLayout.JAVA_LONG,
          ValueLayout.JAVA_LONG,
          ValueLayout.JAVA_LONG,
          ValueLayout.JAVA_LONG);
  private static final MethodHandle OPEN =
      variadic("open", 2, ValueLayout.JAVA_INT, POINTER, ValueLayout.JAVA_INT);
  private static final MethodHandle IOCTL =
      variadic(
          "ioctl",
          2,
          ValueLayout.JAVA_INT,
          ValueLayout.JAVA_INT,
          ValueLayout.JAVA_LONG,
          ValueLayout.JAVA_LONG);
  private static final MethodHandle POLL =
      plain("poll", ValueLayout.JAVA_INT, POINTER, ValueLayout.JAVA_LONG, ValueLayout.JAVA_INT);
  private static final MethodHandle EVENTFD =
      plain("eventfd", ValueLayout.JAVA_INT, ValueLayout.JAVA_INT, ValueLayout.JAVA_INT);
  private static final MethodHandle WRITE =
      plain("write", ValueLayout.JAVA_LONG, ValueLayout.JAVA_INT, POINTER, ValueLayout.JAVA_LONG);
  private static final MethodHandle CLOSE =
      plain("close", ValueLayout.JAVA_INT, ValueLayout.JAVA_INT);

  private static final MethodHandle GETPAGESIZE = plain("getpagesize", ValueLayout.JAVA_INT);

  private LinuxCalls() {}

  private static MethodHandle plain(String name, MemoryLayout result, MemoryLayout... arguments) {
    return handle(
        name, FunctionDescriptor.of(result, arguments), Linker.Option.captureCallState("errno"));
  }

  private static MethodHandle variadic(
      String name, int fixed, MemoryLayout result, MemoryLayout... arguments) {
    return handle(
        name,
        FunctionDescriptor.of(result, arguments),
        Linker.Option.captureCallState("errno"),
        Linker.Option.firstVariadicArg(fixed));
  }

  @SuppressWarnings("restricted") // The signatures are those of the C library's headers.
  private static MethodHandle handle(
      String name, FunctionDescriptor type, Linker.Option... options) {
    return LINKER.downcallHandle(LINKER.defaultLookup().findOrThrow(name), type, options);
  }

  /// A call that failed.
  public static final class CallException extends IOException {
    private static final long serialVersionUID = 1L;

    private final int errno;

    CallException(String call, int errno) {
      super(call + ": errno " + errno);
      this.errno = errno;
    }

    /// {@return the kernel's error number}
    public int errno() {
      return errno;
    }
  }

  /// A native call that keeps the error number.
  private interface Call {
    Object invoke(MemorySegment state) throws Throwable;
  }

  private static long call(String name, Call call) throws CallException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment state = arena.allocate(ERRNO_LAYOUT);
      long result = ((Number) call.invoke(state)).longValue();
      if (result < 0) {
        throw new CallException(name, (int) ERRNO.get(state, 0L));
      }
      return result;
    } catch (CallException | RuntimeException | Error e) {
      throw e;
    } catch (Throwable e) {
      throw new AssertionError(e);
    }
  }

  static long pageBytes() {
    try {
      return call("getpagesize", state -> (int) GETPAGESIZE.invoke(state));
    } catch (CallException e) {
      throw new AssertionError(e);
    }
  }

  /// Opens a handle that stays with one process, whatever becomes of its pid.
  static int pidfdOpen(long pid) throws CallException {
    return (int)
        call("pidfd_open", state -> (long) SYSCALL.invoke(state, SYS_PIDFD_OPEN, pid, 0L, 0L, 0L));
  }

  static void pidfdSignal(int pidfd, int signal) throws CallException {
    call(
        "pidfd_send_signal",
        state ->
            (long)
                SYSCALL.invoke(state, SYS_PIDFD_SEND_SIGNAL, (long) pidfd, (long) signal, 0L, 0L));
  }

  static int eventfd() throws CallException {
    return (int) call("eventfd", state -> (int) EVENTFD.invoke(state, 0, EFD_CLOEXEC));
  }

  static void signalEventfd(int fd) throws CallException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment one = arena.allocateFrom(ValueLayout.JAVA_LONG, 1L);
      call("write", state -> (long) WRITE.invoke(state, fd, one, 8L));
    }
  }

  /// Waits, blocking the OS thread, until one of two files is readable.
  ///
  /// @return whether the first is
  static boolean awaitFirst(int first, int second) throws CallException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment files = arena.allocate(2L * POLLFD_BYTES, 8);
      files.set(ValueLayout.JAVA_INT, 0, first);
      files.set(ValueLayout.JAVA_SHORT, 4, POLLIN);
      files.set(ValueLayout.JAVA_INT, POLLFD_BYTES, second);
      files.set(ValueLayout.JAVA_SHORT, POLLFD_BYTES + 4, POLLIN);
      while (true) {
        try {
          call("poll", state -> (int) POLL.invoke(state, files, 2L, -1));
          return files.get(ValueLayout.JAVA_SHORT, 6) != 0;
        } catch (CallException e) {
          if (e.errno() != EINTR) {
            throw e;
          }
        }
      }
    }
  }

  /// Opens a file.
  ///
  /// @param path of the file
  /// @param flags as open(2) has them
  /// @return its descriptor, to be closed
  /// @throws CallException if the kernel refuses
  public static int open(String path, int flags) throws CallException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment name = arena.allocateFrom(path);
      return (int) call("open", state -> (int) OPEN.invoke(state, name, flags));
    }
  }

  /// Controls a device with a number as argument.
  ///
  /// @param fd of the device
  /// @param request what to do
  /// @param argument for it
  /// @return what the device answers
  /// @throws CallException if the kernel refuses
  public static int ioctl(int fd, long request, long argument) throws CallException {
    return (int) call("ioctl", state -> (int) IOCTL.invoke(state, fd, request, argument));
  }

  /// Closes a descriptor.
  ///
  /// @param fd the descriptor
  public static void close(int fd) {
    try {
      call("close", state -> (int) CLOSE.invoke(state, fd));
    } catch (CallException e) {
      // Linux closes it in any case.
    }
  }
}
