package dev.tern.virt.qemu;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicLong;

/** A wire between two QEMUs that counts what goes to the far end. */
final class WireTap implements AutoCloseable {
  private final ServerSocket listener;
  private final int far;
  private final AtomicLong sent = new AtomicLong();
  private final List<Socket> sockets = new CopyOnWriteArrayList<>();

  WireTap(int far) throws IOException {
    this.far = far;
    this.listener = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
    Thread.ofVirtual().start(this::accept);
  }

  private void accept() {
    while (!listener.isClosed()) {
      try {
        Socket near = listener.accept();
        Socket beyond = new Socket(InetAddress.getLoopbackAddress(), far);
        sockets.add(near);
        sockets.add(beyond);
        Thread.ofVirtual().start(() -> pump(near, beyond, sent));
        Thread.ofVirtual().start(() -> pump(beyond, near, new AtomicLong()));
      } catch (IOException _) {
        return; // closed
      }
    }
  }

  private static void pump(Socket from, Socket to, AtomicLong count) {
    try (from;
        to;
        InputStream in = from.getInputStream();
        OutputStream out = to.getOutputStream()) {
      byte[] chunk = new byte[1 << 16];
      for (int n = in.read(chunk); n >= 0; n = in.read(chunk)) {
        count.addAndGet(n);
        out.write(chunk, 0, n);
      }
    } catch (IOException _) {
      // One end is gone: so is the other.
    }
  }

  int port() {
    return listener.getLocalPort();
  }

  /** Sent so far to the far end. */
  long bytes() {
    return sent.get();
  }

  @Override
  public void close() throws IOException {
    listener.close();
    for (Socket socket : sockets) {
      socket.close();
    }
  }
}
