package dev.tern.agent;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/** Files by content. */
final class Digests {
  private static final int CHUNK = 1 << 18;

  private Digests() {}

  /**
   * In 64 lower-case hexadecimal digits.
   *
   * @throws InterruptedException when nobody wants to know any more
   */
  static String sha256(Path file) throws IOException, InterruptedException {
    MessageDigest sha256 = sha256();
    byte[] chunk = new byte[CHUNK];
    try (InputStream in = Files.newInputStream(file, LinkOption.NOFOLLOW_LINKS)) {
      for (int n = in.read(chunk); n >= 0; n = in.read(chunk)) {
        sha256.update(chunk, 0, n);
        if (Thread.interrupted()) {
          throw new InterruptedException("reading a file");
        }
      }
    }
    return HexFormat.of().formatHex(sha256.digest());
  }

  private static MessageDigest sha256() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java has SHA-256", e);
    }
  }
}
