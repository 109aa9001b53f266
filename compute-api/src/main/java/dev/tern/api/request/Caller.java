package dev.tern.api.request;

import dev.tern.api.errors.Refusals;

/** Who asks, and for which project. Roles contain the ones before them. */
public record Caller(String user, String project, Role role) {
  /** In rising order. */
  public enum Role {
    READER,
    MEMBER,
    MANAGER,
    ADMIN
  }

  public boolean admin() {
    return role == Role.ADMIN;
  }

  /** Whether the caller may see and touch what belongs to a project, as far as the project goes. */
  public boolean mayEnter(String other) {
    return admin() || project.equals(other);
  }

  /**
   * Holds when the caller has at least this role.
   *
   * @param rule Nova's name of the policy, for the message
   * @throws dev.tern.contract.ComputeException {@code FORBIDDEN} otherwise
   */
  public void require(Role least, String rule) {
    if (role.compareTo(least) < 0) {
      throw Refusals.forbidden(rule);
    }
  }
}
