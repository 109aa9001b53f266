package dev.tern.virt.qemu;

import static dev.tern.virt.testing.Until.until;

import dev.tern.virt.TcpSockets;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;

/** A volume as a storage system would serve it: a raw file behind {@code qemu-nbd}. */
public final class NbdVolume {
  private final Process server;
  private final int port;
  private final Path file;

  private NbdVolume(Process server, int port, Path file) {
    this.server = server;
    this.port = port;
    this.file = file;
  }

  /** Serves {@code nbd://127.0.0.1:port/v} until its end. */
  public static NbdVolume serve(Path file, long bytes) throws Exception {
    if (!Files.exists(file)) {
      try (RandomAccessFile raw = new RandomAccessFile(file.toFile(), "rw")) {
        raw.setLength(bytes);
      }
    }
    int port = TestHost.freePort();
    Process server =
        new ProcessBuilder(
                "qemu-nbd",
                "--format=raw",
                "--persistent",
                "--shared=8",
                "--bind=127.0.0.1",
                "--port=" + port,
                "--export-name=v",
                file.toString())
            .inheritIO()
            .start();
    NbdVolume volume = new NbdVolume(server, port, file);
    volume.awaitListening();
    return volume;
  }

  private void awaitListening() throws Exception {
    until("qemu-nbd listens", Duration.ofSeconds(10), this::listens);
  }

  private boolean listens() {
    try (Socket probe = new Socket()) {
      probe.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), 1000);
      return true;
    } catch (IOException _) {
      return false;
    }
  }

  /** Where it listens. */
  public int port() {
    return port;
  }

  /** Who has it open now. */
  public int connections() throws IOException {
    return TcpSockets.of(InetAddress.getLoopbackAddress()).connections(port);
  }

  Path file() {
    return file;
  }

  /** Nobody is served any more. */
  public void end() throws InterruptedException {
    server.destroy();
    server.waitFor();
  }
}
