package dev.tern.api;

import dev.tern.api.errors.ErrorReply;
import dev.tern.api.errors.Refusals;
import jakarta.servlet.FilterChain;
import jakarta.servlet.ServletException;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.springframework.web.filter.OncePerRequestFilter;

/**
 * Without authentication the API trusts whoever reaches this machine's loopback; a browser there
 * does so for every page it shows. A page whose own name was made to lead here is known by the Host
 * it names, and one that sends requests across by its Origin; both are refused.
 */
final class OwnHostsOnly extends OncePerRequestFilter {
  private static final Pattern LOOPBACK =
      Pattern.compile("localhost|127(\\.\\d{1,3}){3}|\\[?(::1|0:0:0:0:0:0:0:1)]?");

  private final boolean everybody;
  private final Optional<String> publicHost;

  /**
   * @throws IllegalArgumentException when {@code tern.api.public-url} has no host
   */
  OwnHostsOnly(ApiSettings settings, boolean open) {
    this.everybody = settings.insecure() || !open;
    this.publicHost = settings.publicUrl().map(OwnHostsOnly::hostOf);
  }

  private static String hostOf(String url) {
    String host = URI.create(url).getHost();
    if (host == null) {
      throw new IllegalArgumentException("tern.api.public-url '%s' has no host".formatted(url));
    }
    return host.toLowerCase(Locale.ROOT);
  }

  @Override
  protected void doFilterInternal(
      HttpServletRequest request, HttpServletResponse response, FilterChain chain)
      throws ServletException, IOException {
    String host = request.getServerName();
    @Nullable String origin = request.getHeader("Origin");
    if (everybody || (isOwn(host) && (origin == null || isOwnOrigin(origin)))) {
      chain.doFilter(request, response);
      return;
    }
    ErrorReply refusal =
        isOwn(host)
            ? new ErrorReply(
                403,
                "Pages of %s may not use this API: it has no authentication."
                    .formatted(Refusals.shortened(origin)))
            : new ErrorReply(
                400,
                "This API does not answer to the host name %s: use localhost or a loopback address, or set tern.api.public-url."
                    .formatted(Refusals.shortened(host)));
    byte[] body = refusal.body(request).toString().getBytes(StandardCharsets.UTF_8);
    response.setStatus(refusal.status());
    response.setContentType("application/json");
    response.setContentLength(body.length);
    response.getOutputStream().write(body);
  }

  private boolean isOwn(String host) {
    String name = host.toLowerCase(Locale.ROOT);
    return LOOPBACK.matcher(name).matches() || publicHost.filter(name::equals).isPresent();
  }

  private boolean isOwnOrigin(String origin) {
    try {
      String host = URI.create(origin).getHost();
      return host != null && isOwn(host);
    } catch (IllegalArgumentException _) {
      return false;
    }
  }
}
