package dev.tern.api.policy;

import java.util.HashSet;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;

/**
 * Who asks, as rules see it.
 *
 * @param roles in lower case, with those that they imply
 * @param scope what the token is for; rules that nobody changed take tokens of a project only
 * @param facts of the caller that a rule may compare, by oslo.policy's names
 */
public record Credentials(Set<String> roles, Scope scope, Map<String, String> facts) {
  /** What a token is for. */
  public enum Scope {
    PROJECT,
    DOMAIN,
    SYSTEM,
    NONE
  }

  /** Each role, with the next that it implies; Keystone's own implications end here too. */
  private static final Map<String, String> IMPLIED =
      Map.of("admin", "manager", "manager", "member", "member", "reader");

  /** What a rule may compare of a caller: {@code user_id:%(user_id)s}. */
  static final Set<String> COMPARABLE =
      Set.of(
          "user_id",
          "project_id",
          "tenant_id",
          "user_domain_id",
          "project_domain_id",
          "domain_id",
          "system_scope",
          "is_admin",
          "is_admin_project");

  public Credentials {
    Set<String> all = new HashSet<>();
    for (String given : roles) {
      Optional<String> role = Optional.of(given.toLowerCase(Locale.ROOT));
      while (role.isPresent() && all.add(role.get())) {
        role = Optional.ofNullable(IMPLIED.get(role.get()));
      }
    }
    roles = Set.copyOf(all);
    facts = Map.copyOf(facts);
  }

  /** Of a user in a project, with some roles there. */
  public static Credentials inProject(String user, String project, Set<String> roles) {
    return new Credentials(
        roles, Scope.PROJECT, Map.of("user_id", user, "project_id", project, "tenant_id", project));
  }

  /** Names nobody, and nothing of a token. */
  @Override
  public String toString() {
    return scope + " " + new TreeSet<>(roles);
  }
}
