package dev.tern.virt.disk;

import dev.tern.virt.VirtException;
import dev.tern.virt.VirtException.Kind;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * The header of a qcow2 file nobody vouches for, read by ourselves so that no tool opens what the
 * header points to.
 *
 * @param virtualBytes size the guest sees
 * @param hasBackingFile the header names a file below this one
 */
public record Qcow2Header(int version, long virtualBytes, int clusterBits, boolean hasBackingFile) {
  /** What {@link #parse} wants to see at most; the fields it reads end far before. */
  public static final int BYTES = 512;

  private static final int MAGIC = 0x514649fb;
  private static final int LUKS = 2;
  private static final int SHORTEST = 72;
  private static final int SHORTEST_V3 = 104;
  private static final long LARGEST_DISK = 1L << 46;
  private static final long DIRTY = 1;
  private static final long CORRUPT = 1 << 1;
  private static final long EXTERNAL_DATA = 1 << 2;
  private static final long COMPRESSION_TYPE = 1 << 3;
  private static final long EXTENDED_L2 = 1 << 4;
  private static final long KNOWN =
      DIRTY | CORRUPT | EXTERNAL_DATA | COMPRESSION_TYPE | EXTENDED_L2;

  /**
   * Reads the first bytes of a file.
   *
   * @param fileBytes length of the whole file, to tell a header that points past its end
   * @throws VirtException {@code REFUSED} with a named reason: not qcow2, truncated, an unknown
   *     version or feature, marked corrupt, encrypted, data in another file, or sizes no honest
   *     image has
   */
  public static Qcow2Header parse(byte[] start, long fileBytes) throws VirtException {
    return parse(start, fileBytes, false);
  }

  /**
   * Likewise, of a file that is recorded as LUKS, or as not encrypted; anything else is refused.
   */
  static Qcow2Header parse(byte[] start, long fileBytes, boolean luks) throws VirtException {
    if (start.length < 8 || ByteBuffer.wrap(start).getInt(0) != MAGIC) {
      throw refused("it does not start as a qcow2 image does");
    }
    if (start.length < SHORTEST) {
      throw refused("its header is cut off");
    }
    ByteBuffer header = ByteBuffer.wrap(start).order(ByteOrder.BIG_ENDIAN);
    int version = header.getInt(4);
    if (version != 2 && version != 3) {
      throw refused("its version %d is neither 2 nor 3".formatted(Integer.toUnsignedLong(version)));
    }
    if (version == 3) {
      checkFeatures(header, start.length);
    }
    int clusterBits = header.getInt(20);
    if (clusterBits < 9 || clusterBits > 21) {
      throw refused("its clusters have an impossible size");
    }
    long virtualBytes = header.getLong(24);
    if (virtualBytes < 0 || virtualBytes > LARGEST_DISK) {
      throw refused("it claims a disk of an absurd size");
    }
    checkEncryption(header.getInt(32), luks);
    checkTables(header, virtualBytes, clusterBits, fileBytes);
    boolean backing = header.getLong(8) != 0 || header.getInt(16) != 0;
    return new Qcow2Header(version, virtualBytes, clusterBits, backing);
  }

  private static void checkEncryption(int method, boolean luks) throws VirtException {
    if (luks && method != LUKS) {
      throw refused("it is recorded as encrypted with LUKS and is not");
    }
    if (!luks && method != 0) {
      throw refused("it is encrypted");
    }
  }

  private static void checkFeatures(ByteBuffer header, int length) throws VirtException {
    if (length < SHORTEST_V3) {
      throw refused("its header is cut off");
    }
    long incompatible = header.getLong(72);
    if ((incompatible & EXTERNAL_DATA) != 0) {
      throw refused("it keeps its data in another file");
    }
    if ((incompatible & CORRUPT) != 0) {
      throw refused("it is marked corrupt");
    }
    if ((incompatible & ~KNOWN) != 0) {
      throw refused("it uses features nobody here knows");
    }
    int headerLength = header.getInt(100);
    if (headerLength < SHORTEST_V3 || headerLength > 1 << 16 || headerLength % 8 != 0) {
      throw refused("its header has an impossible length");
    }
  }

  private static void checkTables(
      ByteBuffer header, long virtualBytes, int clusterBits, long fileBytes) throws VirtException {
    long l1Entries = Integer.toUnsignedLong(header.getInt(36));
    long l1Offset = header.getLong(40);
    long refcounts = header.getLong(48);
    // A cluster of L2 entries maps 2^(clusterBits - 3) clusters; extended entries half of that.
    long mappedByOneEntry = 1L << (2 * clusterBits - 4);
    if (l1Entries > (32 << 20) / 8 || l1Entries > virtualBytes / mappedByOneEntry + 2 + (1 << 16)) {
      throw refused("its tables are of an absurd size");
    }
    if (l1Offset < 0
        || refcounts <= 0
        || l1Offset > fileBytes - l1Entries * 8
        || refcounts >= fileBytes
        || (l1Entries == 0 && virtualBytes > 0)) {
      throw refused("its tables lie outside the file: it is cut off");
    }
  }

  static VirtException refused(String why) {
    return new VirtException(Kind.REFUSED, "The image is refused: %s.".formatted(why), null);
  }
}
