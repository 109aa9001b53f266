package dev.tern.virt.qemu;

import java.io.Closeable;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;

/** A TCP link that can stop carrying without a word, as a dead switch does, or be cut. */
final class FreezingLink implements Closeable {
  private final int to;
  private final int port;
  private volatile ServerSocket listener;
  private final List<Socket> open = new CopyOnWriteArrayList<>();
  private final CountDownLatch thaw = new CountDownLatch(1);
  private volatile boolean frozen;

  FreezingLink(int to) throws IOException {
    this.to = to;
    this.listener = listen(0);
    this.port = listener.getLocalPort();
  }

  private ServerSocket listen(int on) throws IOException {
    ServerSocket socket = new ServerSocket();
    socket.setReuseAddress(true);
    socket.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), on));
    Thread.ofVirtual().start(() -> accept(socket));
    return socket;
  }

  int port() {
    return port;
  }

  /** From now on nothing passes and nobody is told. */
  void freeze() {
    frozen = true;
  }

  /** Lets new connections pass. */
  void mend() throws IOException {
    listener = listen(port);
  }

  /** Ends what is open, and refuses. */
  void cut() throws IOException {
    listener.close();
    for (Socket socket : open) {
      socket.close();
    }
    open.clear();
  }

  private void accept(ServerSocket socket) {
    try {
      while (true) {
        Socket from = socket.accept();
        try {
          Socket there = new Socket(InetAddress.getLoopbackAddress(), to);
          open.addAll(List.of(from, there));
          carry(from, there);
          carry(there, from);
        } catch (IOException e) {
          from.close();
        }
      }
    } catch (IOException e) {
      assert socket.isClosed() : e;
    }
  }

  private void carry(Socket from, Socket there) {
    Thread.ofVirtual()
        .start(() -> {
          byte[] bytes = new byte[1 << 16];
          try (from;
              there) {
            for (int read = 0; read >= 0; read = from.getInputStream().read(bytes)) {
              if (frozen) {
                thaw.await();
              }
              there.getOutputStream().write(bytes, 0, read);
            }
          } catch (IOException e) {
            open.remove(from);
          } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
          }
        });
  }

  @Override
  public void close() throws IOException {
    thaw.countDown();
    cut();
  }
}
