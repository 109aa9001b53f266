package dev.tern.agent;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SeekableByteChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;

/**
 * What the guest of one server has said on its serial console: {@code console.log}, which its QEMU
 * here appends to, and before that {@code console.earlier}, what it said on other hosts.
 */
final class ConsoleLog {
  /** How much of what was said goes along with a guest that moves, in bytes. */
  static final int KEPT_BYTES = 1 << 20;

  /** How much a client is shown at most, in bytes; as much as Nova shows. */
  static final int SHOWN_BYTES = 100 << 10;

  private static final String HERE = "console.log";
  private static final String EARLIER = "console.earlier";

  private final Path instance;

  ConsoleLog(Path instance) {
    this.instance = instance;
  }

  /**
   * The last bytes, of all hosts, beginning with a whole line when there are more.
   *
   * @param most at most so many
   */
  byte[] tail(int most) throws IOException {
    byte[] here = tail(instance.resolve(HERE), most + 1);
    byte[] earlier = tail(instance.resolve(EARLIER), most + 1 - here.length);
    ByteArrayOutputStream both = new ByteArrayOutputStream();
    both.write(earlier);
    both.write(here);
    byte[] all = both.toByteArray();
    if (all.length <= most) {
      return all;
    }
    int begin = all.length - most;
    // A line that begins before the first byte shown is left out, unless it is all there is.
    if (all[begin - 1] != '\n') {
      int end = begin;
      while (end < all.length && all[end] != '\n') {
        end++;
      }
      begin = end + 1 < all.length ? end + 1 : begin;
    }
    return java.util.Arrays.copyOfRange(all, begin, all.length);
  }

  private static byte[] tail(Path file, int most) throws IOException {
    if (most <= 0 || !Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS)) {
      return new byte[0];
    }
    try (SeekableByteChannel log = Files.newByteChannel(file)) {
      ByteBuffer end = ByteBuffer.allocate((int) Math.min(most, log.size()));
      log.position(log.size() - end.capacity());
      while (end.hasRemaining() && log.read(end) >= 0) {
        // Until all is read; it only grows.
      }
      return java.util.Arrays.copyOf(end.array(), end.position());
    }
  }

  /**
   * The last lines as text, at most {@link #SHOWN_BYTES} of it. A line that is not ended yet
   * counts.
   */
  String lines(int most) throws IOException {
    String text = text();
    int begin = text.length();
    if (begin > 0 && text.charAt(begin - 1) == '\n') {
      begin--;
    }
    for (int lines = 0; lines < most && begin >= 0; lines++) {
      begin = text.lastIndexOf('\n', begin - 1);
    }
    return most == 0 ? "" : text.substring(begin + 1);
  }

  /** As much as is shown, as text. */
  String text() throws IOException {
    return new String(tail(SHOWN_BYTES), StandardCharsets.UTF_8);
  }

  /** Makes this what the guest said before it came here, durably: all of it, or what was before. */
  void cameWith(byte[] earlier) throws IOException {
    Durable.write(instance.resolve(EARLIER), earlier);
  }
}
