package dev.tern.api.tokens;

import dev.tern.api.errors.HttpFailure;
import dev.tern.api.request.Authentication;
import dev.tern.api.request.Caller;
import dev.tern.api.request.NoAuthentication;
import dev.tern.api.request.RequestFilter;
import jakarta.servlet.http.HttpServletRequest;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.security.authentication.AuthenticationProvider;
import org.springframework.security.authentication.AuthenticationServiceException;
import org.springframework.security.authentication.ProviderManager;
import org.springframework.security.core.AuthenticationException;

/**
 * Who asks is who the token in {@code X-Auth-Token} says. A service that asks for a user shows its
 * own in {@code X-Service-Token} besides: a bad one is refused, and a good one of a service role
 * vouches for a user's token that has expired meanwhile, as keystonemiddleware has it. No other
 * header says anything of the caller.
 */
public final class TokenAuthentication implements Authentication {
  private static final Logger log = LoggerFactory.getLogger(TokenAuthentication.class);
  private static final int LONGEST = 8 * 1024;

  private final ProviderManager tokens;
  private final Set<String> serviceRoles;
  private final Optional<String> identity;
  private final Optional<NoAuthentication> withoutToken;

  /**
   * Asks the provider about tokens.
   *
   * @param identity where tokens are got, for {@code WWW-Authenticate}; without it at this API
   * @param withoutToken says who comes without a token; without it nobody may
   */
  public TokenAuthentication(
      AuthenticationProvider provider,
      Optional<String> identity,
      List<String> serviceRoles,
      Optional<NoAuthentication> withoutToken) {
    this.tokens = new ProviderManager(provider);
    this.serviceRoles =
        serviceRoles.stream()
            .map(role -> role.toLowerCase(Locale.ROOT))
            .collect(Collectors.toUnmodifiableSet());
    this.identity = identity;
    this.withoutToken = withoutToken;
  }

  @Override
  public Caller callerOf(HttpServletRequest request, Optional<String> urlProject) {
    if (withoutToken.isPresent() && NoAuthentication.isAbsent(request.getHeader("X-Auth-Token"))) {
      return withoutToken.get().callerOf(request, urlProject);
    }
    boolean vouched =
        one(request, "X-Service-Token")
            .map(token -> content(token, false, request).credentials().roles())
            .filter(roles -> !Collections.disjoint(roles, serviceRoles))
            .isPresent();
    TokenContent content =
        content(one(request, "X-Auth-Token").orElseThrow(() -> refusal(request)), vouched, request);
    return Caller.of(content.user(), content.project(), content.credentials());
  }

  /** Two of one header is one too many: a proxy and this API could read different ones. */
  private Optional<String> one(HttpServletRequest request, String header) {
    List<String> all = Collections.list(request.getHeaders(header));
    if (all.size() > 1) {
      throw refusal(request);
    }
    return all.stream().filter(token -> !token.isEmpty()).findFirst();
  }

  private TokenContent content(String token, boolean evenExpired, HttpServletRequest request) {
    if (token.length() > LONGEST || !token.chars().allMatch(c -> c > ' ' && c < 0x7f)) {
      throw refusal(request);
    }
    try {
      return tokens.authenticate(new BearerToken(token, evenExpired)) instanceof KnownToken known
          ? known.content()
          : refused(request);
    } catch (AuthenticationServiceException e) {
      log.atWarn().setCause(e).log("nobody says whether a token is good");
      throw new HttpFailure(
          503,
          "The identity service does not answer, so nobody knows who asks. Try again later.",
          Map.of("Retry-After", "5"));
    } catch (AuthenticationException e) {
      log.atInfo().addKeyValue("reason", e.getMessage()).log("token refused");
      throw refusal(request);
    }
  }

  private TokenContent refused(HttpServletRequest request) {
    throw refusal(request);
  }

  private HttpFailure refusal(HttpServletRequest request) {
    String where = identity.orElseGet(() -> RequestFilter.base(request) + "/identity/v3");
    return new HttpFailure(
        401,
        "The request you have made requires authentication.",
        Map.of("WWW-Authenticate", "Keystone uri=\"" + where + "\""));
  }
}
