package dev.tern.virt;

import java.security.MessageDigest;
import java.util.Arrays;
import java.util.regex.Pattern;

/**
 * What two QEMUs share for the streams of one migration, so that each knows the other and nobody
 * else can read or join them (TLS with a pre-shared key). It says its name to whoever prints it and
 * never its secret.
 */
public final class StreamKey {
  /** Bytes of a secret. */
  public static final int SECRET_BYTES = 32;

  private static final Pattern IDENTITY = Pattern.compile("[A-Za-z0-9][A-Za-z0-9-]{0,99}");

  private final String identity;
  private final byte[] secret;

  /**
   * A key of that name.
   *
   * @param identity tells this key from every other one, of an earlier migration among others; it
   *     is no secret
   * @param secret {@value #SECRET_BYTES} bytes that nobody can guess; copied
   * @throws IllegalArgumentException when either cannot be used; the message does not show the
   *     secret
   */
  public StreamKey(String identity, byte[] secret) {
    if (!IDENTITY.matcher(identity).matches()) {
      throw new IllegalArgumentException(
          "A key's identity is up to 100 letters, digits and hyphens, not '%s'."
              .formatted(identity));
    }
    if (secret.length != SECRET_BYTES) {
      throw new IllegalArgumentException(
          "A key's secret has %d bytes, not %d.".formatted(SECRET_BYTES, secret.length));
    }
    this.identity = identity;
    this.secret = secret.clone();
  }

  public String identity() {
    return identity;
  }

  /** A copy; who asks for it keeps it out of logs, messages and command lines. */
  public byte[] secret() {
    return secret.clone();
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof StreamKey key
        && identity.equals(key.identity)
        && MessageDigest.isEqual(secret, key.secret);
  }

  @Override
  public int hashCode() {
    return identity.hashCode() * 31 + Arrays.hashCode(secret);
  }

  @Override
  public String toString() {
    return "StreamKey[" + identity + "]";
  }
}
