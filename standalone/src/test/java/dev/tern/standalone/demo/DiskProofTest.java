package dev.tern.standalone.demo;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tern.standalone.demo.DiskProof.Verdict;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.zip.CRC32;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@DisplayName("A proof of two disks")
@Tag("S84")
class DiskProofTest {
  @TempDir Path folder;

  private Path disk(String name, byte[]... blocks) throws IOException {
    ByteBuffer all = ByteBuffer.allocate(blocks.length * 4096);
    for (byte[] block : blocks) {
      all.put(block);
    }
    return Files.write(folder.resolve(name), all.array());
  }

  private static byte[] block(long sequence, long number) {
    ByteBuffer b = ByteBuffer.allocate(4096).order(ByteOrder.LITTLE_ENDIAN);
    b.put("TERNBLK1".getBytes(StandardCharsets.US_ASCII)).putLong(sequence).putLong(number);
    CRC32 crc = new CRC32();
    crc.update(b.array(), 0, 4092);
    return b.putInt(4092, (int) crc.getValue()).array();
  }

  @Test
  void that_are_alike_finds_nothing() throws Exception {
    Path a = disk("a", block(1, 0), new byte[4096], block(2, 2));
    Path b = disk("b", block(1, 0), new byte[4096], block(2, 2));
    assertThat(new DiskProof(Map.of(0L, 1L, 2L, 2L), 2).judge(a, b))
        .isEqualTo(new Verdict(0, 0, 0, 0));
  }

  @Test
  void accepts_blocks_written_after_the_move() throws Exception {
    Path a = disk("a", block(1, 0));
    Path b = disk("b", block(5, 0));
    assertThat(new DiskProof(Map.of(0L, 5L), 4).judge(a, b)).isEqualTo(new Verdict(0, 0, 1, 0));
  }

  @Test
  void finds_a_lost_write() throws Exception {
    Path a = disk("a", block(3, 0), block(2, 1));
    Path b = disk("b", block(1, 0), new byte[4096]);
    assertThat(new DiskProof(Map.of(0L, 3L, 1L, 2L), 3).judge(a, b))
        .isEqualTo(new Verdict(2, 0, 0, 2));
  }

  @Test
  void finds_a_block_that_is_damaged_or_in_the_wrong_place() throws Exception {
    byte[] damaged = block(1, 0);
    damaged[100] ^= 1;
    Path a = disk("a", block(1, 0), block(2, 1));
    Path b = disk("b", damaged, block(2, 7));
    assertThat(new DiskProof(Map.of(0L, 1L, 1L, 2L), 2).judge(a, b))
        .isEqualTo(new Verdict(0, 2, 0, 2));
  }

  @Test
  void finds_disks_of_different_sizes() throws Exception {
    Path a = disk("a", block(1, 0), new byte[4096]);
    Path b = disk("b", block(1, 0));
    assertThat(new DiskProof(Map.of(), 1).judge(a, b).unexplainedBlocks()).isPositive();
  }
}
