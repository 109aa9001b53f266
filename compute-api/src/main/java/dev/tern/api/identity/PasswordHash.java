package dev.tern.api.identity;

import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.security.SecureRandom;
import java.util.HexFormat;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.crypto.SecretKeyFactory;
import javax.crypto.spec.PBEKeySpec;

/**
 * A password as it is kept: {@code pbkdf2-sha512:ITERATIONS:SALT:HASH}, the last two in
 * hexadecimal.
 */
public record PasswordHash(int iterations, String salt, String hash) {
  /** For passwords that people think of; OWASP's figure of 2023 for this algorithm. */
  public static final int USUAL = 210_000;

  /** For secrets of 128 random bits and more, of which nobody can try enough. */
  public static final int RANDOM = 1_000;

  private static final int MOST = 10_000_000;
  private static final int SALT_BYTES = 16;
  private static final int HASH_BYTES = 32;
  private static final Pattern FORM =
      Pattern.compile("pbkdf2-sha512:(?<n>[0-9]{4,8}):(?<salt>[0-9a-f]{32}):(?<hash>[0-9a-f]{64})");

  /**
   * Reads one.
   *
   * @throws IllegalArgumentException when it is none; it does not repeat it
   */
  public static PasswordHash parse(String text) {
    Matcher form = FORM.matcher(text);
    if (!form.matches()) {
      throw new IllegalArgumentException(
          "a password is written as its hash, which ./tern hash-password makes");
    }
    int iterations = Integer.parseInt(form.group("n"));
    if (iterations < RANDOM || iterations > MOST) {
      throw new IllegalArgumentException("a hash has %d to %d iterations".formatted(RANDOM, MOST));
    }
    return new PasswordHash(iterations, form.group("salt"), form.group("hash"));
  }

  /** Of a password, with a new salt. */
  public static PasswordHash of(String password, int iterations, SecureRandom random) {
    byte[] salt = new byte[SALT_BYTES];
    random.nextBytes(salt);
    return new PasswordHash(
        iterations,
        HexFormat.of().formatHex(salt),
        HexFormat.of().formatHex(derive(password, salt, iterations)));
  }

  /** Whether it is of this password; takes as long for a wrong one. */
  public boolean matches(String password) {
    return MessageDigest.isEqual(
        derive(password, HexFormat.of().parseHex(salt), iterations), HexFormat.of().parseHex(hash));
  }

  private static byte[] derive(String password, byte[] salt, int iterations) {
    PBEKeySpec key =
        new PBEKeySpec(password.toCharArray(), salt, iterations, HASH_BYTES * Byte.SIZE);
    try {
      return SecretKeyFactory.getInstance("PBKDF2WithHmacSHA512").generateSecret(key).getEncoded();
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException(e);
    } finally {
      key.clearPassword();
    }
  }

  /** As it is written into the file. */
  @Override
  public String toString() {
    return "pbkdf2-sha512:%d:%s:%s".formatted(iterations, salt, hash);
  }
}
