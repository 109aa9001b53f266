package dev.tern.api.tokens;

import java.util.List;
import org.jspecify.annotations.Nullable;
import org.springframework.security.authentication.AbstractAuthenticationToken;

/** A token as it came, of which nothing is known yet. */
public final class BearerToken extends AbstractAuthenticationToken {
  private static final long serialVersionUID = 1L;

  private final String value;
  private final boolean evenExpired;

  /**
   * A token to be looked at.
   *
   * @param evenExpired whether it may have expired, because a service vouches for it
   */
  public BearerToken(String value, boolean evenExpired) {
    super(List.of());
    this.value = value;
    this.evenExpired = evenExpired;
  }

  public boolean evenExpired() {
    return evenExpired;
  }

  @Override
  public String getCredentials() {
    return value;
  }

  @Override
  public String getPrincipal() {
    return "whoever has this token";
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
