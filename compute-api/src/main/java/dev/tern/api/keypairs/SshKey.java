package dev.tern.api.keypairs;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Public keys in OpenSSH's form, a line of type, base64 and comment. */
final class SshKey {
  /** How many parts follow the type in the key's bytes. */
  private static final Map<String, Integer> PARTS =
      Map.of(
          "ssh-rsa", 2,
          "ssh-dss", 4,
          "ssh-ed25519", 1,
          "ecdsa-sha2-nistp256", 2,
          "ecdsa-sha2-nistp384", 2,
          "ecdsa-sha2-nistp521", 2,
          "sk-ssh-ed25519@openssh.com", 2,
          "sk-ecdsa-sha2-nistp256@openssh.com", 3);

  private static final int ED25519_BYTES = 32;

  private SshKey() {}

  /** The MD5 of the key's bytes with colons, as Nova has it; empty for what is no key. */
  static Optional<String> fingerprint(String text) {
    String[] words = text.strip().split("[ \\t]+", 3);
    if (words.length < 2 || text.strip().indexOf('\n') >= 0 || text.indexOf('\r') >= 0) {
      return Optional.empty();
    }
    byte[] blob;
    try {
      blob = Base64.getDecoder().decode(words[1]);
    } catch (IllegalArgumentException e) {
      return Optional.empty();
    }
    return isKey(words[0], blob) ? Optional.of(colons(digest("MD5", blob))) : Optional.empty();
  }

  private static boolean isKey(String type, byte[] blob) {
    Integer expected = PARTS.get(type);
    List<byte[]> parts = parts(blob);
    if (expected == null || parts.size() != expected + 1) {
      return false;
    }
    boolean named = new String(parts.getFirst(), StandardCharsets.UTF_8).equals(type);
    boolean filled = parts.stream().allMatch(part -> part.length > 0);
    return named && filled && (!type.contains("ed25519") || parts.get(1).length == ED25519_BYTES);
  }

  /** Byte strings with their lengths before them; nothing when they do not fill it exactly. */
  private static List<byte[]> parts(byte[] blob) {
    ByteBuffer bytes = ByteBuffer.wrap(blob);
    List<byte[]> parts = new ArrayList<>();
    while (bytes.remaining() >= Integer.BYTES) {
      int length = bytes.getInt();
      if (length < 0 || length > bytes.remaining()) {
        return List.of();
      }
      byte[] part = new byte[length];
      bytes.get(part);
      parts.add(part);
    }
    return bytes.hasRemaining() ? List.of() : parts;
  }

  static byte[] digest(String algorithm, byte[] bytes) {
    try {
      return MessageDigest.getInstance(algorithm).digest(bytes);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }

  static String colons(byte[] digest) {
    return HexFormat.ofDelimiter(":").formatHex(digest);
  }
}
