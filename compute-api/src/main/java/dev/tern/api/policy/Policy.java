package dev.tern.api.policy;

import dev.tern.api.policy.Credentials.Scope;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;

/**
 * The rules: Nova's defaults, with those of a policy file in their places. Of rules that nobody
 * changed a token of a domain, of the system or of nothing satisfies none, as in Nova; those of a
 * file are taken as they are written, so that {@code system_scope:all} can be granted something.
 */
public final class Policy {
  /** What Nova's rules are made of; an operator may change these too. */
  static final Map<String, String> BASE =
      Map.ofEntries(
          Map.entry("context_is_admin", "role:admin"),
          Map.entry("admin_api", "is_admin:True"),
          Map.entry("admin_or_owner", "is_admin:True or project_id:%(project_id)s"),
          Map.entry("project_reader_api", "role:reader and project_id:%(project_id)s"),
          Map.entry("project_member_api", "role:member and project_id:%(project_id)s"),
          Map.entry("project_manager_api", "role:manager and project_id:%(project_id)s"),
          Map.entry("project_reader_or_admin", "rule:project_reader_api or rule:context_is_admin"),
          Map.entry("project_member_or_admin", "rule:project_member_api or rule:context_is_admin"),
          Map.entry(
              "project_manager_or_admin", "rule:project_manager_api or rule:context_is_admin"),
          Map.entry("service_api", "role:service"));

  private static final Policy NOVAS = new Policy(Map.of());

  private final Map<String, Check> checks = new HashMap<>();
  private final Set<String> changed;

  /**
   * @param file rules of the operator, by name; empty for Nova's own
   * @throws IllegalArgumentException naming the rule that is unknown, cannot be read, refers to one
   *     that there is not, or to itself
   */
  public Policy(Map<String, String> file) {
    Map<String, String> all = new LinkedHashMap<>(BASE);
    Rules.ALL.forEach((name, rule) -> all.put(name, rule.least().expression()));
    for (String name : file.keySet()) {
      if (Rules.isOfAnApi(name) && !Rules.ALL.containsKey(name)) {
        throw new IllegalArgumentException(
            "the rule '%s' is unknown; docs/policies.md lists those that there are"
                .formatted(name));
      }
    }
    all.putAll(file);
    all.forEach((name, text) -> checks.put(name, parsed(name, text)));
    changed = Set.copyOf(file.keySet());
    checks.keySet().forEach(name -> follow(name, List.of()));
  }

  /** Nova's own rules. */
  public static Policy novas() {
    return NOVAS;
  }

  /** Whether an operator's file says something of it. */
  public boolean isChanged() {
    return !changed.isEmpty();
  }

  private static Check parsed(String name, String text) {
    try {
      return RuleParser.parse(text);
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException("the rule '%s': %s".formatted(name, e.getMessage()), e);
    }
  }

  /** Finds references to nothing, and circles. */
  private void follow(String name, List<String> path) {
    if (path.contains(name)) {
      throw new IllegalArgumentException(
          "the rule '%s' refers to itself: %s"
              .formatted(name, String.join(" → ", path) + " → " + name));
    }
    Check check = checks.get(name);
    if (check == null) {
      throw new IllegalArgumentException(
          "the rule '%s' refers to the rule '%s', and there is none"
              .formatted(path.getLast(), name));
    }
    List<String> longer = new ArrayList<>(path);
    longer.add(name);
    references(check).forEach(other -> follow(other, longer));
  }

  private static Set<String> references(Check check) {
    Set<String> found = new TreeSet<>();
    switch (check) {
      case Check.Refers(String rule) -> found.add(rule);
      case Check.Not(Check inner) -> found.addAll(references(inner));
      case Check.All(List<Check> inner) -> inner.forEach(one -> found.addAll(references(one)));
      case Check.Any(List<Check> inner) -> inner.forEach(one -> found.addAll(references(one)));
      case Check.Compares(String fact, String _) when fact.equals("is_admin") ->
          found.add("context_is_admin");
      case Check.Always _, Check.HasRole _, Check.Compares _ -> {}
    }
    return found;
  }

  /**
   * Whether the caller may.
   *
   * @param least what holds when no rule of this name is known
   */
  public boolean allows(String rule, Least least, Credentials caller, Target target) {
    Check check = checks.getOrDefault(rule, RuleParser.parse(least.expression()));
    boolean scoped = caller.scope() == Scope.PROJECT || isChanged(rule, check);
    return scoped && holds(check, caller, target);
  }

  /** Whether the file says something of a rule, or of one that it refers to. */
  private boolean isChanged(String rule, Check check) {
    return changed.contains(rule)
        || references(check).stream()
            .anyMatch(
                other -> isChanged(other, checks.getOrDefault(other, new Check.Always(false))));
  }

  /** Whether the caller is an administrator, who sees all projects: {@code context_is_admin}. */
  public boolean isAdmin(Credentials caller, Target target) {
    return allows("context_is_admin", Least.ADMIN, caller, target);
  }

  private boolean holds(Check check, Credentials caller, Target target) {
    return switch (check) {
      case Check.Always(boolean value) -> value;
      case Check.HasRole(String role) -> caller.roles().contains(role);
      case Check.Refers(String rule) ->
          holds(checks.getOrDefault(rule, new Check.Always(false)), caller, target);
      case Check.Not(Check inner) -> !holds(inner, caller, target);
      case Check.All(List<Check> inner) ->
          inner.stream().allMatch(one -> holds(one, caller, target));
      case Check.Any(List<Check> inner) ->
          inner.stream().anyMatch(one -> holds(one, caller, target));
      case Check.Compares(String fact, String right) -> {
        String wanted = RuleParser.filled(right, target);
        yield of(fact, caller, target).map(wanted::equals).orElse(false);
      }
    };
  }

  private Optional<String> of(String fact, Credentials caller, Target target) {
    if (fact.startsWith("'")) {
      return Optional.of(RuleParser.filled(fact, target));
    }
    if (fact.equals("True") || fact.equals("False")) {
      return Optional.of(fact);
    }
    if (fact.equals("is_admin")) {
      return Optional.of(capitalised(isAdmin(caller, target)));
    }
    return Optional.ofNullable(caller.facts().get(fact));
  }

  /** As Python writes it. */
  private static String capitalised(boolean value) {
    String word = Boolean.toString(value);
    return word.substring(0, 1).toUpperCase(Locale.ROOT) + word.substring(1);
  }
}
