package dev.tern.api.tokens;

import java.util.List;
import org.jspecify.annotations.Nullable;
import org.springframework.security.authentication.AbstractAuthenticationToken;

/** A token that is good, and what it says. */
public final class KnownToken extends AbstractAuthenticationToken {
  private static final long serialVersionUID = 1L;

  private final transient TokenContent content;

  public KnownToken(TokenContent content) {
    super(List.of());
    this.content = content;
    setAuthenticated(true);
  }

  public TokenContent content() {
    return content;
  }

  @Override
  public String getCredentials() {
    return "";
  }

  @Override
  public String getPrincipal() {
    return content.user();
  }

  @Override
  public boolean equals(@Nullable Object other) {
    return other == this;
  }

  @Override
  public int hashCode() {
    return System.identityHashCode(this);
  }
}
