package dev.tern.api.images;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tern.virt.testing.Mutations;
import java.nio.ByteBuffer;
import java.util.List;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

@DisplayName("A qcow2 header of any bytes")
@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
class HostileImagesTest {
  private static final long FILE_BYTES = 1 << 20;

  @Test
  @Tag("S49")
  void names_no_other_file_when_it_is_taken() throws Exception {
    assertThat(Qcow2Header.read(honest(3), FILE_BYTES).virtualBytes()).isEqualTo(64 << 20);
    assertThat(Qcow2Header.read(honest(2), FILE_BYTES).virtualBytes()).isEqualTo(64 << 20);
    int[] taken = {0};
    Mutations.of(
        List.of(honest(2), honest(3)),
        100_000,
        (input, _) -> {
          try {
            Qcow2Header header = Qcow2Header.read(input, FILE_BYTES);
            taken[0]++;
            ByteBuffer fields = ByteBuffer.wrap(input);
            assertThat(header.virtualBytes()).isPositive();
            assertThat(fields.getLong(8)).as("offset of a backing file's name").isZero();
            assertThat(fields.getInt(16)).as("length of a backing file's name").isZero();
            if (fields.getInt(4) == 3) {
              assertThat(fields.getLong(72) & 4).as("data in another file").isZero();
            }
          } catch (UnacceptableContentException e) {
            assertThat(e.getMessage()).isNotBlank();
          }
        });
    assertThat(taken[0]).as("some are taken, or this would prove nothing").isGreaterThan(100);
  }

  private static byte[] honest(int version) {
    ByteBuffer header = ByteBuffer.allocate(512);
    header.putInt(0, 0x514649fb).putInt(4, version).putInt(20, 16).putLong(24, 64 << 20);
    header.putInt(36, 1).putLong(40, 0x30000).putLong(48, 0x10000).putInt(56, 1);
    if (version == 3) {
      header.putInt(96, 4).putInt(100, 112);
    }
    return header.array();
  }
}
