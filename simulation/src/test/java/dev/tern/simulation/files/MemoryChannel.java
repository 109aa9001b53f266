package dev.tern.simulation.files;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.MappedByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.NonWritableChannelException;
import java.nio.channels.ReadableByteChannel;
import java.nio.channels.WritableByteChannel;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * An open file. What is written is there at once, as in the page cache of a host that lives on. It
 * is closed when a thread is interrupted that uses it, as real ones are.
 */
final class MemoryChannel extends FileChannel {
  private final MemoryFiles files;
  private final Path path;
  private final Node node;
  private final boolean writes;
  private final boolean append;
  private long position;

  MemoryChannel(MemoryFiles files, Path path, Node node, boolean writes, boolean append) {
    this.files = files;
    this.path = path;
    this.node = node;
    this.writes = writes;
    this.append = append;
  }

  private void requireOpen() throws IOException {
    if (!isOpen()) {
      throw new java.nio.channels.ClosedChannelException();
    }
  }

  @Override
  public int read(ByteBuffer into) throws IOException {
    int read = read(into, position);
    position += Math.max(0, read);
    return read;
  }

  @Override
  public int read(ByteBuffer into, long at) throws IOException {
    requireOpen();
    boolean done = false;
    begin();
    try {
      byte[] bytes = new byte[into.remaining()];
      int read = node.read(at, bytes, bytes.length);
      into.put(bytes, 0, read);
      done = true;
      return read == 0 && bytes.length > 0 ? -1 : read;
    } finally {
      end(done);
    }
  }

  @Override
  public long read(ByteBuffer[] into, int offset, int length) throws IOException {
    return read(into[offset]);
  }

  @Override
  public int write(ByteBuffer from) throws IOException {
    int written = write(from, append ? node.size() : position);
    position = append ? node.size() : position + written;
    return written;
  }

  @Override
  public int write(ByteBuffer from, long at) throws IOException {
    requireOpen();
    if (!writes) {
      throw new NonWritableChannelException();
    }
    boolean done = false;
    begin();
    try {
      int whole = from.remaining();
      int part = files.events().written(path, from.duplicate());
      requireOpen();
      byte[] bytes = new byte[part];
      from.get(bytes);
      node.write(at, bytes, part);
      node.modified = files.now();
      if (part < whole) {
        files.events().torn(path);
      }
      done = true;
      return part;
    } finally {
      end(done);
    }
  }

  @Override
  public long write(ByteBuffer[] from, int offset, int length) throws IOException {
    return write(from[offset]);
  }

  @Override
  public long position() {
    return position;
  }

  @Override
  public FileChannel position(long to) {
    position = to;
    return this;
  }

  @Override
  public long size() throws IOException {
    requireOpen();
    return node.size();
  }

  @Override
  public FileChannel truncate(long to) throws IOException {
    requireOpen();
    boolean done = false;
    begin();
    try {
      files.events().before("truncate", path);
      requireOpen();
      node.truncate(to);
      position = Math.min(position, to);
      done = true;
      return this;
    } finally {
      end(done);
    }
  }

  @Override
  public void force(boolean metadata) throws IOException {
    requireOpen();
    boolean done = false;
    begin();
    try {
      if (!node.directory) {
        files.events().before("flush", path);
      }
      done = true;
    } finally {
      end(done);
    }
  }

  @Override
  public long transferTo(long at, long count, WritableByteChannel target) {
    throw new UnsupportedOperationException("transfer");
  }

  @Override
  public long transferFrom(ReadableByteChannel source, long at, long count) {
    throw new UnsupportedOperationException("transfer");
  }

  @Override
  public MappedByteBuffer map(MapMode mode, long at, long size) {
    throw new UnsupportedOperationException("map");
  }

  @Override
  public FileLock lock(long at, long size, boolean shared) throws IOException {
    FileLock lock = tryLock(at, size, shared);
    if (lock == null) {
      throw new IOException("locked");
    }
    return lock;
  }

  @Override
  public @Nullable FileLock tryLock(long at, long size, boolean shared) throws IOException {
    requireOpen();
    if (node.lockedBy != null) {
      return null;
    }
    node.lockedBy = files.locker();
    return new FileLock(this, at, size, shared) {
      @Override
      public boolean isValid() {
        return node.lockedBy != null;
      }

      @Override
      public void release() {
        node.lockedBy = null;
      }
    };
  }

  @Override
  protected void implCloseChannel() {}
}
