package dev.tern.system;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * The table of steps in {@code docs/live-migration.md} is read off the story in {@code
 * LiveMigrationSaga}; {@code -Dwrite.docs=true} writes it anew.
 */
@DisplayName("The table of a migration's steps")
class SagaTablePromiseTest {
  private static final Path PAGE = Path.of("..", "docs", "live-migration.md");
  private static final Path STORY =
      Path.of(
          "..",
          "conductor",
          "src",
          "main",
          "java",
          "dev",
          "tern",
          "conductor",
          "migration",
          "LiveMigrationSaga.java");

  private static final String BEGIN = "<!-- saga -->\n";
  private static final String END = "<!-- /saga -->";

  private static final Pattern LINE =
      Pattern.compile(
          "\\.(?:phase\\((?<phase>[A-Z]+)\\)|(?<kind>step|pivot|then)\\(\\s*\"(?<name>[a-z-]+)\",\\s*"
              + "(?<who>\\w+)::(?<what>\\w+)(?<rest>.*?)\\)\\s*(?=\\.(?:phase|step|pivot|then|ends)\\())",
          Pattern.DOTALL);

  private static final Pattern UNDO = Pattern.compile("undo\\((\\w+)::(\\w+)\\)");
  private static final Pattern OR_ELSE = Pattern.compile("orElse\\(\"([a-z-]+)\"");

  private static String table() throws Exception {
    String code = Files.readString(STORY);
    StringBuilder table =
        new StringBuilder(
            "| phase | step | where | does | taken back by |\n|---|---|---|---|---|\n");
    String phase = "";
    Matcher line = LINE.matcher(code.substring(code.indexOf("tell()")));
    while (line.find()) {
      if (line.group("phase") != null) {
        phase =
            line.group("phase").charAt(0)
                + line.group("phase").substring(1).toLowerCase(Locale.ROOT);
        continue;
      }
      boolean pivot = line.group("kind").equals("pivot");
      table
          .append("| ")
          .append(phase)
          .append(" | ")
          .append(pivot ? "**" : "")
          .append(line.group("name"))
          .append(pivot ? "** (the pivot)" : "");
      table
          .append(" | ")
          .append(line.group("who"))
          .append(" | ")
          .append(words(line.group("what")))
          .append(" | ");
      table.append(undone(line)).append(" |\n");
    }
    return table.toString();
  }

  private static String undone(Matcher line) {
    String rest = line.group("rest");
    if (line.group("kind").equals("pivot")) {
      return "nothing; if unknown, the owner is asked";
    }
    if (line.group("kind").equals("then")) {
      return "nothing; repeated until it succeeds";
    }
    Matcher undo = UNDO.matcher(rest);
    String back = undo.find() ? words(undo.group(2)) + " (" + undo.group(1) + ")" : "–";
    Matcher otherwise = OR_ELSE.matcher(rest);
    return otherwise.find() ? back + "; refused: next candidate, from " + otherwise.group(1) : back;
  }

  private static String words(String camel) {
    return camel.replaceAll("([a-z])([A-Z])", "$1 $2").toLowerCase(Locale.ROOT);
  }

  @Test
  @Tag("S68")
  void is_the_story_the_code_tells() throws Exception {
    String page = Files.readString(PAGE);
    String table = table();
    assertThat(table.lines().count()).as("steps found in the story").isGreaterThan(12);
    int begin = page.indexOf(BEGIN) + BEGIN.length();
    int end = page.indexOf(END);
    if (Boolean.getBoolean("write.docs")) {
      Files.writeString(PAGE, page.substring(0, begin) + table + page.substring(end));
    }
    page = Files.readString(PAGE);
    assertThat(page.substring(page.indexOf(BEGIN) + BEGIN.length(), page.indexOf(END)))
        .isEqualTo(table);
  }
}
