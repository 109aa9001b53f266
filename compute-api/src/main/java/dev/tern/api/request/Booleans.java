package dev.tern.api.request;

import java.util.Locale;
import java.util.Optional;
import java.util.Set;

/** The texts that Nova takes for true and false. */
public final class Booleans {
  private static final Set<String> TRUE =
      Set.of("True", "TRUE", "true", "1", "ON", "On", "on", "YES", "Yes", "yes");
  private static final Set<String> FALSE =
      Set.of("False", "FALSE", "false", "0", "OFF", "Off", "off", "NO", "No", "no");

  private static final Set<String> TRUE_IN_QUERIES = Set.of("1", "t", "true", "on", "y", "yes");
  private static final Set<String> FALSE_IN_QUERIES = Set.of("0", "f", "false", "off", "n", "no");

  private Booleans() {}

  /** In a query, where Nova takes more words than in a body, in any case. */
  public static Optional<Boolean> parseQuery(String text) {
    String word = text.strip().toLowerCase(Locale.ROOT);
    if (TRUE_IN_QUERIES.contains(word)) {
      return Optional.of(true);
    }
    return FALSE_IN_QUERIES.contains(word) ? Optional.of(false) : Optional.empty();
  }

  public static Optional<Boolean> parse(String text) {
    if (TRUE.contains(text)) {
      return Optional.of(true);
    }
    return FALSE.contains(text) ? Optional.of(false) : Optional.empty();
  }
}
