package dev.tern.client;

import java.io.IOException;
import java.io.InputStream;
import java.net.Socket;
import java.net.http.HttpClient;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.util.Collection;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.TrustManager;
import javax.net.ssl.TrustManagerFactory;
import javax.net.ssl.X509ExtendedTrustManager;

/** Which servers are believed to be who they say: whom the JVM knows, or who is named. */
public final class Trust {
  /** The JVM's authorities. */
  public static final Trust USUAL = new Trust(Optional.empty());

  private static final Set<String> YES = Set.of("true", "yes", "1", "on");
  private static final Set<String> NO = Set.of("false", "no", "0", "off");

  private final Optional<SSLContext> context;

  private Trust(Optional<SSLContext> context) {
    this.context = context;
  }

  /**
   * What {@code clouds.yaml} or an environment says: {@code cacert} is a file of the authorities
   * that are believed instead of the JVM's; {@code verify} false, or {@code insecure} true, lets
   * anybody be anyone, and goes before it.
   *
   * @throws IllegalArgumentException when there is no such file or it has no certificate
   */
  static Trust of(Map<String, String> facts) {
    if (says(facts, "verify", NO) || says(facts, "insecure", YES)) {
      return new Trust(Optional.of(context(new TrustManager[] {new Anybody()})));
    }
    return Optional.ofNullable(facts.get("cacert"))
        .filter(file -> !file.isBlank())
        .map(file -> new Trust(Optional.of(authorities(file))))
        .orElse(USUAL);
  }

  /**
   * What {@code OS_CACERT} and {@code OS_INSECURE} say.
   *
   * @throws IllegalArgumentException when there is no such file or it has no certificate
   */
  public static Trust ofEnvironment(Map<String, String> environment) {
    return of(
        Map.of(
            "cacert",
            environment.getOrDefault("OS_CACERT", ""),
            "insecure",
            environment.getOrDefault("OS_INSECURE", "")));
  }

  HttpClient.Builder client() {
    HttpClient.Builder builder = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1);
    context.ifPresent(builder::sslContext);
    return builder;
  }

  private static boolean says(Map<String, String> facts, String name, Set<String> words) {
    return words.contains(facts.getOrDefault(name, "").strip().toLowerCase(Locale.ROOT));
  }

  private static SSLContext authorities(String named) {
    Path file =
        named.startsWith("~/")
            ? Path.of(System.getProperty("user.home"), named.substring(2))
            : Path.of(named);
    try (InputStream in = Files.newInputStream(file)) {
      KeyStore store = KeyStore.getInstance("PKCS12");
      store.load(null, null);
      Collection<? extends Certificate> all =
          CertificateFactory.getInstance("X.509").generateCertificates(in);
      int number = 0;
      for (Certificate one : all) {
        store.setCertificateEntry("authority-" + number++, one);
      }
      if (number == 0) {
        throw new IllegalArgumentException("The cacert %s has no certificate.".formatted(file));
      }
      TrustManagerFactory factory =
          TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
      factory.init(store);
      return context(factory.getTrustManagers());
    } catch (IOException | GeneralSecurityException e) {
      throw new IllegalArgumentException(
          "The cacert %s cannot be read; it is a file of certificates in PEM.".formatted(file), e);
    }
  }

  private static SSLContext context(TrustManager[] managers) {
    try {
      SSLContext context = SSLContext.getInstance("TLS");
      context.init(null, managers, null);
      return context;
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException(e);
    }
  }

  /** Names are not compared either, as this is an extended one. */
  private static final class Anybody extends X509ExtendedTrustManager {
    @Override
    public void checkClientTrusted(X509Certificate[] chain, String type, Socket socket) {}

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String type, Socket socket) {}

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String type, SSLEngine engine) {}

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String type, SSLEngine engine) {}

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String type) {}

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String type) {}

    @Override
    public X509Certificate[] getAcceptedIssuers() {
      return new X509Certificate[0];
    }
  }
}
