package dev.tern.virt.qemu;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/** A wire for one connection that passes on all but the last byte of it, and then breaks. */
final class EndOfWire implements AutoCloseable {
  private final ServerSocket listener;
  private final CountDownLatch broke = new CountDownLatch(1);

  EndOfWire(int far) throws IOException {
    listener = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
    Thread.ofVirtual()
        .start(() -> {
          try (Socket near = listener.accept();
              Socket beyond = new Socket(InetAddress.getLoopbackAddress(), far)) {
            passAllButTheLast(near.getInputStream(), beyond.getOutputStream());
            broke.countDown();
          } catch (IOException _) {
            // One end is gone: nobody hears that the other broke in time.
          }
        });
  }

  private static void passAllButTheLast(InputStream in, OutputStream out) throws IOException {
    byte[] chunk = new byte[1 << 16];
    int held = in.read(); // -1 when there never was one
    for (int n = in.read(chunk); n > 0; n = in.read(chunk)) {
      out.write(held);
      out.write(chunk, 0, n - 1);
      held = chunk[n - 1];
    }
  }

  int port() {
    return listener.getLocalPort();
  }

  /** Returns when everything else was passed on; false when it was not in time. */
  boolean awaitBreak() throws InterruptedException {
    return broke.await(30, TimeUnit.SECONDS);
  }

  @Override
  public void close() throws IOException {
    listener.close();
  }
}
