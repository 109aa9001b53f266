package dev.tern.virt;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tern.virt.LayerTransfer.Endpoint;
import dev.tern.virt.LayerTransfer.Target;
import dev.tern.virt.VirtException.Kind;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What every driver keeps when it moves layers. */
public abstract class LayerContract {
  /** Not a whole number of sectors, as a kernel's size is not. */
  protected static final int LENGTH = 3 * (1 << 20) + 77;

  private static final String NAME = "0123456789abcdef".repeat(4);
  private static final String EXPORT = "layer-5f1d20c7";

  @TempDir Path directory;

  protected abstract VirtDriver driver();

  protected abstract int freePort();

  @AfterEach
  void end() throws Exception {
    driver().layers().close(directory);
  }

  private Path layer() throws Exception {
    Path file = directory.resolve("source");
    byte[] content = new byte[LENGTH];
    new Random(5).nextBytes(content);
    // A hole in the middle.
    Arrays.fill(content, 1 << 20, 2 << 20, (byte) 0);
    Files.write(file, content);
    return file;
  }

  private Endpoint open() throws Exception {
    Endpoint listen = new Endpoint("127.0.0.1", freePort());
    Path partial = directory.resolve(NAME);
    if (!Files.exists(partial)) {
      try (RandomAccessFile file = new RandomAccessFile(partial.toFile(), "rw")) {
        file.setLength((LENGTH + 511) / 512 * 512);
      }
    }
    driver().layers().open(directory, listen, Map.of(NAME, EXPORT), key());
    return listen;
  }

  /** A key like any other; the senders of a test share it unless they say otherwise. */
  protected static Optional<StreamKey> key() {
    byte[] secret = new byte[StreamKey.SECRET_BYTES];
    Arrays.fill(secret, (byte) 7);
    return Optional.of(new StreamKey("layer-test", secret));
  }

  protected static Target to(Endpoint at, String export) {
    return new Target(at, export, key());
  }

  private byte[] received() throws Exception {
    return Arrays.copyOf(Files.readAllBytes(directory.resolve(NAME)), LENGTH);
  }

  @Test
  void arrives_as_it_was_also_when_it_is_sent_twice() throws Exception {
    Path layer = layer();
    Endpoint there = open();
    driver().layers().open(directory, there, Map.of(NAME, EXPORT), key());
    List<Long> told = new ArrayList<>();
    driver().layers().send(layer, directory, to(there, EXPORT), new SendingRate(0), told::add);
    driver().layers().send(layer, directory, to(there, EXPORT), new SendingRate(0), bytes -> {});
    driver().layers().close(directory);
    assertThat(received()).isEqualTo(Files.readAllBytes(layer));
    assertThat(told).isSorted().last().isEqualTo(driver().images().allocatedBytes(layer));
  }

  @Test
  void goes_nowhere_once_the_receiver_is_closed() throws Exception {
    Path layer = layer();
    Endpoint there = open();
    assertThat(driver().layers().isOpen(directory)).isTrue();
    driver().layers().close(directory);
    driver().layers().close(directory);
    assertThat(driver().layers().isOpen(directory)).isFalse();
    assertRefused(() ->
        driver()
            .layers()
            .send(layer, directory, to(there, EXPORT), new SendingRate(0), bytes -> {}));
    assertThat(received()).containsOnly(0);
  }

  @Test
  void needs_the_name_of_its_export() throws Exception {
    Path layer = layer();
    Endpoint there = open();
    assertRefused(() ->
        driver()
            .layers()
            .send(layer, directory, to(there, "layer-00000000"), new SendingRate(0), bytes -> {}));
    assertThat(received()).containsOnly(0);
  }

  @Test
  @Tag("S79")
  void needs_the_key_of_its_migration() throws Exception {
    Path layer = layer();
    Endpoint there = open();
    byte[] other = new byte[StreamKey.SECRET_BYTES];
    for (Optional<StreamKey> wrong :
        List.of(
            Optional.<StreamKey>empty(),
            Optional.of(new StreamKey("layer-test", other)),
            Optional.of(new StreamKey("layer-other", key().orElseThrow().secret())))) {
      Target to = new Target(there, EXPORT, wrong);
      assertRefused(
          () -> driver().layers().send(layer, directory, to, new SendingRate(0), bytes -> {}));
    }
    assertThat(received()).containsOnly(0);
    driver().layers().close(directory);
    try (var left = Files.list(directory)) {
      assertThat(left.map(file -> file.getFileName().toString()))
          .containsExactlyInAnyOrder("source", NAME);
    }
  }

  @Test
  void is_not_received_where_somebody_listens_or_no_file_is() throws Exception {
    Endpoint there = open();
    Path other = Files.createDirectory(directory.resolve("other"));
    assertRefused(() -> driver().layers().open(other, there, Map.of(NAME, EXPORT), key()));
    Files.createFile(other.resolve(NAME));
    assertRefused(() -> driver().layers().open(other, there, Map.of(NAME, EXPORT), key()));
    assertThat(driver().layers().isOpen(other)).isFalse();
  }

  protected static void assertRefused(org.assertj.core.api.ThrowableAssert.ThrowingCallable call) {
    assertThatThrownBy(call)
        .isInstanceOfSatisfying(
            VirtException.class, e -> assertThat(e.kind()).isEqualTo(Kind.REFUSED));
  }
}
