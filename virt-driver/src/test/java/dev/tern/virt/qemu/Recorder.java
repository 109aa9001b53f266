package dev.tern.virt.qemu;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;

/** A wire between two QEMUs that keeps all that goes over it, and that can be cut and mended. */
final class Recorder implements AutoCloseable {
  private final InetAddress address;
  private final int far;
  private final int port;
  private final ByteArrayOutputStream heard = new ByteArrayOutputStream(); // guards itself
  private final List<Socket> sockets = new CopyOnWriteArrayList<>();
  private volatile ServerSocket listener;

  Recorder(String address, int far) throws IOException {
    this.address = InetAddress.ofLiteral(address);
    this.far = far;
    this.listener = listen(0);
    this.port = listener.getLocalPort();
  }

  private ServerSocket listen(int at) throws IOException {
    ServerSocket opened = new ServerSocket();
    opened.setReuseAddress(true);
    opened.bind(new InetSocketAddress(address, at));
    Thread.ofVirtual().start(() -> accept(opened));
    return opened;
  }

  private void accept(ServerSocket from) {
    while (!from.isClosed()) {
      try {
        Socket near = from.accept();
        Socket beyond = new Socket(address, far);
        sockets.add(near);
        sockets.add(beyond);
        Thread.ofVirtual().start(() -> pump(near, beyond));
        Thread.ofVirtual().start(() -> pump(beyond, near));
      } catch (IOException _) {
        return; // closed
      }
    }
  }

  private void pump(Socket from, Socket to) {
    try (from;
        to;
        InputStream in = from.getInputStream();
        OutputStream out = to.getOutputStream()) {
      byte[] chunk = new byte[1 << 16];
      for (int n = in.read(chunk); n >= 0; n = in.read(chunk)) {
        heard.write(chunk, 0, n);
        out.write(chunk, 0, n);
      }
    } catch (IOException _) {
      // One end is gone: so is the other.
    }
  }

  int port() {
    return port;
  }

  long bytes() {
    return heard.size();
  }

  boolean heard(String marker) {
    return heard.toString(StandardCharsets.ISO_8859_1).contains(marker);
  }

  /** Nothing gets through any more, and nobody can connect. */
  void cut() throws IOException {
    listener.close();
    for (Socket socket : sockets) {
      socket.close();
    }
  }

  void mend() throws IOException {
    listener = listen(port);
  }

  @Override
  public void close() throws IOException {
    cut();
  }
}
