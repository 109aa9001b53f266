package dev.tern.agent;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.tern.virt.StreamKey;
import java.security.GeneralSecurityException;
import java.security.SecureRandom;
import java.util.Arrays;
import java.util.Base64;
import javax.crypto.Cipher;
import javax.crypto.KDF;
import javax.crypto.spec.GCMParameterSpec;
import javax.crypto.spec.HKDFParameterSpec;
import javax.crypto.spec.SecretKeySpec;

/**
 * What two hosts know of one migration and nobody else does. Each use has a key of its own, derived
 * (HKDF with SHA-256) from the agreed secret, the migration and both public halves.
 */
final class AgreedKey {
  /** The longest secret that can be sealed, in bytes. */
  static final int LONGEST_SECRET = 4096;

  private static final int NONCE_BYTES = 12;
  private static final int TAG_BITS = 128;

  private final String identity;
  private final byte[] agreed;
  private final byte[] context;

  /**
   * A key.
   *
   * @param identity of the migration: its id and epoch
   * @param agreed the secret both hosts came to
   * @param context what both hosts saw of the agreement, alike on both
   */
  AgreedKey(String identity, byte[] agreed, byte[] context) {
    this.identity = identity;
    this.agreed = agreed.clone();
    this.context = context.clone();
  }

  /** For exports, mirrors and memory. */
  StreamKey stream() {
    return new StreamKey(identity, derived("streams"));
  }

  /**
   * Encrypts a small secret for the other host of this migration (AES-256-GCM), as text that may
   * travel in a message.
   *
   * @param name what it is, {@code passphrase of disk0}; it must be opened under the same name, so
   *     that one secret cannot be taken for another
   * @throws IllegalArgumentException when the secret is longer than {@value #LONGEST_SECRET} bytes
   */
  String seal(String name, byte[] secret, SecureRandom random) {
    return seal(name, secret, LONGEST_SECRET, random);
  }

  /** The same, of something that is at most so long. */
  String seal(String name, byte[] secret, int longest, SecureRandom random) {
    if (secret.length > longest) {
      throw new IllegalArgumentException("%s is too long to be sealed".formatted(name));
    }
    byte[] nonce = new byte[NONCE_BYTES];
    random.nextBytes(nonce);
    try {
      byte[] sealed = cipher(Cipher.ENCRYPT_MODE, name, nonce).doFinal(secret);
      byte[] both = Arrays.copyOf(nonce, NONCE_BYTES + sealed.length);
      System.arraycopy(sealed, 0, both, NONCE_BYTES, sealed.length);
      return Base64.getEncoder().encodeToString(both);
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("AES-GCM is part of every Java", e);
    }
  }

  /**
   * Decrypts what the other host of this migration sealed under this name.
   *
   * @throws dev.tern.contract.ComputeException {@code INVALID_INPUT} for anything else, another
   *     migration's secret or one of another name among others
   */
  byte[] open(String name, String sealed) {
    return open(name, sealed, LONGEST_SECRET);
  }

  /** The same, of something that is at most so long. */
  byte[] open(String name, String sealed, int longest) {
    try {
      byte[] both = Base64.getDecoder().decode(sealed);
      if (both.length < NONCE_BYTES + TAG_BITS / 8
          || both.length > NONCE_BYTES + TAG_BITS / 8 + longest) {
        throw Refusals.invalid("The %s has no usable length.".formatted(name));
      }
      return cipher(Cipher.DECRYPT_MODE, name, Arrays.copyOf(both, NONCE_BYTES))
          .doFinal(both, NONCE_BYTES, both.length - NONCE_BYTES);
    } catch (IllegalArgumentException | GeneralSecurityException _) {
      // Neither what came nor why it failed is told: both would help who tries.
      throw Refusals.invalid("The %s was not sealed for this migration.".formatted(name));
    }
  }

  private Cipher cipher(int mode, String name, byte[] nonce) throws GeneralSecurityException {
    Cipher cipher = Cipher.getInstance("AES/GCM/NoPadding");
    cipher.init(
        mode, new SecretKeySpec(derived("sealing"), "AES"), new GCMParameterSpec(TAG_BITS, nonce));
    cipher.updateAAD(name.getBytes(UTF_8));
    return cipher;
  }

  private byte[] derived(String use) {
    byte[] info = (use + " of " + identity).getBytes(UTF_8);
    try {
      return KDF.getInstance("HKDF-SHA256")
          .deriveData(
              HKDFParameterSpec.ofExtract()
                  .addIKM(agreed)
                  .addSalt(context)
                  .thenExpand(info, StreamKey.SECRET_BYTES));
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("HKDF is part of every Java since 25", e);
    }
  }

  @Override
  public String toString() {
    return "AgreedKey[" + identity + "]";
  }
}
