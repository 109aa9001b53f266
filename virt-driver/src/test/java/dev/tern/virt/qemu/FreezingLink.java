package dev.tern.virt.qemu;

import java.io.Closeable;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/** A TCP link that can stop carrying without a word, as a dead switch does, be slow, or be cut. */
final class FreezingLink implements Closeable {
  private final int to;
  private final ServerSocket listener;
  private final List<Socket> open = new CopyOnWriteArrayList<>();
  private final CountDownLatch thaw = new CountDownLatch(1);
  private volatile boolean frozen;
  private volatile boolean isCut;
  private volatile boolean deaf;
  private volatile long bytesPerSecond = Long.MAX_VALUE;

  FreezingLink(int to) throws IOException {
    this.to = to;
    this.listener = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
    Thread.ofVirtual().start(this::accept);
  }

  int port() {
    return listener.getLocalPort();
  }

  /** From now on nothing passes and nobody is told. */
  void freeze() {
    frozen = true;
  }

  /** From now on it carries no more than this in each direction. */
  void slowTo(long bytesPerSecond) {
    this.bytesPerSecond = bytesPerSecond;
  }

  /** From now on what comes back from there is swallowed, its end as well. */
  void deafen() {
    deaf = true;
  }

  /** Lets new connections pass. */
  void mend() {
    isCut = false;
  }

  /** Ends what is open, and each new connection at once. */
  void cut() throws IOException {
    isCut = true;
    for (Socket socket : open) {
      socket.close();
    }
    open.clear();
  }

  private void accept() {
    try {
      while (true) {
        Socket from = listener.accept();
        if (isCut) {
          from.close();
          continue;
        }
        try {
          Socket there = new Socket(InetAddress.getLoopbackAddress(), to);
          open.addAll(List.of(from, there));
          carry(from, there, false);
          carry(there, from, true);
        } catch (IOException e) {
          from.close();
        }
      }
    } catch (IOException e) {
      assert listener.isClosed() : e;
    }
  }

  private void carry(Socket from, Socket there, boolean back) {
    Thread.ofVirtual()
        .start(() -> {
          byte[] bytes = new byte[1 << 16];
          try (from;
              there) {
            for (int read = 0; read >= 0; read = from.getInputStream().read(bytes)) {
              if (frozen) {
                thaw.await();
              }
              if (!(back && deaf)) {
                there.getOutputStream().write(bytes, 0, read);
              }
              TimeUnit.NANOSECONDS.sleep(TimeUnit.SECONDS.toNanos(read) / bytesPerSecond);
            }
            if (back && deaf) {
              thaw.await();
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
    listener.close();
    cut();
  }
}
