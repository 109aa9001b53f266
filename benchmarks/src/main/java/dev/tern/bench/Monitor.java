package dev.tern.bench;

import dev.tern.virt.VirtException;
import dev.tern.virt.qmp.Commands;
import dev.tern.virt.qmp.QmpCommand;
import dev.tern.virt.qmp.QmpDeadlines;
import dev.tern.virt.qmp.QmpMonitor;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;

/** What the bench itself asks a QEMU, between moves, over the monitor's second socket. */
final class Monitor {
  private static final int PAGE = 4096;
  private static final Duration PATIENCE = Duration.ofSeconds(30);
  private static final QmpDeadlines DEADLINES = new QmpDeadlines(PATIENCE, PATIENCE, PATIENCE);

  private final Host host;

  Monitor(Host host) {
    this.host = host;
  }

  /** Writes the guest's physical memory to a file. */
  record Pmemsave(long val, long size, String filename) implements QmpCommand<Void> {}

  /** Stops the guest; its disks are then as it left them, in the files too. */
  void stop() throws IOException {
    call(new Commands.Stop());
  }

  void cont() throws IOException {
    call(new Commands.Cont());
  }

  /** Bytes of all pages that hold anything but zeroes: what no copy can do without. */
  long touchedMemory(long memoryBytes) throws IOException {
    Path image = host.instance().resolve("memory");
    try {
      call(new Pmemsave(0, memoryBytes, image.toString()));
      return nonZero(image);
    } finally {
      Files.deleteIfExists(image);
    }
  }

  static long nonZero(Path file) throws IOException {
    long pages = 0;
    ByteBuffer page = ByteBuffer.allocateDirect(PAGE);
    ByteBuffer zeroes = ByteBuffer.allocateDirect(PAGE);
    try (FileChannel channel = FileChannel.open(file)) {
      while (channel.read(page) > 0) {
        page.flip();
        if (page.mismatch(zeroes.duplicate().limit(page.limit())) >= 0) {
          pages++;
        }
        page.clear();
      }
    }
    return pages * PAGE;
  }

  private void call(QmpCommand<Void> command) throws IOException {
    try (QmpMonitor monitor =
        QmpMonitor.connect(host.instance().resolve("qmp2.sock"), DEADLINES, PATIENCE)) {
      monitor.call(command);
    } catch (VirtException e) {
      throw new IOException(
          "%s was not possible on %s: %s".formatted(command.command(), host.name(), e.getMessage()),
          e);
    }
  }
}
