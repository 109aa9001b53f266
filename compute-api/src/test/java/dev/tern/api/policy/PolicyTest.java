package dev.tern.api.policy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tern.api.policy.Credentials.Scope;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

@DisplayName("A policy")
class PolicyTest {
  private static final String RULE = "os_compute_api:servers:delete";
  private static final Target OURS = new Target("sea", "gull");
  private static final Target THEIRS = new Target("lake", "duck");

  private static Credentials with(String... roles) {
    return Credentials.inProject("gull", "sea", Set.of(roles));
  }

  private static boolean allows(String rule, Credentials caller, Target target) {
    return new Policy(Map.of(RULE, rule)).allows(RULE, Least.ADMIN, caller, target);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '"',
      value = {
        "\"\"                                                 | true",
        "@                                                    | true",
        "!                                                    | false",
        "role:member                                          | true",
        "role:Member                                          | true",
        "role:reader                                          | true",
        "role:manager                                         | false",
        "not role:manager                                     | true",
        "NOT role:member                                      | false",
        "role:manager or role:member                          | true",
        "role:manager and role:member                         | false",
        "role:member or role:manager and !                    | true",
        "(role:member or role:manager) and !                  | false",
        "not role:manager and not (role:admin or !)           | true",
        "project_id:%(project_id)s                            | true",
        "user_id:%(user_id)s                                  | true",
        "project_id:%(target.project_id)s                     | true",
        "project_id:sea                                       | true",
        "project_id:lake                                      | false",
        "'sea':%(project_id)s                                 | true",
        "'lake':%(project_id)s                                | false",
        "True:True                                            | true",
        "is_admin:True                                        | false",
        "is_admin:False                                       | true",
        "system_scope:all                                     | false",
        "rule:project_member_api                              | true",
        "rule:admin_or_owner                                  | true",
        "rule:context_is_admin                                | false"
      })
  void holds_as_oslo_policy_says(String rule, boolean allowed) {
    assertThat(allows(rule, with("member"), OURS)).isEqualTo(allowed);
  }

  @Test
  void knows_whose_thing_it_is() {
    assertThat(allows("project_id:%(project_id)s", with("admin"), THEIRS)).isFalse();
    assertThat(allows("rule:project_member_or_admin", with("admin"), THEIRS)).isTrue();
    assertThat(allows("rule:project_member_or_admin", with("member"), THEIRS)).isFalse();
  }

  @Test
  void of_nova_takes_tokens_of_a_project_only() {
    Credentials system =
        new Credentials(
            Set.of("admin"), Scope.SYSTEM, Map.of("user_id", "root", "system_scope", "all"));
    assertThat(Policy.novas().allows(RULE, Least.MEMBER, system, OURS)).isFalse();
    assertThat(Policy.novas().isAdmin(system, OURS)).isFalse();
    assertThat(allows("role:admin and system_scope:all", system, OURS)).isTrue();
    Policy granted = new Policy(Map.of("context_is_admin", "role:admin and system_scope:all"));
    assertThat(granted.isAdmin(system, OURS)).isTrue();
    assertThat(granted.allows(RULE, Least.MEMBER, system, OURS)).isTrue();
    assertThat(granted.isAdmin(with("admin"), OURS)).isFalse();
  }

  @Test
  void may_have_rules_of_the_operators_own() {
    Policy policy =
        new Policy(
            PolicyFile.rules(
                """
                # in YAML
                "sailors": "role:sailor and project_id:%(project_id)s"
                "os_compute_api:servers:delete": "rule:sailors or rule:context_is_admin"
                os_compute_api:servers:start: [["role:sailor", "project_id:sea"], ["role:admin"]]
                """));
    assertThat(policy.allows(RULE, Least.MEMBER, with("sailor"), OURS)).isTrue();
    assertThat(policy.allows(RULE, Least.MEMBER, with("member"), OURS)).isFalse();
    assertThat(policy.allows("os_compute_api:servers:start", Least.MEMBER, with("sailor"), OURS))
        .isTrue();
    assertThat(policy.allows("os_compute_api:servers:stop", Least.MEMBER, with("sailor"), OURS))
        .isFalse();
    assertThat(PolicyFile.rules("{\"os_compute_api:servers:stop\": \"@\"}")).hasSize(1);
    assertThat(PolicyFile.rules("# nothing")).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "role:",
        ":admin",
        "role",
        "role:admin and",
        "and role:admin",
        "role:admin role:member",
        "(role:admin",
        "role:admin)",
        "()",
        "not",
        "role:admin or or role:member",
        "http://judge/",
        "colour:blue",
        "project_id:%(colour)s",
        "role:%(project_id)s",
        "rule:nobody",
        "rule:os_compute_api:servers:delete",
        "role:'admin"
      })
  void that_cannot_be_read_is_refused_by_its_rules_name(String rule) {
    assertThatThrownBy(() -> allows(rule, with(), OURS))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining(RULE);
  }

  @Test
  void that_asks_itself_whether_somebody_is_an_administrator_is_refused() {
    assertThatThrownBy(() -> new Policy(Map.of("context_is_admin", "is_admin:True")))
        .hasMessageContaining("refers to itself");
  }

  @Test
  void with_a_rule_that_nobody_asks_about_is_refused() {
    assertThatThrownBy(() -> new Policy(Map.of("os_compute_api:servers:delet", "@")))
        .hasMessageContaining("the rule 'os_compute_api:servers:delet' is unknown");
  }

  @Test
  void nested_without_end_is_refused() {
    assertThatThrownBy(() -> allows("(".repeat(9000) + "@", with(), OURS))
        .hasMessageContaining("nested deeper");
    assertThatThrownBy(() -> allows("not ".repeat(2000) + "@", with(), OURS))
        .hasMessageContaining("nested deeper");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "[]",
        "a: 1",
        "a: {b: c}",
        "1: '@'",
        "a: [[1]]",
        "a: '@'\na: '!'",
        "a: [",
        "just text",
        "a: !!java.util.Date 2020-01-01"
      })
  void file_of_another_shape_is_refused(String text) {
    assertThatThrownBy(() -> PolicyFile.rules(text)).isInstanceOf(IllegalArgumentException.class);
  }
}
