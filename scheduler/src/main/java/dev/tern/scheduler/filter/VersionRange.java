package dev.tern.scheduler.filter;

import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Versions as images ask for them: {@code >=7.0, <9}. */
final class VersionRange {
  private static final Pattern TERM =
      Pattern.compile(
          "\\s*(>=|<=|==|!=|>|<)\\s*(\\d{1,3})(?:\\.(\\d{1,3}))?(?:\\.(\\d{1,3}))?\\s*");

  private VersionRange() {}

  /**
   * Whether all terms are met; what is no such range is met by none.
   *
   * @param version {@code major * 1_000_000 + minor * 1_000 + micro}
   */
  static boolean contains(String range, int version) {
    for (String part : range.split(",", -1)) {
      Matcher term = TERM.matcher(part);
      if (!term.matches() || !met(term.group(1), Integer.compare(version, number(term)))) {
        return false;
      }
    }
    return true;
  }

  private static int number(Matcher term) {
    return part(term, 2) * 1_000_000 + part(term, 3) * 1_000 + part(term, 4);
  }

  private static int part(Matcher term, int group) {
    return term.group(group) == null ? 0 : Integer.parseInt(term.group(group));
  }

  private static boolean met(String operator, int compared) {
    return switch (operator) {
      case ">=" -> compared >= 0;
      case "<=" -> compared <= 0;
      case ">" -> compared > 0;
      case "<" -> compared < 0;
      case "==" -> compared == 0;
      default -> compared != 0;
    };
  }
}
