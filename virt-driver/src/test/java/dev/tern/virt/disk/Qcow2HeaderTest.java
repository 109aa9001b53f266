package dev.tern.virt.disk;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tern.virt.VirtException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Random;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

@DisplayName("An image nobody vouches for")
class Qcow2HeaderTest {
  private static final long FILE_BYTES = 1 << 20;

  @TempDir Path directory;

  private static ByteBuffer honest() {
    ByteBuffer header = ByteBuffer.allocate(Qcow2Header.BYTES);
    header.putInt(0, 0x514649fb).putInt(4, 3).putInt(20, 16).putLong(24, 64 << 20);
    header.putInt(36, 1).putLong(40, 0x30000).putLong(48, 0x10000).putInt(56, 1);
    return header.putInt(96, 4).putInt(100, 112);
  }

  private static byte[] bytes(ByteBuffer header) {
    byte[] bytes = new byte[Qcow2Header.BYTES];
    header.get(0, bytes);
    return bytes;
  }

  @Test
  void is_taken_when_it_is_an_honest_qcow2() throws Exception {
    Qcow2Header header = Qcow2Header.parse(bytes(honest()), FILE_BYTES);
    assertThat(header).isEqualTo(new Qcow2Header(3, 64 << 20, 16, false));
  }

  static Stream<Arguments> traps() {
    return Stream.of(
        trap("start as a qcow2", h -> h.putInt(0, 0x51464900)),
        trap("neither 2 nor 3", h -> h.putInt(4, 4)),
        trap("neither 2 nor 3", h -> h.putInt(4, -1)),
        trap("data in another file", h -> h.putLong(72, 4)),
        trap("marked corrupt", h -> h.putLong(72, 2)),
        trap("features nobody", h -> h.putLong(72, 1 << 20)),
        trap("features nobody", h -> h.putLong(72, Long.MIN_VALUE)),
        trap("impossible size", h -> h.putInt(20, 8)),
        trap("impossible size", h -> h.putInt(20, 63)),
        trap("absurd size", h -> h.putLong(24, -1)),
        trap("absurd size", h -> h.putLong(24, 1L << 50)),
        trap("encrypted", h -> h.putInt(32, 2)),
        trap("absurd size", h -> h.putInt(36, -1)),
        trap("cut off", h -> h.putLong(40, FILE_BYTES)),
        trap("cut off", h -> h.putLong(40, -1)),
        trap("cut off", h -> h.putLong(48, FILE_BYTES)),
        trap("impossible length", h -> h.putInt(100, 8)),
        trap("impossible length", h -> h.putInt(100, -8)));
  }

  private static Arguments trap(String words, Consumer<ByteBuffer> change) {
    return Arguments.of(words, change);
  }

  @ParameterizedTest
  @MethodSource("traps")
  void is_refused_with_the_reason(String words, Consumer<ByteBuffer> change) {
    ByteBuffer header = honest();
    change.accept(header);
    assertThatThrownBy(() -> Qcow2Header.parse(bytes(header), FILE_BYTES))
        .isInstanceOf(VirtException.class)
        .hasMessageContaining(words);
  }

  @Test
  void is_refused_when_it_has_a_backing_file() throws Exception {
    Path file = directory.resolve("i");
    ByteBuffer header = honest().putLong(8, 0x200).putInt(16, 11);
    byte[] bytes = java.util.Arrays.copyOf(bytes(header), (int) FILE_BYTES);
    Files.write(file, bytes);
    assertThatThrownBy(() -> UntrustedImage.check(file, "qcow2"))
        .hasMessageContaining("backing file");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "QFI\u00fb",
        "KDMV",
        "# Disk DescriptorFile",
        "vhdxfile",
        "conectix",
        "LUKS\u00ba\u00be",
        "QED\0"
      })
  void is_refused_when_raw_starts_with_another_formats_magic(String magic) throws Exception {
    Path file = directory.resolve("i");
    Files.write(
        file,
        java.util.Arrays.copyOf(
            magic.getBytes(java.nio.charset.StandardCharsets.ISO_8859_1), 4096));
    assertThatThrownBy(() -> UntrustedImage.check(file, "raw"))
        .isInstanceOf(VirtException.class)
        .hasMessageContaining("said to be raw");
  }

  @Test
  void is_refused_when_it_is_a_link_or_empty_or_of_no_known_format() throws Exception {
    Path empty = Files.createFile(directory.resolve("empty"));
    Path link = Files.createSymbolicLink(directory.resolve("link"), empty);
    assertThatThrownBy(() -> UntrustedImage.check(empty, "raw")).hasMessageContaining("empty");
    assertThatThrownBy(() -> UntrustedImage.check(link, "raw")).hasMessageContaining("regular");
    assertThatThrownBy(() -> UntrustedImage.check(empty, "vmdk")).hasMessageContaining("neither");
  }

  @Test
  void never_does_more_to_the_parser_than_be_refused() {
    long seed = System.nanoTime();
    Random random = new Random(seed);
    for (int i = 0; i < 200_000; i++) {
      byte[] bytes = random.nextBoolean() ? mutated(random) : new byte[random.nextInt(600)];
      if (bytes.length != Qcow2Header.BYTES) {
        random.nextBytes(bytes);
      }
      try {
        Qcow2Header header = Qcow2Header.parse(bytes, random.nextLong());
        assertThat(header.virtualBytes()).as("seed %d", seed).isNotNegative();
      } catch (VirtException refused) {
        assertThat(refused.kind()).isEqualTo(VirtException.Kind.REFUSED);
      } catch (RuntimeException e) {
        throw new AssertionError("seed " + seed, e);
      }
    }
  }

  private static byte[] mutated(Random random) {
    byte[] bytes = bytes(honest());
    for (int n = random.nextInt(6); n >= 0; n--) {
      bytes[random.nextInt(112)] = (byte) random.nextInt();
    }
    return bytes;
  }
}
