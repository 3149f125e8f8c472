package io.boxlite.server;

import io.boxlite.api.BoxliteException;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.Optional;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/// Writes what one client sends to the command's stdin, on a thread of its own, so that a command
/// that does not read stops nothing else. Thread-safe.
final class StdinFeeder {
  /// From so many waiting bytes on, the client is held back.
  static final int CAPACITY = 256 * 1024;

  private final StreamHub.Attachment attachment;
  private final Runnable whenRoom;
  private final Thread thread;
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();
  private final ArrayDeque<byte[]> waiting = new ArrayDeque<>();
  private int size;
  private boolean full;
  private boolean ended;
  private boolean stopped;

  /// @param whenRoom told when there is room again after [#offer(byte[])] has said that there is
  ///   none
  StdinFeeder(StreamHub.Attachment attachment, String name, Runnable whenRoom) {
    this.attachment = attachment;
    this.whenRoom = whenRoom;
    thread = Thread.ofVirtual().name(name).unstarted(this::feed);
  }

  void start() {
    thread.start();
  }

  /// Takes bytes in any case.
  ///
  /// @return whether there is room for more; if not, `whenRoom` tells later
  boolean offer(byte[] bytes) {
    lock.lock();
    try {
      if (!ended && !stopped) {
        waiting.add(bytes);
        size += bytes.length;
        full = size >= CAPACITY;
        changed.signal();
      }
      return !full;
    } finally {
      lock.unlock();
    }
  }

  /// Closes stdin behind what was offered.
  void offerEnd() {
    lock.lock();
    try {
      ended = true;
      changed.signal();
    } finally {
      lock.unlock();
    }
  }

  /// Drops what waits, and ends a write that blocks.
  void stop() {
    lock.lock();
    try {
      stopped = true;
      waiting.clear();
      changed.signal();
    } finally {
      lock.unlock();
    }
    thread.interrupt();
  }

  private void feed() {
    try {
      for (Optional<byte[]> next = next(); next.isPresent(); next = next()) {
        write(next.get());
        makeRoom(next.get().length);
      }
      attachment.closeStdin();
    } catch (IOException | BoxliteException e) {
      complain(e);
    } catch (InterruptedException e) {
      return; // the client has gone
    }
  }

  private void write(byte[] bytes) throws InterruptedException {
    try {
      attachment.writeStdin(bytes);
    } catch (IOException | BoxliteException e) {
      complain(e);
    }
  }

  private void complain(Exception e) {
    attachment.complain("stdin was not taken: " + e.getMessage());
  }

  /// {@return what to write next; nothing at the end of input}
  private Optional<byte[]> next() throws InterruptedException {
    lock.lock();
    try {
      while (waiting.isEmpty() && !ended && !stopped) {
        changed.await();
      }
      if (stopped) {
        throw new InterruptedException();
      }
      return Optional.ofNullable(waiting.poll());
    } finally {
      lock.unlock();
    }
  }

  private void makeRoom(int count) {
    boolean room;
    lock.lock();
    try {
      size -= count;
      room = full && size < CAPACITY;
      full = full && !room;
    } finally {
      lock.unlock();
    }
    if (room) {
      whenRoom.run();
    }
  }
}
