package dev.tern.virt.disk;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tern.virt.VirtException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@DisplayName("The name of the file below a qcow2")
@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
class Qcow2BackingTest {
  private static final int CLUSTER = 1 << 16;
  private static final int NAME_AT = 0x1e8;
  private static final String OLD = "/there/instances/base";

  @TempDir Path directory;
  private Path image;

  @BeforeEach
  void make() throws Exception {
    image = directory.resolve("disk0.qcow2");
    Files.write(image, image(NAME_AT, OLD.length(), 16));
  }

  private static byte[] image(long at, int length, int bits) {
    byte[] whole = new byte[2 * CLUSTER];
    ByteBuffer bytes = ByteBuffer.wrap(whole);
    bytes.putInt(0, 0x514649fb).putInt(4, 3).putLong(8, at).putInt(16, length).putInt(20, bits);
    bytes.put(NAME_AT, OLD.getBytes(UTF_8));
    bytes.put(CLUSTER, (byte) 7);
    return whole;
  }

  private String name() throws IOException {
    ByteBuffer bytes = ByteBuffer.wrap(Files.readAllBytes(image));
    byte[] name = new byte[bytes.getInt(16)];
    bytes.get((int) bytes.getLong(8), name);
    return new String(name, UTF_8);
  }

  @Test
  @Tag("S25")
  void is_replaced_by_a_longer_and_by_a_shorter_one_and_nothing_else_changes() throws Exception {
    byte[] before = Files.readAllBytes(image);
    Qcow2Backing.name(image, Path.of("/a/host/with/a/much/longer/directory/of/images/base"));
    assertThat(name()).isEqualTo("/a/host/with/a/much/longer/directory/of/images/base");
    Qcow2Backing.name(image, Path.of("/b"));
    assertThat(name()).isEqualTo("/b");
    byte[] after = Files.readAllBytes(image);
    assertThat(after[NAME_AT + 3]).as("nothing of the longer name").isZero();
    assertThat(Arrays.copyOfRange(after, CLUSTER, after.length))
        .isEqualTo(Arrays.copyOfRange(before, CLUSTER, before.length));
  }

  @Test
  void is_left_where_something_else_would_be_overwritten() throws Exception {
    byte[] bytes = image(NAME_AT, OLD.length(), 16);
    bytes[NAME_AT + OLD.length() + 2] = 1;
    refused(bytes, "no room");
    refused(image(CLUSTER - OLD.length(), OLD.length(), 16), "no room");
  }

  @Test
  void is_not_looked_for_where_no_header_has_it() throws Exception {
    refused(image(0, OLD.length(), 16), "does not say");
    refused(image(NAME_AT, 0, 16), "does not say");
    refused(image(NAME_AT, -1, 16), "does not say");
    refused(image(Long.MAX_VALUE - 4, OLD.length(), 16), "does not say");
    refused(image(8, OLD.length(), 16), "does not say");
    refused(image(NAME_AT, OLD.length(), 63), "impossible");
    refused(image(NAME_AT, OLD.length(), 3), "impossible");
  }

  private void refused(byte[] header, String why) throws IOException {
    Files.write(image, header);
    assertThatThrownBy(() -> Qcow2Backing.name(image, Path.of("/a/longer/name/than/the/one/there")))
        .isInstanceOfSatisfying(
            VirtException.class, e -> assertThat(e.kind()).isEqualTo(VirtException.Kind.REFUSED))
        .hasMessageContaining(why);
    assertThat(Files.readAllBytes(image)).isEqualTo(header);
  }
}
