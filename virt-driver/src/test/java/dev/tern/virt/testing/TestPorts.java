package dev.tern.virt.testing;

import static java.nio.file.StandardOpenOption.CREATE;
import static java.nio.file.StandardOpenOption.READ;
import static java.nio.file.StandardOpenOption.WRITE;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;

/**
 * Ports of loopback that nobody else is given: below those the kernel takes for clients, and the
 * next ones of a counter that all test processes of a user share. A port that was asked of the
 * kernel and let go may be a client's before the test listens there.
 */
public final class TestPorts {
  // Linux gives clients 32768 and up; well-known services stay below 20000.
  private static final int FIRST = 20_000;
  private static final int COUNT = 12_000;
  private static final Path COUNTER =
      Path.of(
          System.getProperty("java.io.tmpdir"), "tern-ports-" + System.getProperty("user.name"));

  private TestPorts() {}

  /** A port that is free, and is not given again for a long time. */
  public static int next() {
    return next(1);
  }

  /**
   * So many neighbours.
   *
   * @return the first of them
   */
  // Of the class: a process cannot hold the file's lock twice.
  public static synchronized int next(int many) {
    try (FileChannel counter = FileChannel.open(COUNTER, CREATE, READ, WRITE);
        var _ = counter.lock()) {
      int at = read(counter);
      for (int tried = 0; tried < COUNT; tried += many, at += many) {
        if (at + many > COUNT) {
          at = 0;
        }
        if (areFree(FIRST + at, many)) {
          var _ = counter.write(ByteBuffer.allocate(Integer.BYTES).putInt(0, at + many), 0);
          return FIRST + at;
        }
      }
      throw new IllegalStateException("no %d neighbouring ports are free".formatted(many));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static int read(FileChannel counter) throws IOException {
    ByteBuffer last = ByteBuffer.allocate(Integer.BYTES);
    return counter.read(last, 0) == Integer.BYTES ? Math.floorMod(last.getInt(0), COUNT) : 0;
  }

  private static boolean areFree(int first, int many) {
    for (int port = first; port < first + many; port++) {
      try (ServerSocket probe = new ServerSocket(port, 1, InetAddress.getLoopbackAddress())) {
        assert probe.isBound();
      } catch (IOException _) {
        return false;
      }
    }
    return true;
  }
}
