package dev.tern.standalone.load;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tern.standalone.load.Mortal.Died;
import dev.tern.virt.DiskImages.NewImage;
import dev.tern.virt.Guest;
import dev.tern.virt.LaunchRecipe;
import dev.tern.virt.LaunchRecipe.LocalDisk;
import dev.tern.virt.VirtDriver.LaunchMode;
import dev.tern.virt.fake.FakeVirtDriver;
import dev.tern.virt.fake.FakeWorld;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Clock;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@DisplayName("After a part was killed")
class MortalTest {
  @TempDir Path folder;
  private final Mortal life = new Mortal();

  private Path mine() {
    return new MortalFiles(life).path(folder);
  }

  private static ByteBuffer bytes(String text) {
    return ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8));
  }

  @Test
  void its_files_are_as_it_wrote_them_and_it_touches_none_any_more() throws Exception {
    Path file = mine().resolve("journal");
    FileChannel open =
        FileChannel.open(file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
    assertThat(open.write(bytes("before"))).isEqualTo(6);

    life.die();

    assertThatThrownBy(() -> open.write(bytes("after"))).isInstanceOf(Died.class);
    assertThatThrownBy(() -> Files.delete(file)).isInstanceOf(Died.class);
    assertThatThrownBy(() -> Files.writeString(mine().resolve("new"), "x"))
        .isInstanceOf(Died.class);
    assertThatThrownBy(() -> Files.readString(file)).isInstanceOf(Died.class);
    assertThatThrownBy(() -> Files.move(file, mine().resolve("elsewhere")))
        .isInstanceOf(Died.class);
    assertThat(Files.readString(folder.resolve("journal"))).isEqualTo("before");
    assertThat(folder.toFile().list()).containsExactly("journal");
  }

  @Test
  void its_locks_are_free_for_the_next() throws Exception {
    FileChannel first =
        FileChannel.open(
            mine().resolve("lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
    assertThat(first.tryLock()).isNotNull();

    life.die();

    Path again = new MortalFiles(new Mortal()).path(folder).resolve("lock");
    try (FileChannel second = FileChannel.open(again, StandardOpenOption.WRITE)) {
      assertThat(second.tryLock()).isNotNull();
    }
    assertThat(again).isEqualTo(mine().resolve("lock")).hasSameHashCodeAs(mine().resolve("lock"));
  }

  @Test
  void nothing_of_it_is_under_way() throws Exception {
    CountDownLatch acts = new CountDownLatch(1);
    CountDownLatch mayEnd = new CountDownLatch(1);
    AtomicBoolean dead = new AtomicBoolean();
    AtomicBoolean deadWhileItActed = new AtomicBoolean();
    Thread actor =
        Thread.ofVirtual()
            .start(() -> {
              boolean _ =
                  life.act(() -> {
                    acts.countDown();
                    await(mayEnd);
                    deadWhileItActed.set(dead.get());
                    return true;
                  });
            });
    await(acts);
    Thread killer = Thread.ofVirtual().start(() -> die(dead));
    mayEnd.countDown();
    killer.join();
    actor.join();
    assertThat(dead).isTrue();
    assertThat(deadWhileItActed).isFalse();
  }

  private void die(AtomicBoolean dead) {
    try {
      life.die();
      dead.set(true);
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }

  private static void await(CountDownLatch latch) {
    try {
      assertThat(latch.await(20, TimeUnit.SECONDS)).isTrue();
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  @Test
  void between_a_record_and_its_deed_the_deed_is_not_done() throws Exception {
    AtomicBoolean recorded = new AtomicBoolean();
    AtomicBoolean done = new AtomicBoolean();
    assertThatThrownBy(() ->
            life.act(() -> {
              recorded.set(true);
              life.mayDie(() -> die(new AtomicBoolean()));
              done.set(true);
              return true;
            }))
        .isInstanceOf(Died.class);
    assertThat(recorded).isTrue();
    assertThat(done).isFalse();
  }

  @Test
  void its_guests_run_on_and_hear_nothing_from_it() throws Exception {
    FakeWorld world = new FakeWorld();
    FakeVirtDriver plain = new FakeVirtDriver(world, Clock.systemUTC());
    Path instance = mine().resolve("instances").resolve("guest");
    Files.createDirectories(instance);
    MortalDriver driver = new MortalDriver(plain, life, Moments.NONE);
    driver.images().create(instance.resolve("disk0.qcow2"), NewImage.empty("qcow2", 1L << 30));
    Guest guest = driver.launch(recipe(), instance, LaunchMode.RUN);
    assertThat(guest.alive()).isTrue();

    life.die();

    assertThatThrownBy(guest::kill).isInstanceOf(Died.class);
    assertThatThrownBy(() -> driver.adopt(instance)).isInstanceOf(Died.class);
    assertThat(world.runners()).hasSize(1);
    Mortal next = new Mortal();
    assertThat(
            new MortalDriver(plain, next, Moments.NONE)
                .adopt(new MortalFiles(next).path(folder).resolve("instances").resolve("guest")))
        .isPresent();
  }

  private enum Moments implements MortalDriver.Moments {
    NONE;

    @Override
    public void moving() {}

    @Override
    public void deciding() {}
  }

  private static LaunchRecipe recipe() {
    return new LaunchRecipe(
        LaunchRecipe.VERSION,
        "6f1f2b9e-53b1-4d0e-9a53-0c8a2f7f6f01",
        "test",
        "pc-q35-7.2",
        "tcg",
        "qemu64",
        1,
        1 << 17,
        Optional.empty(),
        List.of(new LocalDisk("disk0", "disk0.qcow2", "qcow2", 1L << 30, List.of(), false)),
        List.of(),
        LaunchRecipe.USUAL_PORTS);
  }

  @Test
  void its_connections_have_ended_at_both_sides() throws Exception {
    try (ServerSocket server = new ServerSocket(0, 5, InetAddress.getLoopbackAddress());
        Wire wire = Wire.to(server.getLocalPort());
        Socket client = new Socket(InetAddress.getLoopbackAddress(), wire.port());
        Socket seen = server.accept()) {
      client.getOutputStream().write(7);
      assertThat(seen.getInputStream().read()).isEqualTo(7);
      seen.getOutputStream().write(8);
      assertThat(client.getInputStream().read()).isEqualTo(8);

      wire.cut();

      for (Socket end : List.of(client, seen)) {
        end.setSoTimeout(20_000);
        assertThat(ended(end)).isTrue();
      }
      try (Socket late = new Socket()) {
        var there = new java.net.InetSocketAddress(InetAddress.getLoopbackAddress(), wire.port());
        assertThatThrownBy(() -> late.connect(there)).isInstanceOf(IOException.class);
      }
    }
  }

  private static boolean ended(Socket socket) {
    try {
      return socket.getInputStream().read() < 0;
    } catch (java.net.SocketTimeoutException _) {
      return false;
    } catch (IOException _) {
      return true; // reset
    }
  }
}
