package dev.tern.virt.disk;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.tern.virt.VirtException;
import dev.tern.virt.VirtException.Kind;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Path;

/**
 * The name of the file below a qcow2, as its header has it (QEMU, {@code docs/interop/qcow2.txt}).
 * The tool that changes it opens the image, which of an encrypted one needs the passphrase; the
 * name is in no encrypted part.
 */
final class Qcow2Backing {
  private static final int OFFSET_AT = 8;
  private static final int LENGTH_AT = 16;
  private static final int CLUSTER_BITS_AT = 20;

  private static final int LEAST_CLUSTER_BITS = 9;
  private static final int MOST_CLUSTER_BITS = 21;

  /** QEMU takes no longer one. */
  private static final int LONGEST = 1023;

  private Qcow2Backing() {}

  /**
   * Names another file in its place; on the disk when this returns.
   *
   * @throws VirtException {@code REFUSED} when there is no name, or no room for this one
   */
  static void name(Path file, Path backing) throws VirtException {
    byte[] name = backing.toString().getBytes(UTF_8);
    try (RandomAccessFile image = new RandomAccessFile(file.toFile(), "rw")) {
      image.seek(OFFSET_AT);
      long at = image.readLong();
      image.seek(LENGTH_AT);
      int length = image.readInt();
      image.seek(CLUSTER_BITS_AT);
      int bits = image.readInt();
      if (bits < LEAST_CLUSTER_BITS || bits > MOST_CLUSTER_BITS) {
        throw Qcow2Header.refused("its header has clusters of an impossible size");
      }
      long cluster = 1L << bits;
      if (at <= LENGTH_AT || length <= 0 || length > LONGEST || at > cluster - length) {
        throw Qcow2Header.refused("its header does not say which file it lies on");
      }
      if (name.length > LONGEST || at > cluster - name.length) {
        throw Qcow2Header.refused("its header has no room for the name of the file it lies on");
      }
      byte[] behind = new byte[Math.max(0, name.length - length)];
      image.seek(at + length);
      image.readFully(behind);
      for (byte each : behind) {
        if (each != 0) {
          throw Qcow2Header.refused("its header has no room for the name of the file it lies on");
        }
      }
      byte[] whole = new byte[Math.max(name.length, length)];
      System.arraycopy(name, 0, whole, 0, name.length);
      image.seek(at);
      image.write(whole);
      image.seek(LENGTH_AT);
      image.writeInt(name.length);
      image.getFD().sync();
    } catch (IOException e) {
      throw new VirtException(
          Kind.REFUSED, "The disk %s cannot be changed: %s".formatted(file, e), e);
    }
  }
}
