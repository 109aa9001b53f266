package dev.tern.virt.disk;

import dev.tern.virt.VirtException;
import dev.tern.virt.VirtException.Kind;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;

/**
 * What a qcow2's header says of its state, whatever else is wrong with it: for showing, where
 * {@link Qcow2Header} refuses.
 *
 * @param virtualBytes size the guest sees, as the header claims
 * @param compat {@code 0.10} or {@code 1.1}, as QEMU names versions 2 and 3
 * @param corrupt QEMU found its tables damaged
 */
public record Qcow2Marks(long virtualBytes, String compat, boolean lazyRefcounts, boolean corrupt) {
  private static final int MAGIC = 0x514649fb;
  private static final int OLD_HEADER = 72;
  private static final int NEW_HEADER = 104;
  private static final long CORRUPT = 1 << 1;
  private static final long LAZY = 1;

  /**
   * @throws VirtException {@code REFUSED} when it is no qcow2 file
   */
  public static Qcow2Marks of(Path file) throws VirtException {
    byte[] start;
    try (InputStream in = Files.newInputStream(file, LinkOption.NOFOLLOW_LINKS)) {
      start = in.readNBytes(NEW_HEADER);
    } catch (IOException e) {
      throw new VirtException(Kind.REFUSED, "%s cannot be read.".formatted(file.getFileName()), e);
    }
    if (start.length < OLD_HEADER || ByteBuffer.wrap(start).getInt(0) != MAGIC) {
      throw new VirtException(
          Kind.REFUSED, "%s is no qcow2 file.".formatted(file.getFileName()), null);
    }
    ByteBuffer header = ByteBuffer.wrap(start);
    if (header.getInt(4) < 3 || start.length < NEW_HEADER) {
      return new Qcow2Marks(header.getLong(24), "0.10", false, false);
    }
    return new Qcow2Marks(
        header.getLong(24),
        "1.1",
        (header.getLong(80) & LAZY) != 0,
        (header.getLong(72) & CORRUPT) != 0);
  }
}
