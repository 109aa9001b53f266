package dev.tern.agent;

import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.security.SecureRandom;
import java.security.spec.PKCS8EncodedKeySpec;
import java.security.spec.X509EncodedKeySpec;
import java.util.Arrays;
import java.util.Base64;
import javax.crypto.KeyAgreement;

/** One host's half of a key (X25519), in base 64. What it says of itself has no secret in it. */
record KeyHalf(String secretHalf, String publicHalf) {
  private static final String CURVE = "X25519";
  private static final int LONGEST_HALF = 128;

  static KeyHalf made(SecureRandom random) {
    try {
      KeyPairGenerator generator = KeyPairGenerator.getInstance(CURVE);
      generator.initialize(255, random);
      KeyPair pair = generator.generateKeyPair();
      return new KeyHalf(
          encoded(pair.getPrivate().getEncoded()), encoded(pair.getPublic().getEncoded()));
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("X25519 is part of every Java", e);
    }
  }

  /**
   * What this half and the other host's come to.
   *
   * @param identity of what the key is for
   * @throws dev.tern.contract.ComputeException INVALID_INPUT when that half cannot be used
   */
  AgreedKey with(String peerHalf, String identity) {
    byte[] mine = Base64.getDecoder().decode(publicHalf);
    byte[] peer = decoded(peerHalf);
    try {
      KeyFactory factory = KeyFactory.getInstance(CURVE);
      PrivateKey own =
          factory.generatePrivate(new PKCS8EncodedKeySpec(Base64.getDecoder().decode(secretHalf)));
      PublicKey other = factory.generatePublic(new X509EncodedKeySpec(peer));
      KeyAgreement agreement = KeyAgreement.getInstance(CURVE);
      agreement.init(own);
      // Refuses the few public halves for which the secret would be the same whatever the other is.
      agreement.doPhase(other, true);
      return new AgreedKey(identity, agreement.generateSecret(), context(mine, peer));
    } catch (GeneralSecurityException e) {
      throw Refusals.invalid("The other host's half of the key cannot be used.");
    }
  }

  /** Both public halves, in an order that does not depend on whose they are. */
  private static byte[] context(byte[] one, byte[] two) {
    boolean inOrder = Arrays.compare(one, two) <= 0;
    byte[] both = Arrays.copyOf(inOrder ? one : two, one.length + two.length);
    System.arraycopy(
        inOrder ? two : one,
        0,
        both,
        inOrder ? one.length : two.length,
        inOrder ? two.length : one.length);
    return both;
  }

  private static String encoded(byte[] half) {
    return Base64.getEncoder().encodeToString(half);
  }

  private static byte[] decoded(String half) {
    if (half.length() > LONGEST_HALF) {
      throw Refusals.invalid("The other host's half of the key is too long.");
    }
    try {
      return Base64.getDecoder().decode(half);
    } catch (IllegalArgumentException _) {
      throw Refusals.invalid("The other host's half of the key cannot be read.");
    }
  }

  @Override
  public String toString() {
    return "KeyHalf[]";
  }
}
