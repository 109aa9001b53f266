package dev.tern.client.command;

import java.io.PrintStream;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import tools.jackson.core.json.JsonWriteFeature;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Where verbs print: answers to the one stream, words about them to the other. */
final class Screen {
  private static final String GAP = "  ";

  private final PrintStream out;
  private final PrintStream err;
  private final JsonMapper json =
      JsonMapper.builder().enable(JsonWriteFeature.ESCAPE_NON_ASCII).build();

  Screen(PrintStream out, PrintStream err) {
    this.out = out;
    this.err = err;
  }

  void line(String text) {
    out.println(Safe.text(text));
  }

  /** Many lines of somebody else's: line ends and tabs stay, nothing else that a terminal obeys. */
  void lines(String text) {
    text.lines().forEach(line -> out.println(Safe.text(line.replace("\t", "    "))));
  }

  /** Progress, and what went wrong. */
  void note(String text) {
    err.println("tern: " + Safe.text(text));
    err.flush();
  }

  /** As the API said it; only ASCII, so no terminal obeys any of it. */
  void json(JsonNode node) {
    out.println(
        json.writerWithDefaultPrettyPrinter()
            .writeValueAsString(node)
            .replace("\u007f", "\\u007f"));
  }

  /** One line for each; names that a program could look for. */
  void facts(Map<String, String> facts) {
    int width = facts.keySet().stream().mapToInt(String::length).max().orElse(0) + 1;
    facts.forEach((name, value) -> line(padded(name + ":", width) + GAP + value));
  }

  void table(List<String> heads, List<List<String>> rows) {
    List<List<String>> all = new ArrayList<>();
    all.add(heads);
    rows.forEach(row -> all.add(row.stream().map(Safe::text).toList()));
    int[] widths = new int[heads.size()];
    for (List<String> row : all) {
      for (int i = 0; i < widths.length; i++) {
        widths[i] = Math.max(widths[i], length(row.get(i)));
      }
    }
    for (List<String> row : all) {
      StringBuilder line = new StringBuilder();
      for (int i = 0; i < widths.length; i++) {
        line.append(padded(row.get(i), widths[i])).append(GAP);
      }
      out.println(line.toString().stripTrailing());
    }
  }

  private static int length(String text) {
    return text.codePointCount(0, text.length());
  }

  private static String padded(String text, int width) {
    return text + " ".repeat(Math.max(0, width - length(text)));
  }
}
