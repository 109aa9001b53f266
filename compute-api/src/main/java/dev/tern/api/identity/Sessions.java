package dev.tern.api.identity;

import dev.tern.api.errors.HttpFailure;
import dev.tern.api.identity.TokenBook.Good;
import jakarta.servlet.http.HttpServletRequest;
import org.jspecify.annotations.Nullable;

/** Who asks the identity service, by the token in {@code X-Auth-Token}. */
final class Sessions {
  private final TokenBook tokens;
  private final KnownUsers users;

  Sessions(TokenBook tokens, KnownUsers users) {
    this.tokens = tokens;
    this.users = users;
  }

  Users users() {
    return users.now();
  }

  /**
   * The token of whoever asks.
   *
   * @throws HttpFailure 401 when it is none
   */
  Good of(HttpServletRequest request) {
    @Nullable String token = request.getHeader("X-Auth-Token");
    if (token == null || token.isEmpty()) {
      throw Logins.refusal();
    }
    return tokens.find(token).orElseThrow(Logins::refusal);
  }

  /**
   * Holds when the caller is an administrator, or the user that it is about.
   *
   * @throws HttpFailure 403 otherwise, in Keystone's words
   */
  static void requireSelf(Good caller, String user, String rule) {
    if (!caller.isAdmin() && !caller.user().id().equals(user)) {
      throw forbidden(rule);
    }
  }

  /**
   * The token in {@code X-Subject-Token}: the caller's own, or any for an administrator or service.
   *
   * @throws HttpFailure 404 when it is unknown, expired or revoked; 403 when it is somebody else's
   */
  Good subject(HttpServletRequest request, Good caller, String rule) {
    @Nullable String value = request.getHeader("X-Subject-Token");
    if (value == null || value.isEmpty()) {
      throw new HttpFailure(400, "The header X-Subject-Token is missing.");
    }
    Good subject =
        tokens.find(value).orElseThrow(() -> new HttpFailure(404, "Could not find token."));
    if (!caller.roles().contains("service")) {
      requireSelf(caller, subject.user().id(), rule);
    }
    return subject;
  }

  static HttpFailure forbidden(String rule) {
    return new HttpFailure(
        403, "You are not authorized to perform the requested action: %s.".formatted(rule));
  }
}
