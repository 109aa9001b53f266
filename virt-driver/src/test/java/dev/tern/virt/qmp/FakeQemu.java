package dev.tern.virt.qmp;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/** The other end of a monitor's socket, which says what the test tells it to. */
public final class FakeQemu implements AutoCloseable {
  private static final String GREETING =
      "{\"QMP\":{\"version\":{\"qemu\":{\"micro\":22,\"minor\":2,\"major\":7}},\"capabilities\":[\"oob\"]}}";

  public final Path socket;
  private final ServerSocketChannel server;
  private final LinkedBlockingQueue<String> heard = new LinkedBlockingQueue<>();
  private final LinkedBlockingQueue<SocketChannel> client = new LinkedBlockingQueue<>();

  public FakeQemu(Path directory, boolean greets) throws IOException {
    socket = directory.resolve("q.sock");
    server = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
    server.bind(UnixDomainSocketAddress.of(socket));
    Thread.ofVirtual()
        .start(() -> {
          try {
            SocketChannel accepted = server.accept();
            client.add(accepted);
            if (greets) {
              say(GREETING);
            }
            listen(accepted, greets);
          } catch (IOException e) {
            heard.add("closed");
          }
        });
  }

  private void listen(SocketChannel accepted, boolean greets) throws IOException {
    BufferedReader lines = new BufferedReader(Channels.newReader(accepted, StandardCharsets.UTF_8));
    for (String line = lines.readLine(); line != null; line = lines.readLine()) {
      if (greets && line.contains("qmp_capabilities")) {
        say("{\"return\":{},\"id\":1}");
      } else {
        heard.add(line);
      }
    }
    heard.add("closed");
  }

  /** The next line from the driver. */
  public String hear() throws InterruptedException {
    String line = heard.poll(10, TimeUnit.SECONDS);
    if (line == null) {
      throw new AssertionError("Nothing was said to QEMU.");
    }
    return line;
  }

  public void say(String line) {
    say((line + "\n").getBytes(StandardCharsets.UTF_8));
  }

  void say(byte[] bytes) {
    try {
      SocketChannel to = connection();
      ByteBuffer buffer = ByteBuffer.wrap(bytes);
      while (buffer.hasRemaining()) {
        to.write(buffer);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private SocketChannel connection() {
    try {
      SocketChannel to = client.take();
      client.add(to);
      return to;
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }

  void hangUp() throws IOException {
    connection().close();
  }

  @Override
  public void close() throws IOException {
    server.close();
    for (SocketChannel open : client) {
      open.close();
    }
  }
}
