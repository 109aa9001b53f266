package dev.tern.contract.tracing;

import dev.tern.contract.Setting;
import java.net.InetAddress;
import java.net.URI;
import java.util.Optional;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * Where traces go.
 *
 * @param endpoint of a collector; empty for no traces
 * @param insecure whether it may be another machine's and reached without TLS
 */
@ConfigurationProperties("tern.otlp")
public record OtlpSettings(
    @Setting(
            "A collector of traces that speaks OTLP over HTTP, without the path, such as http://127.0.0.1:4318; all processes of an installation name one. None makes no traces, at no cost.")
        Optional<String> endpoint,
    @Setting(
            "true lets the collector be another machine's and reached in plaintext: ids and names of servers and hosts go over the network as they are.")
        @DefaultValue("false")
        boolean insecure) {

  public OtlpSettings {
    endpoint = endpoint.filter(given -> !given.isBlank());
    endpoint.ifPresent(given -> check(given, insecure));
  }

  private static void check(String given, boolean insecure) {
    URI address;
    try {
      address = URI.create(given);
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException("tern.otlp.endpoint is no address: " + e.getMessage(), e);
    }
    boolean tls = "https".equals(address.getScheme());
    if ((!tls && !"http".equals(address.getScheme())) || address.getHost() == null) {
      throw new IllegalArgumentException(
          "tern.otlp.endpoint is http://host:port or https://host:port");
    }
    if (!tls && !insecure && !isHere(address.getHost())) {
      throw new IllegalArgumentException(
          "tern.otlp.endpoint reaches %s in plaintext: use https://, or set tern.otlp.insecure=true if the network between is trusted"
              .formatted(address.getHost()));
    }
  }

  private static boolean isHere(String host) {
    if (host.equals("localhost")) {
      return true;
    }
    try {
      return InetAddress.ofLiteral(host.replaceAll("[\\[\\]]", "")).isLoopbackAddress();
    } catch (IllegalArgumentException _) {
      return false;
    }
  }
}
