package io.boxlite.image.internal.erofs;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/// Keeps the contents of small files until their inodes are laid out: they go behind the inode,
/// which is at the end of the image. On disk, because an image may have a million of them. Confined
/// to one thread.
final class Spool implements AutoCloseable {
  private final FileChannel channel;
  private final ByteBuffer buffer = ByteBuffer.allocate(64 * 1024);
  private long written;

  Spool(Path file) throws IOException {
    channel =
        FileChannel.open(
            file,
            StandardOpenOption.CREATE_NEW,
            StandardOpenOption.READ,
            StandardOpenOption.WRITE,
            StandardOpenOption.DELETE_ON_CLOSE);
  }

  long position() {
    return written + buffer.position();
  }

  void write(byte[] data, int offset, int length) throws IOException {
    if (length > buffer.remaining()) {
      flush();
    }
    buffer.put(data, offset, length);
  }

  void flush() throws IOException {
    buffer.flip();
    while (buffer.hasRemaining()) {
      written += channel.write(buffer, written);
    }
    buffer.clear();
  }

  byte[] read(long position, int length) throws IOException {
    ByteBuffer bytes = ByteBuffer.allocate(length);
    while (bytes.hasRemaining()) {
      if (channel.read(bytes, position + bytes.position()) < 0) {
        throw new IOException("spool file is too short");
      }
    }
    return bytes.array();
  }

  @Override
  public void close() throws IOException {
    channel.close();
  }
}
