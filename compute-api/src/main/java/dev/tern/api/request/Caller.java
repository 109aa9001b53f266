package dev.tern.api.request;

import dev.tern.api.errors.Refusals;
import dev.tern.api.policy.Credentials;
import dev.tern.api.policy.Credentials.Scope;
import dev.tern.api.policy.Least;
import dev.tern.api.policy.Policy;
import dev.tern.api.policy.Rules;
import dev.tern.api.policy.Target;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Who asks, and for which project. Roles contain the ones before them.
 *
 * @param project empty when the token is for none
 * @param role by Nova's own words; what it allows is the policy's to say
 */
public record Caller(String user, String project, Role role, Rights rights) {
  /** In rising order. */
  public enum Role {
    /** None that Nova's rules know. */
    NONE,
    READER,
    MEMBER,
    MANAGER,
    ADMIN;

    private Least least() {
      return this == NONE ? Least.ANYBODY : Least.valueOf(name());
    }
  }

  /** With this role and those that it contains, in the project, under Nova's own rules. */
  public Caller(String user, String project, Role role) {
    this(user, project, role, rights(user, project, role));
  }

  private static Rights rights(String user, String project, Role role) {
    Set<String> roles =
        Stream.of(role)
            .filter(one -> one != Role.NONE)
            .map(one -> one.name().toLowerCase(Locale.ROOT))
            .collect(Collectors.toUnmodifiableSet());
    return new Rights(
        Policy.novas(), Credentials.inProject(user, project, roles), new Target(project, user));
  }

  /** As a token says, under a policy. */
  private static Caller of(String user, String project, Credentials credentials, Policy policy) {
    Rights rights = new Rights(policy, credentials, new Target(project, user));
    return new Caller(user, project, role(credentials, rights), rights);
  }

  /** Of whom nothing is known. */
  static Caller nobody() {
    return of("", "", new Credentials(Set.of(), Scope.NONE, Map.of()));
  }

  /** As a token says, under Nova's own rules. */
  public static Caller of(String user, String project, Credentials credentials) {
    return of(user, project, credentials, Policy.novas());
  }

  private static Role role(Credentials credentials, Rights rights) {
    if (rights.isAdmin()) {
      return Role.ADMIN;
    }
    if (credentials.scope() != Scope.PROJECT) {
      return Role.NONE;
    }
    return Stream.of(Role.MANAGER, Role.MEMBER, Role.READER)
        .filter(role -> credentials.roles().contains(role.name().toLowerCase(Locale.ROOT)))
        .findFirst()
        .orElse(Role.NONE);
  }

  /** The same caller under another policy. */
  Caller under(Policy policy) {
    return of(user, project, rights.credentials(), policy);
  }

  /** Whether the token is for a project; Nova's own rules take no other. */
  public boolean hasProject() {
    return rights.credentials().scope() == Scope.PROJECT;
  }

  /** As its token says, with those that they imply, in order. */
  public List<String> roles() {
    return rights.credentials().roles().stream().sorted().toList();
  }

  public boolean admin() {
    return role == Role.ADMIN;
  }

  /** Whether the caller may see and touch what belongs to a project, as far as the project goes. */
  public boolean mayEnter(String other) {
    return admin() || (hasProject() && project.equals(other));
  }

  /** From here on, rules are asked about a thing of this project. */
  public void lookAt(String owner) {
    rights.lookAt(new Target(owner, user));
  }

  /**
   * Holds when the rule allows it; one that no policy file says anything of allows whoever has at
   * least this role.
   *
   * @param rule Nova's name of the rule, without {@code os_compute_api:}
   * @throws dev.tern.contract.ComputeException {@code FORBIDDEN} otherwise
   */
  public void require(Role least, String rule) {
    if (!rights.allow(Rules.full(rule), least.least())) {
      throw Refusals.forbidden(rule);
    }
  }
}
