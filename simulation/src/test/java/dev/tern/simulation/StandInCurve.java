package dev.tern.simulation;

import java.io.Serial;
import java.nio.ByteBuffer;
import java.security.InvalidAlgorithmParameterException;
import java.security.InvalidKeyException;
import java.security.Key;
import java.security.KeyFactorySpi;
import java.security.KeyPair;
import java.security.KeyPairGeneratorSpi;
import java.security.PrivateKey;
import java.security.Provider;
import java.security.PublicKey;
import java.security.SecureRandom;
import java.security.Security;
import java.security.spec.AlgorithmParameterSpec;
import java.security.spec.EncodedKeySpec;
import java.security.spec.InvalidKeySpecException;
import java.security.spec.KeySpec;
import java.security.spec.PKCS8EncodedKeySpec;
import java.security.spec.X509EncodedKeySpec;
import javax.crypto.KeyAgreementSpi;
import javax.crypto.SecretKey;
import javax.crypto.ShortBufferException;
import org.jspecify.annotations.Nullable;

/**
 * What answers to the name X25519 in a simulation: the same protocol in a group so small that it
 * costs nothing and hides nothing. Who has both halves, and nobody else by chance, comes to the
 * same secret; halves that are none, or with which any other comes to one secret, are refused.
 */
public final class StandInCurve extends Provider {
  @Serial private static final long serialVersionUID = 1L;

  private static final String CURVE = "X25519";

  /** The order of the field: a prime, and one less than a power of two. */
  private static final long PRIME = (1L << 61) - 1;

  private static final long GENERATOR = 37;
  private static final int BYTES = 32;

  private StandInCurve() {
    super("StandInCurve", "1", "X25519 of simulations");
    put("KeyPairGenerator." + CURVE, Pairs.class.getName());
    put("KeyFactory." + CURVE, Keys.class.getName());
    put("KeyAgreement." + CURVE, Agreement.class.getName());
  }

  /** Puts it before the real one for the rest of this process. Harmless when it is there. */
  static void take() {
    Security.insertProviderAt(new StandInCurve(), 1);
  }

  private static long product(long one, long other) {
    long low = one * other;
    long high = Math.multiplyHigh(one, other);
    long sum = (low & PRIME) + (low >>> 61 | high << 3);
    return sum >= PRIME ? sum - PRIME : sum;
  }

  private static long power(long base, long exponent) {
    long result = 1;
    long square = base;
    for (long left = exponent; left != 0; left >>>= 1) {
      if ((left & 1) != 0) {
        result = product(result, square);
      }
      square = product(square, square);
    }
    return result;
  }

  private static byte[] bytes(long number) {
    return ByteBuffer.allocate(BYTES).putLong(BYTES - Long.BYTES, number).array();
  }

  private static long number(byte[] bytes) throws InvalidKeySpecException {
    if (bytes.length != BYTES) {
      throw new InvalidKeySpecException("a half has " + BYTES + " bytes");
    }
    return ByteBuffer.wrap(bytes).getLong(BYTES - Long.BYTES);
  }

  /** The half that its host keeps. */
  private record Secret(long exponent) implements PrivateKey {
    @Serial private static final long serialVersionUID = 1L;

    @Override
    public String getAlgorithm() {
      return CURVE;
    }

    @Override
    public String getFormat() {
      return "PKCS#8";
    }

    @Override
    public byte[] getEncoded() {
      return bytes(exponent);
    }
  }

  /** The half that is told. */
  private record Told(long element) implements PublicKey {
    @Serial private static final long serialVersionUID = 1L;

    @Override
    public String getAlgorithm() {
      return CURVE;
    }

    @Override
    public String getFormat() {
      return "X.509";
    }

    @Override
    public byte[] getEncoded() {
      return bytes(element);
    }
  }

  /** Makes both halves. */
  public static final class Pairs extends KeyPairGeneratorSpi {
    private SecureRandom random = new SecureRandom();

    /** Of that source of chance. */
    @Override
    public void initialize(int bits, SecureRandom from) {
      random = from;
    }

    /** Two halves that belong together. */
    @Override
    public KeyPair generateKeyPair() {
      long exponent = 2 + (random.nextLong() >>> 4);
      return new KeyPair(new Told(power(GENERATOR, exponent)), new Secret(exponent));
    }
  }

  /** Reads halves. */
  public static final class Keys extends KeyFactorySpi {
    /** Refuses what is no half. */
    @Override
    protected PublicKey engineGeneratePublic(KeySpec of) throws InvalidKeySpecException {
      if (of instanceof X509EncodedKeySpec told) {
        return new Told(number(told.getEncoded()));
      }
      throw new InvalidKeySpecException("no half that is told");
    }

    /** Refuses what is no half. */
    @Override
    protected PrivateKey engineGeneratePrivate(KeySpec of) throws InvalidKeySpecException {
      if (of instanceof PKCS8EncodedKeySpec secret) {
        return new Secret(number(secret.getEncoded()));
      }
      throw new InvalidKeySpecException("no half that is kept");
    }

    @Override
    protected <T extends KeySpec> T engineGetKeySpec(Key key, Class<T> type)
        throws InvalidKeySpecException {
      EncodedKeySpec spec =
          key instanceof Told
              ? new X509EncodedKeySpec(key.getEncoded())
              : new PKCS8EncodedKeySpec(key.getEncoded());
      if (!type.isInstance(spec)) {
        throw new InvalidKeySpecException("not as " + type);
      }
      return type.cast(spec);
    }

    @Override
    protected Key engineTranslateKey(Key key) throws InvalidKeyException {
      throw new InvalidKeyException("nobody else's keys are known");
    }
  }

  /** What two halves come to. */
  public static final class Agreement extends KeyAgreementSpi {
    private long exponent;
    private long secret;

    @Override
    protected void engineInit(Key key, SecureRandom random) throws InvalidKeyException {
      if (!(key instanceof Secret own)) {
        throw new InvalidKeyException("no half that is kept");
      }
      exponent = own.exponent();
    }

    @Override
    protected void engineInit(Key key, AlgorithmParameterSpec parameters, SecureRandom random)
        throws InvalidKeyException, InvalidAlgorithmParameterException {
      if (parameters != null) {
        throw new InvalidAlgorithmParameterException("there are none");
      }
      engineInit(key, random);
    }

    /** Refuses the other's half when it comes to the same with whichever. */
    @Override
    protected @Nullable Key engineDoPhase(Key key, boolean last) throws InvalidKeyException {
      if (!(key instanceof Told(long element)) || element <= 1 || element >= PRIME - 1) {
        throw new InvalidKeyException("no half that is told");
      }
      secret = power(element, exponent);
      return null;
    }

    @Override
    protected byte[] engineGenerateSecret() {
      return bytes(secret);
    }

    @Override
    protected int engineGenerateSecret(byte[] into, int offset) throws ShortBufferException {
      if (into.length - offset < BYTES) {
        throw new ShortBufferException();
      }
      System.arraycopy(bytes(secret), 0, into, offset, BYTES);
      return BYTES;
    }

    @Override
    protected SecretKey engineGenerateSecret(String algorithm) {
      throw new UnsupportedOperationException(algorithm);
    }
  }
}
