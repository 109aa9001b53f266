package dev.tern.contract.amqp;

import com.rabbitmq.client.ConnectionFactory;
import java.io.IOException;
import java.io.InputStream;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.Certificate;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.util.Arrays;
import java.util.Collection;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.TrustManager;
import javax.net.ssl.TrustManagerFactory;
import javax.net.ssl.X509ExtendedTrustManager;
import org.jspecify.annotations.Nullable;

/**
 * Whether who answers is the broker, as the JDK judges it; and what to do about it if not, which
 * the JDK does not say. Its words end in every failure to connect: in logs, in answers that did not
 * come, in {@code /actuator/health}.
 */
final class BrokerTrust extends X509ExtendedTrustManager {
  private final String broker;
  private final X509ExtendedTrustManager judge;

  private BrokerTrust(String broker, X509ExtendedTrustManager judge) {
    this.broker = broker;
    this.judge = judge;
  }

  /**
   * Makes the client connect to nobody but the broker. By itself it takes any certificate of
   * anybody, and only warns.
   *
   * @throws IllegalArgumentException when the authorities cannot be read
   */
  static void demand(ConnectionFactory client, AmqpSettings settings) {
    try {
      SSLContext tls = SSLContext.getInstance("TLS");
      BrokerTrust trust = new BrokerTrust(settings.link().broker(), judge(settings.authority()));
      tls.init(null, new TrustManager[] {trust}, null);
      client.useSslProtocol(tls);
      client.enableHostnameVerification();
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("This JVM has no TLS.", e);
    }
  }

  private static X509ExtendedTrustManager judge(@Nullable Path authority)
      throws GeneralSecurityException {
    TrustManagerFactory managers =
        TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
    managers.init(authority == null ? null : authorities(authority));
    return Arrays.stream(managers.getTrustManagers())
        .filter(X509ExtendedTrustManager.class::isInstance)
        .map(X509ExtendedTrustManager.class::cast)
        .findFirst()
        .orElseThrow(() -> new GeneralSecurityException("no judge of certificates"));
  }

  private static KeyStore authorities(Path file) throws GeneralSecurityException {
    Collection<? extends Certificate> found;
    try (InputStream in = Files.newInputStream(file)) {
      found = CertificateFactory.getInstance("X.509").generateCertificates(in);
    } catch (IOException | CertificateException e) {
      throw new IllegalArgumentException(
          "tern.amqp.authority: no certificates can be read from %s: %s".formatted(file, e), e);
    }
    if (found.isEmpty()) {
      throw new IllegalArgumentException(
          "tern.amqp.authority: %s has no certificate in PEM form".formatted(file));
    }
    KeyStore store = KeyStore.getInstance(KeyStore.getDefaultType());
    try {
      store.load(null, null);
    } catch (IOException e) {
      throw new GeneralSecurityException(e);
    }
    for (Certificate one : found) {
      store.setCertificateEntry("authority-" + store.size(), one);
    }
    return store;
  }

  @Override
  public void checkServerTrusted(X509Certificate[] chain, String type, Socket socket)
      throws CertificateException {
    try {
      judge.checkServerTrusted(chain, type, socket);
    } catch (CertificateException e) {
      throw refused(chain, type, e);
    }
  }

  @Override
  public void checkServerTrusted(X509Certificate[] chain, String type, SSLEngine engine)
      throws CertificateException {
    try {
      judge.checkServerTrusted(chain, type, engine);
    } catch (CertificateException e) {
      throw refused(chain, type, e);
    }
  }

  /** Who vouches is asked again without the name, to tell a wrong name from a wrong authority. */
  private CertificateException refused(
      X509Certificate[] chain, String type, CertificateException why) {
    try {
      judge.checkServerTrusted(chain, type);
    } catch (CertificateException e) {
      return new CertificateException(
          ("%s is refused, nothing was said to it: no trusted authority vouches for its certificate (%s)."
                  + " If it is the right broker, name the certificate of its authority in"
                  + " tern.amqp.authority.")
              .formatted(broker, e.getMessage()),
          why);
    }
    return new CertificateException(
        ("%s is refused, nothing was said to it: its certificate is another host's (%s). If it is the"
                + " right broker, write the name that its certificate has in tern.amqp.uri, or give"
                + " it a certificate with this name.")
            .formatted(broker, why.getMessage()),
        why);
  }

  /** Never: the broker's address would not be compared. */
  @Override
  public void checkServerTrusted(X509Certificate[] chain, String type) throws CertificateException {
    throw new CertificateException("a certificate without its connection is not judged");
  }

  @Override
  public void checkClientTrusted(X509Certificate[] chain, String type, Socket socket)
      throws CertificateException {
    throw noServer();
  }

  @Override
  public void checkClientTrusted(X509Certificate[] chain, String type, SSLEngine engine)
      throws CertificateException {
    throw noServer();
  }

  @Override
  public void checkClientTrusted(X509Certificate[] chain, String type) throws CertificateException {
    throw noServer();
  }

  private static CertificateException noServer() {
    return new CertificateException("nobody connects to this process by AMQP");
  }

  @Override
  public X509Certificate[] getAcceptedIssuers() {
    return judge.getAcceptedIssuers();
  }
}
