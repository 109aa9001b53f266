package dev.tern.virt.disk;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tern.virt.DiskImages.Expected;
import dev.tern.virt.DiskImages.Layer;
import dev.tern.virt.DiskImages.NewImage;
import dev.tern.virt.VirtException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@DisplayName("A disk that is made larger")
@Tag("S124")
class GrowingQemuTest {
  private static final long MIB = 1 << 20;

  @TempDir Path directory;
  private final QemuImages images = new QemuImages("qemu-img", Duration.ofMinutes(1));

  private Path made(String name, NewImage image) throws VirtException {
    Path file = directory.resolve(name);
    images.create(file, image);
    return file;
  }

  private void grows(Path file, Expected expected, Optional<Path> secret) throws Exception {
    images.grow(file, expected, secret, 4 * MIB);
    assertThat(images.inspect(file, expected).virtualBytes()).isEqualTo(4 * MIB);
    images.grow(file, expected, secret, 4 * MIB);
    assertThatThrownBy(() -> images.grow(file, expected, secret, 2 * MIB))
        .isInstanceOf(VirtException.class)
        .hasMessageContaining("is not made one of");
    assertThat(images.inspect(file, expected).virtualBytes()).isEqualTo(4 * MIB);
  }

  @Test
  void is_so_on_a_layer_and_without_one_and_raw() throws Exception {
    Path base = made("base", NewImage.empty("qcow2", MIB));
    Layer layer = new Layer(base, "qcow2", false);
    Path top =
        made("top", new NewImage("qcow2", MIB, List.of(layer), Optional.empty(), Optional.empty()));
    grows(top, new Expected("qcow2", false, List.of(layer)), Optional.empty());
    assertThat(images.inspect(base, Expected.plain("qcow2")).virtualBytes()).isEqualTo(MIB);
    grows(made("alone", NewImage.empty("qcow2", MIB)), Expected.plain("qcow2"), Optional.empty());
    grows(made("raw", NewImage.empty("raw", MIB)), Expected.plain("raw"), Optional.empty());
  }

  @Test
  void is_so_when_it_is_encrypted_with_its_passphrase_alone() throws Exception {
    Path secret = Files.writeString(directory.resolve("secret"), "a passphrase");
    Path wrong = Files.writeString(directory.resolve("wrong"), "another");
    Path file =
        made(
            "encrypted",
            new NewImage("qcow2", MIB, List.of(), Optional.of(secret), Optional.empty()));
    Expected encrypted = new Expected("qcow2", true, List.of());
    assertThatThrownBy(() -> images.grow(file, encrypted, Optional.of(wrong), 4 * MIB))
        .isInstanceOf(VirtException.class);
    assertThat(images.inspect(file, encrypted).virtualBytes()).isEqualTo(MIB);
    grows(file, encrypted, Optional.of(secret));
  }

  @Test
  void is_copied_first_with_its_holes_as_holes() throws Exception {
    Path from = made("raw", NewImage.empty("raw", 64 * MIB));
    try (RandomAccessFile raw = new RandomAccessFile(from.toFile(), "rw")) {
      raw.seek(32 * MIB);
      raw.writeUTF("written");
    }
    Path to = directory.resolve("copy");
    images.copy(from, to);
    assertThat(Files.mismatch(from, to)).isEqualTo(-1);
    assertThat(images.allocatedBytes(to)).isLessThan(MIB);
    assertThatThrownBy(() -> images.copy(from, to)).isInstanceOf(VirtException.class);
  }
}
