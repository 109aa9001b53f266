package dev.tern.api;

import java.net.InetAddress;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.tomcat.servlet.TomcatServletWebServerFactory;
import org.springframework.boot.web.server.WebServerFactoryCustomizer;

/**
 * Without authentication everybody is an administrator, so such an API listens where only this
 * machine can reach it.
 */
final class LoopbackOnly implements WebServerFactoryCustomizer<TomcatServletWebServerFactory> {
  private final ApiSettings settings;

  LoopbackOnly(ApiSettings settings) {
    this.settings = settings;
  }

  @Override
  public void customize(TomcatServletWebServerFactory factory) {
    check(factory.getAddress());
  }

  /**
   * Passes when the address is loopback, or {@code tern.api.insecure} says that this is meant.
   *
   * @throws IllegalStateException otherwise; the start fails with it
   */
  void check(@Nullable InetAddress address) {
    if (settings.insecure() || (address != null && address.isLoopbackAddress())) {
      return;
    }
    throw new IllegalStateException(
        "The API has no authentication, so it does not listen on %s: set server.address to a loopback address, or tern.api.insecure=true if everybody who reaches it may be an administrator."
            .formatted(address == null ? "every address" : address.getHostAddress()));
  }
}
