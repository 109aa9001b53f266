package dev.tern.standalone.demo;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.Map;
import java.util.zip.CRC32;

/**
 * Judges two raw disks of the test guest: the source's as it was at the pause, and the
 * destination's. Blocks are laid out as {@code guest/README.md} says: magic, sequence, block
 * number, ..., CRC-32 of all before it, little-endian.
 */
public final class DiskProof {
  private static final int BLOCK = 4096;
  private static final int CHUNK_BLOCKS = 256;
  private static final byte[] MAGIC = "TERNBLK1".getBytes(StandardCharsets.US_ASCII);

  private final Map<Long, Long> acknowledged;
  private final long lastSequenceAtSource;
  private long lost;
  private long corrupt;
  private long written;
  private long unexplained;

  /**
   * @param lostWrites acknowledged, but the block holds an older write, or none
   * @param corruptBlocks of the acknowledged ones, neither old nor new
   * @param writtenAfterwards blocks that differ because the guest wrote them at the destination
   * @param unexplainedBlocks blocks that differ for no such reason
   */
  public record Verdict(
      long lostWrites, long corruptBlocks, long writtenAfterwards, long unexplainedBlocks) {}

  /**
   * @param acknowledged the highest acknowledged sequence per block, from either console
   * @param lastSequenceAtSource the highest sequence acknowledged on the source's console: a block
   *     that differs must hold a later one, for sequences only rise
   */
  public DiskProof(Map<Long, Long> acknowledged, long lastSequenceAtSource) {
    this.acknowledged = acknowledged;
    this.lastSequenceAtSource = lastSequenceAtSource;
  }

  /** Reads both disks once, from the first block to the last. Disks of different sizes differ. */
  public Verdict judge(Path sourceRaw, Path destinationRaw) throws IOException {
    try (FileChannel source = FileChannel.open(sourceRaw, StandardOpenOption.READ);
        FileChannel destination = FileChannel.open(destinationRaw, StandardOpenOption.READ)) {
      if (source.size() != destination.size()) {
        unexplained += Math.abs(source.size() - destination.size()) / BLOCK + 1;
      }
      long blocks = destination.size() / BLOCK;
      for (long first = 0; first < blocks; first += CHUNK_BLOCKS) {
        int count = (int) Math.min(CHUNK_BLOCKS, blocks - first);
        byte[] here = read(source, first, count);
        byte[] there = read(destination, first, count);
        for (int i = 0; i < count; i++) {
          judge(first + i, here, there, i * BLOCK);
        }
      }
    }
    return new Verdict(lost, corrupt, written, unexplained);
  }

  private static byte[] read(FileChannel disk, long firstBlock, int count) throws IOException {
    byte[] bytes = new byte[count * BLOCK];
    ByteBuffer chunk = ByteBuffer.wrap(bytes);
    long at = firstBlock * BLOCK;
    while (chunk.hasRemaining()) {
      int got = disk.read(chunk, at + chunk.position());
      if (got < 0) {
        break;
      }
    }
    return bytes;
  }

  private void judge(long block, byte[] source, byte[] destination, int at) {
    long sequence = sequence(destination, at, block);
    Long promised = acknowledged.get(block);
    if (promised != null) {
      if (sequence < 0) {
        corrupt++;
      } else if (sequence < promised) {
        lost++;
      }
    }
    if (!Arrays.equals(source, at, at + BLOCK, destination, at, at + BLOCK)) {
      if (sequence > lastSequenceAtSource) {
        written++;
      } else {
        unexplained++;
      }
    }
  }

  /** The write a block holds; 0 when it is not one of the guest's, -1 when it is and is damaged. */
  private static long sequence(byte[] bytes, int at, long block) {
    if (!Arrays.equals(bytes, at, at + MAGIC.length, MAGIC, 0, MAGIC.length)) {
      return 0;
    }
    ByteBuffer fields = ByteBuffer.wrap(bytes, at, BLOCK).order(ByteOrder.LITTLE_ENDIAN);
    CRC32 crc = new CRC32();
    crc.update(bytes, at, BLOCK - Integer.BYTES);
    boolean whole =
        fields.getLong(at + 16) == block
            && fields.getInt(at + BLOCK - Integer.BYTES) == (int) crc.getValue();
    return whole ? fields.getLong(at + 8) : -1;
  }
}
