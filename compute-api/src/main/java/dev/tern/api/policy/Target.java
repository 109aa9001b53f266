package dev.tern.api.policy;

import java.util.Set;

/** Whose thing a rule is asked about. */
public record Target(String project, String user) {
  /** What a rule may name of it: {@code %(project_id)s}. */
  static final Set<String> NAMES =
      Set.of("project_id", "user_id", "tenant_id", "target.project_id", "target.user_id");

  String value(String name) {
    return name.endsWith("user_id") ? user : project;
  }
}
