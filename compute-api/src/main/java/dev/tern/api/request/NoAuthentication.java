package dev.tern.api.request;

import dev.tern.api.errors.HttpFailure;
import jakarta.servlet.http.HttpServletRequest;
import java.util.Optional;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Nova's {@code noauth2}: a token {@code user:project} is believed, and the user {@code admin} is
 * the administrator. Without a token the caller is the administrator, which is what {@code
 * openstack --os-auth-type none} needs.
 */
public final class NoAuthentication implements Authentication {
  private static final String ADMIN = "admin";

  /** What Python clients send when they were told that there is no authentication. */
  private static final String PLACEHOLDER = "notused";

  private static final Pattern NAME = Pattern.compile("[\\p{Alnum}_.@-]{1,255}");

  /** Whether no token came, or the word that stands for none. */
  public static boolean isAbsent(@Nullable String token) {
    return token == null || token.isEmpty() || token.equals(PLACEHOLDER);
  }

  @Override
  public Caller callerOf(HttpServletRequest request, Optional<String> urlProject) {
    String token = request.getHeader("X-Auth-Token");
    if (token == null || isAbsent(token)) {
      return new Caller(ADMIN, urlProject.orElse(ADMIN), Caller.Role.ADMIN);
    }
    int colon = token.indexOf(':');
    String user = colon < 0 ? token : token.substring(0, colon);
    String project = colon < 0 ? user : token.substring(colon + 1);
    if (!NAME.matcher(user).matches() || !NAME.matcher(project).matches()) {
      throw new HttpFailure(401, "The token is not of the form user:project.");
    }
    return new Caller(user, project, user.equals(ADMIN) ? Caller.Role.ADMIN : Caller.Role.MEMBER);
  }
}
