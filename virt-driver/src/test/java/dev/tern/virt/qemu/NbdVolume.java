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
import java.util.ArrayList;
import java.util.List;

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
    return serve(file, bytes, TestHost.freePort(), "v");
  }

  /** The same under another name and at a port of the caller's, with options of qemu-nbd's own. */
  public static NbdVolume serve(Path file, long bytes, int port, String name, String... options)
      throws Exception {
    if (!Files.exists(file)) {
      try (RandomAccessFile raw = new RandomAccessFile(file.toFile(), "rw")) {
        raw.setLength(bytes);
      }
    }
    List<String> command =
        new ArrayList<>(
            List.of(
                "qemu-nbd",
                "--format=raw",
                "--persistent",
                "--shared=8",
                "--bind=127.0.0.1",
                "--port=" + port,
                "--export-name=" + name));
    command.addAll(List.of(options));
    command.add(file.toString());
    // Not this JVM's own output: after a failure Maven would wait for it to be closed. By the
    // file's name, since an export's name may hold a slash.
    Process server =
        new ProcessBuilder(command)
            .redirectErrorStream(true)
            .redirectOutput(file.resolveSibling(file.getFileName() + ".qemu-nbd.log").toFile())
            .start();
    Runtime.getRuntime().addShutdownHook(new Thread(server::destroyForcibly, "ends qemu-nbd"));
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

  /** From now on it keeps its connections and answers nothing, as behind a link that drops all. */
  public void fallSilent() throws Exception {
    new ProcessBuilder("kill", "-STOP", Long.toString(server.pid())).start().waitFor();
  }

  /** It is gone at once, its connections with it; also when it had fallen silent. */
  public void die() throws InterruptedException {
    server.destroyForcibly();
    server.waitFor();
  }

  /** Nobody is served any more. */
  public void end() throws InterruptedException {
    server.destroy();
    server.waitFor();
  }
}
