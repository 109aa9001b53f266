package dev.tern.api.keypairs;

import java.io.ByteArrayOutputStream;
import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.NoSuchAlgorithmException;
import java.security.interfaces.RSAPrivateCrtKey;
import java.util.Base64;
import java.util.List;

/**
 * An RSA key pair as Nova makes it: the private half in PKCS #1, for its user and nobody else.
 *
 * @param privateKey in PEM
 */
record GeneratedKey(String publicKey, String privateKey) {
  private static final int BITS = 2048;
  private static final int INTEGER = 0x02;
  private static final int SEQUENCE = 0x30;

  static GeneratedKey make() {
    try {
      KeyPairGenerator generator = KeyPairGenerator.getInstance("RSA");
      generator.initialize(BITS);
      KeyPair pair = generator.generateKeyPair();
      RSAPrivateCrtKey key = (RSAPrivateCrtKey) pair.getPrivate();
      return new GeneratedKey(publicText(key), privateText(key));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }

  private static String publicText(RSAPrivateCrtKey key) {
    ByteArrayOutputStream blob = new ByteArrayOutputStream();
    byte[] type = "ssh-rsa".getBytes(StandardCharsets.US_ASCII);
    for (byte[] part :
        List.of(type, key.getPublicExponent().toByteArray(), key.getModulus().toByteArray())) {
      blob.writeBytes(ByteBuffer.allocate(Integer.BYTES).putInt(part.length).array());
      blob.writeBytes(part);
    }
    return "ssh-rsa %s Generated-by-Nova"
        .formatted(Base64.getEncoder().encodeToString(blob.toByteArray()));
  }

  private static String privateText(RSAPrivateCrtKey key) {
    ByteArrayOutputStream numbers = new ByteArrayOutputStream();
    for (BigInteger number :
        List.of(
            BigInteger.ZERO,
            key.getModulus(),
            key.getPublicExponent(),
            key.getPrivateExponent(),
            key.getPrimeP(),
            key.getPrimeQ(),
            key.getPrimeExponentP(),
            key.getPrimeExponentQ(),
            key.getCrtCoefficient())) {
      numbers.writeBytes(der(INTEGER, number.toByteArray()));
    }
    byte[] lineEnd = {'\n'};
    return "-----BEGIN RSA PRIVATE KEY-----\n"
        + Base64.getMimeEncoder(64, lineEnd).encodeToString(der(SEQUENCE, numbers.toByteArray()))
        + "\n-----END RSA PRIVATE KEY-----\n";
  }

  private static byte[] der(int tag, byte[] content) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    out.write(tag);
    if (content.length < 0x80) {
      out.write(content.length);
    } else {
      byte[] length = BigInteger.valueOf(content.length).toByteArray();
      int from = length[0] == 0 ? 1 : 0;
      out.write(0x80 | (length.length - from));
      out.write(length, from, length.length - from);
    }
    out.writeBytes(content);
    return out.toByteArray();
  }

  /** Without the private half, for logs. */
  @Override
  public String toString() {
    return publicKey;
  }
}
