package dev.tern.standalone.load;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.MappedByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.ReadableByteChannel;
import java.nio.channels.WritableByteChannel;

/** An open file of somebody who may die. */
final class MortalChannel extends FileChannel {
  private final Mortal owner;
  private final FileChannel file;

  MortalChannel(Mortal owner, FileChannel file) {
    this.owner = owner;
    this.file = owner.holds(file);
  }

  private <T> T act(Mortal.Act<T, IOException> act) throws IOException {
    return owner.act(act);
  }

  @Override
  public int read(ByteBuffer into) throws IOException {
    return act(() -> file.read(into));
  }

  @Override
  public long read(ByteBuffer[] into, int offset, int length) throws IOException {
    return act(() -> file.read(into, offset, length));
  }

  @Override
  public int read(ByteBuffer into, long position) throws IOException {
    return act(() -> file.read(into, position));
  }

  @Override
  public int write(ByteBuffer from) throws IOException {
    return act(() -> file.write(from));
  }

  @Override
  public long write(ByteBuffer[] from, int offset, int length) throws IOException {
    return act(() -> file.write(from, offset, length));
  }

  @Override
  public int write(ByteBuffer from, long position) throws IOException {
    return act(() -> file.write(from, position));
  }

  @Override
  public long position() throws IOException {
    return act(file::position);
  }

  @Override
  public FileChannel position(long position) throws IOException {
    FileChannel _ = act(() -> file.position(position));
    return this;
  }

  @Override
  public long size() throws IOException {
    return act(file::size);
  }

  @Override
  public FileChannel truncate(long size) throws IOException {
    FileChannel _ = act(() -> file.truncate(size));
    return this;
  }

  @Override
  public void force(boolean metaData) throws IOException {
    var _ =
        act(() -> {
          file.force(metaData);
          return true;
        });
  }

  @Override
  public long transferTo(long position, long count, WritableByteChannel target) throws IOException {
    return act(() -> file.transferTo(position, count, target));
  }

  @Override
  public long transferFrom(ReadableByteChannel source, long position, long count)
      throws IOException {
    return act(() -> file.transferFrom(source, position, count));
  }

  @Override
  public MappedByteBuffer map(MapMode mode, long position, long size) {
    throw new UnsupportedOperationException("what is mapped could be written to after a death");
  }

  @Override
  public FileLock lock(long position, long size, boolean shared) throws IOException {
    return act(() -> file.lock(position, size, shared));
  }

  @Override
  public FileLock tryLock(long position, long size, boolean shared) throws IOException {
    return act(() -> file.tryLock(position, size, shared));
  }

  @Override
  protected void implCloseChannel() throws IOException {
    owner.lets(file);
    file.close();
  }
}
