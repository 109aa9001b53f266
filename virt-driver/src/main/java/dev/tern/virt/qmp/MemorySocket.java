package dev.tern.virt.qmp;

import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.Channel;
import java.nio.channels.ReadableByteChannel;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.channels.WritableByteChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/**
 * The Unix socket by which a QEMU sends its guest's memory to this process, or takes it from there.
 * A QEMU can neither open files nor start programs for that: its sandbox and its owner forbid it,
 * and who counts the bytes has to see them. Closing it breaks the stream, which QEMU notices at
 * once, as it does when this process dies.
 */
public final class MemorySocket implements AutoCloseable {
  private static final int PIECE = 1 << 20;

  private final Path path;
  private final Channel channel;
  private final AtomicLong moved = new AtomicLong();
  private final AtomicReference<@Nullable SocketChannel> accepted = new AtomicReference<>();
  private volatile boolean closed;

  private MemorySocket(Path path, Channel channel) {
    this.path = path;
    this.channel = channel;
  }

  /** Listens for a QEMU that will send. What a former process left there is replaced. */
  public static MemorySocket listen(Path path) throws IOException {
    Files.deleteIfExists(path);
    ServerSocketChannel listener = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
    try {
      listener.bind(UnixDomainSocketAddress.of(path), 1);
      return new MemorySocket(path, listener);
    } catch (IOException e) {
      listener.close();
      throw e;
    }
  }

  /** Connects to a QEMU that listens there for its guest. */
  public static MemorySocket connect(Path path) throws IOException {
    return new MemorySocket(path, SocketChannel.open(UnixDomainSocketAddress.of(path)));
  }

  /** Bytes so far. */
  public long moved() {
    return moved.get();
  }

  /**
   * Takes all that the one QEMU sends which connects, in a thread of its own. Completed when it has
   * closed the stream; exceptionally when {@code to} or the stream failed, and then the stream is
   * closed here, too.
   */
  public CompletableFuture<Void> receive(WritableByteChannel to) {
    return inThread(
        "memory-out",
        () -> {
          try (SocketChannel from = ((ServerSocketChannel) channel).accept()) {
            accepted.set(from);
            copy(from, to);
          }
        });
  }

  /** Sends all of {@code from}, in a thread of its own; completed as above. */
  public CompletableFuture<Void> send(ReadableByteChannel from) {
    return inThread("memory-in", () -> copy(from, (SocketChannel) channel));
  }

  /** What a thread does. */
  @FunctionalInterface
  private interface Pump {
    void run() throws IOException;
  }

  private CompletableFuture<Void> inThread(String name, Pump pump) {
    CompletableFuture<Void> done = new CompletableFuture<>();
    Thread.ofVirtual()
        .name(name)
        .start(() -> {
          try {
            pump.run();
            done.complete(null);
          } catch (IOException | RuntimeException e) {
            done.completeExceptionally(e);
          }
        });
    return done;
  }

  private void copy(ReadableByteChannel from, WritableByteChannel to) throws IOException {
    ByteBuffer piece = ByteBuffer.allocateDirect(PIECE);
    while (from.read(piece) >= 0) {
      if (closed) {
        throw new IOException("the stream was closed here");
      }
      piece.flip();
      int bytes = piece.remaining();
      while (piece.hasRemaining()) {
        to.write(piece);
      }
      moved.addAndGet(bytes);
      piece.clear();
    }
  }

  @Override
  public void close() throws IOException {
    closed = true;
    try (channel;
        SocketChannel _ = accepted.get()) {
      Files.deleteIfExists(path);
    }
  }
}
