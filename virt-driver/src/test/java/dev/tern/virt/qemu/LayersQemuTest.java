package dev.tern.virt.qemu;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tern.virt.LayerContract;
import dev.tern.virt.LayerTransfer.Endpoint;
import dev.tern.virt.SendingRate;
import dev.tern.virt.VirtDriver;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@DisplayName("A layer that QEMU's tools move")
class LayersQemuTest extends LayerContract {
  private static final String NAME = "fedcba9876543210".repeat(4);
  private static final String EXPORT = "layer-77c1e0aa";

  @TempDir Path folder;

  @Override
  protected VirtDriver driver() {
    return new QemuDriver(QemuSettings.defaults(folder));
  }

  @Override
  protected int freePort() {
    return TestHost.freePort();
  }

  private Path sparse(String name, long length, long dataAt) throws Exception {
    Path file = folder.resolve(name);
    try (RandomAccessFile sparse = new RandomAccessFile(file.toFile(), "rw")) {
      sparse.setLength(length);
      if (dataAt >= 0) {
        byte[] data = new byte[8 << 20];
        new java.util.Random(9).nextBytes(data);
        sparse.seek(dataAt);
        sparse.write(data);
      }
    }
    return file;
  }

  @Test
  @Tag("S145")
  void stays_sparse_and_sends_no_holes() throws Exception {
    Path layer = sparse("layer", 512L << 20, 100L << 20);
    Path there = sparse(NAME, 512L << 20, -1);
    Endpoint listen = new Endpoint("127.0.0.1", freePort());
    driver().layers().open(folder, listen, Map.of(NAME, EXPORT), key());
    try {
      driver().layers().send(layer, folder, to(listen, EXPORT), new SendingRate(0), bytes -> {});
    } finally {
      driver().layers().close(folder);
    }
    assertThat(Files.mismatch(layer, there)).isEqualTo(-1);
    assertThat(driver().images().allocatedBytes(there))
        .isLessThanOrEqualTo(driver().images().allocatedBytes(layer) * 105 / 100);
  }

  @Test
  @Tag("S161")
  void goes_at_another_rate_from_when_it_is_changed() throws Exception {
    Path layer = sparse("layer", 64L << 20, 1 << 20);
    Path there = sparse(NAME, 64L << 20, -1);
    Endpoint listen = new Endpoint("127.0.0.1", freePort());
    driver().layers().open(folder, listen, Map.of(NAME, EXPORT), key());
    SendingRate rate = new SendingRate(64 << 10); // two minutes for what there is
    long begun = System.nanoTime();
    try {
      driver()
          .layers()
          .send(
              layer,
              folder,
              to(listen, EXPORT),
              rate,
              bytes -> {
                if (bytes > 256 << 10) {
                  rate.change(0);
                }
              });
    } finally {
      driver().layers().close(folder);
    }
    assertThat(Files.mismatch(layer, there)).isEqualTo(-1);
    assertThat(Duration.ofNanos(System.nanoTime() - begun)).isLessThan(Duration.ofMinutes(1));
  }

  @Test
  void stops_at_once_when_its_sender_is_interrupted() throws Exception {
    Path layer = sparse("layer", 64L << 20, 0);
    sparse(NAME, 64L << 20, -1);
    Endpoint listen = new Endpoint("127.0.0.1", freePort());
    driver().layers().open(folder, listen, Map.of(NAME, EXPORT), key());
    CountDownLatch begun = new CountDownLatch(1);
    CountDownLatch interrupted = new CountDownLatch(1);
    try {
      Thread sender =
          Thread.ofVirtual()
              .start(() -> {
                try {
                  // 8 MiB at 512 KiB/s: it lasts far longer than this test waits.
                  driver()
                      .layers()
                      .send(
                          layer,
                          folder,
                          to(listen, EXPORT),
                          new SendingRate(512 << 10),
                          b -> begun.countDown());
                } catch (InterruptedException e) {
                  interrupted.countDown();
                } catch (dev.tern.virt.VirtException e) {
                  throw new IllegalStateException(e);
                }
              });
      assertThat(begun.await(30, TimeUnit.SECONDS)).isTrue();
      sender.interrupt();
      assertThat(interrupted.await(2, TimeUnit.SECONDS)).isTrue();
      assertThat(sender.join(Duration.ofSeconds(2))).isTrue();
    } finally {
      driver().layers().close(folder);
    }
    assertThat(driver().layers().isOpen(folder)).isFalse();
  }
}
