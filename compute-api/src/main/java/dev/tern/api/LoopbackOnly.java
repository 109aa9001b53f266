package dev.tern.api;

import java.net.InetAddress;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.tomcat.servlet.TomcatServletWebServerFactory;
import org.springframework.boot.web.server.Ssl;
import org.springframework.boot.web.server.WebServerFactoryCustomizer;

/**
 * Without authentication everybody is an administrator, so such an API listens where only this
 * machine can reach it; with it, tokens go over the network by TLS only.
 */
final class LoopbackOnly implements WebServerFactoryCustomizer<TomcatServletWebServerFactory> {
  private final ApiSettings settings;

  private final boolean open;

  LoopbackOnly(ApiSettings settings, boolean open) {
    this.settings = settings;
    this.open = open;
  }

  @Override
  public void customize(TomcatServletWebServerFactory factory) {
    check(factory.getAddress(), Ssl.isEnabled(factory.getSsl()));
  }

  /**
   * Passes when there is no port for metrics and health alone, or it is loopback's, or {@code
   * tern.api.insecure} says that this is meant: nobody is asked for a token there.
   *
   * @throws IllegalStateException otherwise; the start fails with it
   */
  void check(boolean apart, InetAddress address) {
    if (apart && !settings.insecure() && !address.isLoopbackAddress()) {
      throw new IllegalStateException(
          "management.server.port asks nobody for a token, so it does not listen on %s: set management.server.address to a loopback address, or tern.api.insecure=true if everybody who reaches it may see metrics."
              .formatted(address.getHostAddress()));
    }
  }

  /**
   * Passes when the address is loopback, when there is authentication by TLS, or when {@code
   * tern.api.insecure} says that this is meant.
   *
   * @throws IllegalStateException otherwise; the start fails with it
   */
  void check(@Nullable InetAddress address, boolean tls) {
    if (settings.insecure() || (address != null && address.isLoopbackAddress())) {
      return;
    }
    if (!open) {
      if (tls) {
        return;
      }
      throw new IllegalStateException(
          "The API does not take tokens in plaintext on %s: set server.ssl.*, or server.address to a loopback address, or tern.api.insecure=true, for example behind a proxy that does TLS."
              .formatted(address == null ? "every address" : address.getHostAddress()));
    }
    throw new IllegalStateException(
        "The API has no authentication, so it does not listen on %s: set server.address to a loopback address, or tern.api.insecure=true if everybody who reaches it may be an administrator."
            .formatted(address == null ? "every address" : address.getHostAddress()));
  }
}
