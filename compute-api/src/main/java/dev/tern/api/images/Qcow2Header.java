package dev.tern.api.images;

import java.nio.ByteBuffer;

/**
 * The start of a qcow2 file, read without trusting any of it. A qcow2 can name other files of the
 * machine it is opened on (backing file, external data file), so it is refused here, before any
 * QEMU opens it.
 *
 * @param virtualBytes the size a guest sees
 */
record Qcow2Header(long virtualBytes) {
  /** As much of the file as is looked at; header extensions behind it are refused. */
  static final int LOOKED_AT = 64 * 1024;

  private static final int MAGIC = 0x514649fb;
  private static final int DATA_FILE_EXTENSION = 0x44415441;
  private static final int V2_LENGTH = 72;
  private static final int V3_LENGTH = 104;
  private static final long DIRTY = 1L;
  private static final long CORRUPT = 1L << 1;
  private static final long EXTERNAL_DATA = 1L << 2;
  private static final long COMPRESSION = 1L << 3;
  private static final long EXTENDED_L2 = 1L << 4;
  private static final long KNOWN = DIRTY | CORRUPT | EXTERNAL_DATA | COMPRESSION | EXTENDED_L2;

  /** QEMU's own limit for the L1 table. */
  private static final long MAX_L1_BYTES = 32L << 20;

  static boolean hasMagic(byte[] start) {
    return start.length >= 4 && ByteBuffer.wrap(start).getInt() == MAGIC;
  }

  /**
   * Reads the header.
   *
   * @param start of the file, up to {@link #LOOKED_AT}
   * @param fileBytes of the whole file
   * @throws UnacceptableContentException with the reason, when this is no qcow2 that stands alone
   */
  static Qcow2Header read(byte[] start, long fileBytes) throws UnacceptableContentException {
    if (!hasMagic(start)) {
      throw no("it is not qcow2: the magic number is missing");
    }
    if (start.length < V2_LENGTH) {
      throw no("its header is cut off");
    }
    ByteBuffer header = ByteBuffer.wrap(start);
    int version = header.getInt(4);
    if (version != 2 && version != 3) {
      throw no("qcow2 version %d is not supported".formatted(Integer.toUnsignedLong(version)));
    }
    if (header.getLong(8) != 0 || header.getInt(16) != 0) {
      throw no("it has a backing file");
    }
    if (header.getInt(32) != 0) {
      throw no("it is encrypted");
    }
    long features = version == 3 ? features(header, start.length) : 0;
    checkFeatures(features);
    int length = version == 3 ? header.getInt(100) : V2_LENGTH;
    checkLength(length, version, start.length);
    checkExtensions(header, length, start.length);
    return new Qcow2Header(checkedSize(header, features, fileBytes));
  }

  private static long features(ByteBuffer header, int available)
      throws UnacceptableContentException {
    if (available < V3_LENGTH) {
      throw no("its header is cut off");
    }
    return header.getLong(72);
  }

  private static void checkFeatures(long features) throws UnacceptableContentException {
    if ((features & EXTERNAL_DATA) != 0) {
      throw no("it keeps its data in an external file");
    }
    if ((features & CORRUPT) != 0) {
      throw no("it is marked corrupt");
    }
    if ((features & DIRTY) != 0) {
      throw no("it was not closed properly (dirty); run qemu-img check -r leaks on it");
    }
    if ((features & ~KNOWN) != 0) {
      throw no("it has unknown incompatible features: 0x%x".formatted(features & ~KNOWN));
    }
  }

  private static void checkLength(int length, int version, int available)
      throws UnacceptableContentException {
    boolean fits = length >= (version == 3 ? V3_LENGTH : V2_LENGTH) && length <= available;
    if (!fits || length % 8 != 0) {
      throw no("its header length %d is impossible".formatted(Integer.toUnsignedLong(length)));
    }
  }

  private static void checkExtensions(ByteBuffer header, int from, int available)
      throws UnacceptableContentException {
    long at = from;
    int clusterBytes = 1 << Math.clamp(header.getInt(20), 9, 21);
    long end = Math.min(available, clusterBytes);
    while (at + 8 <= end) {
      int type = header.getInt((int) at);
      long length = Integer.toUnsignedLong(header.getInt((int) at + 4));
      if (type == 0) {
        return;
      }
      if (type == DATA_FILE_EXTENSION) {
        throw no("it names an external data file");
      }
      at += 8 + (length + 7) / 8 * 8;
    }
    if (at > end) {
      throw no("its header extensions do not end");
    }
  }

  private static long checkedSize(ByteBuffer header, long features, long fileBytes)
      throws UnacceptableContentException {
    int clusterBits = header.getInt(20);
    if (clusterBits < 9 || clusterBits > 21) {
      throw no(
          "its cluster size 2^%d is impossible".formatted(Integer.toUnsignedLong(clusterBits)));
    }
    long size = header.getLong(24);
    if (size <= 0) {
      throw no("its virtual size %s is impossible".formatted(Long.toUnsignedString(size)));
    }
    long cluster = 1L << clusterBits;
    long entryBytes = (features & EXTENDED_L2) != 0 ? 16 : 8;
    long perL1Entry = cluster * (cluster / entryBytes);
    long needed = size / perL1Entry + (size % perL1Entry == 0 ? 0 : 1);
    long l1Entries = Integer.toUnsignedLong(header.getInt(36));
    if (l1Entries < needed || l1Entries * 8 > MAX_L1_BYTES) {
      throw no(
          "its table of %d entries does not fit its virtual size of %d bytes"
              .formatted(l1Entries, size));
    }
    checkInside("L1 table", header.getLong(40), l1Entries * 8, cluster, fileBytes);
    long refcountBytes = Integer.toUnsignedLong(header.getInt(56)) * cluster;
    checkInside("refcount table", header.getLong(48), refcountBytes, cluster, fileBytes);
    return size;
  }

  private static void checkInside(
      String what, long offset, long length, long cluster, long fileBytes)
      throws UnacceptableContentException {
    boolean inside =
        offset >= cluster
            && offset % cluster == 0
            && length > 0
            && offset <= fileBytes
            && length <= fileBytes - offset;
    if (!inside) {
      throw no("its %s lies outside of the file".formatted(what));
    }
  }

  private static UnacceptableContentException no(String reason) {
    return new UnacceptableContentException(reason);
  }
}
