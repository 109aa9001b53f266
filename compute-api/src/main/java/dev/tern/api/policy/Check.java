package dev.tern.api.policy;

import java.util.List;

/** A rule's expression, in the language of oslo.policy. */
sealed interface Check {
  /** {@code @} and {@code !}, and the empty rule. */
  record Always(boolean value) implements Check {}

  /** {@code role:NAME}. */
  record HasRole(String role) implements Check {}

  /** {@code rule:NAME}: what another rule says. */
  record Refers(String rule) implements Check {}

  /**
   * {@code left:right}.
   *
   * @param fact of the caller, or a word in quotes
   * @param right a word, or {@code %(name)s} of the target
   */
  record Compares(String fact, String right) implements Check {}

  /** {@code not …}. */
  record Not(Check check) implements Check {}

  /** {@code … and …}. */
  record All(List<Check> checks) implements Check {}

  /** {@code … or …}. */
  record Any(List<Check> checks) implements Check {}
}
