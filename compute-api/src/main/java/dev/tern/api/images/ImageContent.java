package dev.tern.api.images;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/**
 * Whether a file is what it is said to be. The format is never guessed: the record's word is
 * checked.
 */
final class ImageContent {
  private ImageContent() {}

  /**
   * Checks a file, and answers the size a guest sees.
   *
   * @param diskFormat {@code qcow2}, {@code raw}, {@code aki} or {@code ari}
   * @throws UnacceptableContentException with the reason
   */
  static long virtualBytes(Path file, String diskFormat)
      throws IOException, UnacceptableContentException {
    long bytes = Files.size(file);
    if (bytes == 0) {
      throw new UnacceptableContentException("it is empty");
    }
    byte[] start;
    try (InputStream in = Files.newInputStream(file)) {
      start = in.readNBytes(Qcow2Header.LOOKED_AT);
    }
    if (diskFormat.equals("qcow2")) {
      return Qcow2Header.read(start, bytes).virtualBytes();
    }
    if (diskFormat.equals("raw")) {
      Optional<String> other = DiskMagic.formatOf(start);
      if (other.isPresent()) {
        throw new UnacceptableContentException("it is said to be raw, and is " + other.get());
      }
    }
    return bytes;
  }
}
