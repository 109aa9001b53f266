package dev.tern.standalone.load;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * The only way from one life of a part to a server. Once it is cut nothing passes any more in
 * either direction, and the server sees its connections end, as when a process is killed.
 */
final class Wire implements AutoCloseable {
  private static final int BUFFER = 64 * 1024;
  private static final int CONNECT_MILLIS = 2_000;

  private final ServerSocket listener;
  private final int target;
  private final Set<Socket> open = ConcurrentHashMap.newKeySet();
  private volatile boolean cut;

  private Wire(ServerSocket listener, int target) {
    this.listener = listener;
    this.target = target;
  }

  /** A wire to a port of this machine. */
  static Wire to(int target) throws IOException {
    Wire wire = new Wire(new ServerSocket(0, 64, InetAddress.getLoopbackAddress()), target);
    Thread.ofVirtual().name("wire-" + wire.port()).start(wire::accept);
    return wire;
  }

  int port() {
    return listener.getLocalPort();
  }

  private void accept() {
    while (!cut) {
      try {
        Socket here = keep(listener.accept());
        Thread.ofVirtual().name("wire-" + port() + "-out").start(() -> connect(here));
      } catch (IOException _) {
        return; // cut
      }
    }
  }

  private Socket keep(Socket socket) throws IOException {
    open.add(socket);
    socket.setTcpNoDelay(true);
    socket.setSoLinger(true, 0);
    if (cut) {
      end(socket);
    }
    return socket;
  }

  private void connect(Socket here) {
    try {
      Socket there = keep(new Socket());
      there.connect(
          new InetSocketAddress(InetAddress.getLoopbackAddress(), target), CONNECT_MILLIS);
      Thread.ofVirtual().name("wire-" + port() + "-back").start(() -> pass(there, here));
      pass(here, there);
    } catch (IOException _) {
      end(here); // nobody listens there now: whoever called sees it
    }
  }

  private void pass(Socket from, Socket to) {
    try {
      InputStream in = from.getInputStream();
      OutputStream out = to.getOutputStream();
      byte[] bytes = new byte[BUFFER];
      for (int read = in.read(bytes); read >= 0 && !cut; read = in.read(bytes)) {
        out.write(bytes, 0, read);
      }
    } catch (IOException _) {
      // One side has ended; both do.
    } finally {
      end(from);
      end(to);
    }
  }

  private void end(Socket socket) {
    open.remove(socket);
    try {
      socket.close();
    } catch (IOException _) {
      // It has ended, one way or the other.
    }
  }

  @Override
  public void close() {
    cut();
  }

  /** Nothing passes any more; harmless twice. */
  void cut() {
    cut = true;
    try {
      listener.close();
    } catch (IOException _) {
      // It listens no more.
    }
    open.forEach(this::end);
  }
}
