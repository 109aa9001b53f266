package dev.tern.api.identity;

import dev.tern.api.tokens.BearerToken;
import dev.tern.api.tokens.KnownToken;
import org.springframework.security.authentication.AuthenticationProvider;
import org.springframework.security.authentication.BadCredentialsException;
import org.springframework.security.core.Authentication;

/** A token is good when the identity service of this API gave it out, and it still is. */
public final class EmbeddedProvider implements AuthenticationProvider {
  private final TokenBook tokens;

  EmbeddedProvider(TokenBook tokens) {
    this.tokens = tokens;
  }

  @Override
  public boolean supports(Class<?> type) {
    return BearerToken.class.isAssignableFrom(type);
  }

  /**
   * The token's content.
   *
   * @throws BadCredentialsException when it is unknown, expired or revoked
   */
  @Override
  public Authentication authenticate(Authentication given) {
    return tokens
        .find(((BearerToken) given).getCredentials())
        .map(TokenBook.Good::content)
        .map(KnownToken::new)
        .orElseThrow(() -> new BadCredentialsException("unknown, expired or revoked"));
  }
}
