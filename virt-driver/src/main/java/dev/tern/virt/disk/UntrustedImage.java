package dev.tern.virt.disk;

import dev.tern.virt.VirtException;
import dev.tern.virt.VirtException.Kind;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.Optional;

/** An image file nobody vouches for, looked at before any tool opens it. */
public final class UntrustedImage {
  private UntrustedImage() {}

  /**
   * Size the guest would see.
   *
   * @throws VirtException {@code REFUSED} with a named reason when the file is not what it is said
   *     to be, or points to another file
   */
  public static long check(Path file, String format) throws VirtException {
    long virtualBytes = virtualBytes(file, format, false, false);
    if (format.equals("raw")) {
      Optional<String> foreign = ForeignMagic.of(start(file));
      if (foreign.isPresent()) {
        throw Qcow2Header.refused(
            "it is said to be raw and starts as a %s image does".formatted(foreign.get()));
      }
    }
    return virtualBytes;
  }

  /**
   * Size the guest sees of a disk made here.
   *
   * @param backingAllowed it lies on a recorded layer
   * @param encrypted it is recorded as LUKS inside a qcow2
   */
  public static long virtualBytes(
      Path file, String format, boolean backingAllowed, boolean encrypted) throws VirtException {
    long length = length(file);
    return switch (format) {
      case "qcow2" -> {
        Qcow2Header header = Qcow2Header.parse(start(file), length, encrypted);
        if (header.hasBackingFile() && !backingAllowed) {
          throw Qcow2Header.refused("it has a backing file");
        }
        yield header.virtualBytes();
      }
      case "raw" -> {
        if (encrypted) {
          throw Qcow2Header.refused("only a qcow2 can be encrypted");
        }
        if (length == 0) {
          throw Qcow2Header.refused("it is empty");
        }
        yield length;
      }
      default ->
          throw new VirtException(
              Kind.REFUSED, "The format '%s' is neither qcow2 nor raw.".formatted(format), null);
    };
  }

  private static byte[] start(Path file) throws VirtException {
    try (InputStream in = Files.newInputStream(file, LinkOption.NOFOLLOW_LINKS)) {
      return in.readNBytes(Qcow2Header.BYTES);
    } catch (IOException e) {
      throw new VirtException(Kind.REFUSED, "%s cannot be read.".formatted(file), e);
    }
  }

  private static long length(Path file) throws VirtException {
    if (!Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS)) {
      throw new VirtException(Kind.REFUSED, "%s is not a regular file.".formatted(file), null);
    }
    try {
      return Files.size(file);
    } catch (IOException e) {
      throw new VirtException(Kind.REFUSED, "%s cannot be read.".formatted(file), e);
    }
  }
}
