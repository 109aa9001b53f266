package dev.tern.system;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tern.api.policy.Least;
import dev.tern.api.policy.Rules;
import dev.tern.api.policy.Rules.Rule;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/**
 * {@code docs/policies.md} is made from {@link Rules}, and those are the rules that the code asks
 * about; {@code -Dwrite.docs=true} writes the page anew.
 */
@DisplayName("docs/policies.md")
class PoliciesPromiseTest {
  private static final Path PAGE = Path.of("..", "docs", "policies.md");
  private static final Path CODE = Path.of("..", "compute-api", "src", "main", "java");

  private static final Pattern ASKED =
      Pattern.compile(
          "\\.require\\(\\s*(?:[a-zA-Z.]*Role\\.)?(?<role>[A-Z]+),\\s*\"(?<rule>[^\"]+)\"\\)");

  private static final String HEAD =
      """
      # Policies

      Made by `PoliciesPromiseTest` from the rules that the API asks about. Names are Nova's where Nova has the rule. `tern.api.policy-file` names a file, YAML
      or JSON in oslo.policy's form, whose rules take the places of these; [how](security.md#who-may). A rule there that is not here stops the start, by name.

      | default | holds for |
      |---|---|
      | `admin` | `rule:context_is_admin`: the role admin, in any project |
      | `manager` | `rule:project_manager_or_admin`: managers of the project, and admin |
      | `member` | `rule:project_member_or_admin`: managers and members of the project, and admin |
      | `reader` | `rule:project_reader_or_admin`: everybody with one of Nova's roles in the project, and admin |
      | anybody | every token of a project |

      | rule | default | about |
      |---|---|---|
      """;

  private static String page() {
    StringBuilder page = new StringBuilder(HEAD);
    Rules.ALL.values().stream()
        .sorted(Comparator.comparing(Rule::name))
        .forEach(rule ->
            page.append("| `")
                .append(rule.name())
                .append("` | ")
                .append(word(rule.least()))
                .append(" | ")
                .append(rule.covers())
                .append(" |\n"));
    return page.toString();
  }

  private static String word(Least least) {
    return least == Least.ANYBODY
        ? "anybody"
        : "`" + least.name().toLowerCase(java.util.Locale.ROOT) + "`";
  }

  @Test
  void lists_every_rule_with_its_default() throws IOException {
    String page = page();
    if (Boolean.getBoolean("write.docs")) {
      Files.writeString(PAGE, page);
    }
    assertThat(PAGE).content().isEqualTo(page);
  }

  @Test
  void lists_what_the_code_asks_about_and_nothing_else() throws IOException {
    Map<String, Least> asked = new TreeMap<>();
    StringBuilder code = new StringBuilder();
    List<Path> files;
    try (Stream<Path> all = Files.walk(CODE)) {
      files =
          all.filter(file -> file.toString().endsWith(".java"))
              .filter(file -> !file.endsWith("Rules.java"))
              .toList();
    }
    for (Path file : files) {
      String text = Files.readString(file);
      code.append(text);
      Matcher matcher = ASKED.matcher(text);
      while (matcher.find()) {
        String role = matcher.group("role");
        asked.put(
            Rules.full(matcher.group("rule")),
            role.equals("NONE") ? Least.ANYBODY : Least.valueOf(role));
      }
    }
    Map<String, Least> listed = new TreeMap<>();
    Rules.ALL.forEach((name, rule) -> listed.put(name, rule.least()));
    assertThat(listed)
        .as("dev.tern.api.policy.Rules has every rule that is required, and its least role")
        .containsAllEntriesOf(asked);
    listed.keySet().removeAll(asked.keySet());
    assertThat(listed.keySet())
        .as("rules that nobody asks about")
        .allMatch(name -> isMadeUp(name.replace("os_compute_api:", ""), code.toString()));
  }

  /** Whether the name is given through a variable, whole or in two parts. */
  private static boolean isMadeUp(String name, String code) {
    String first = name.substring(0, name.lastIndexOf(':') + 1);
    return code.contains('"' + name + '"') || code.contains('"' + first + "\" + ");
  }
}
