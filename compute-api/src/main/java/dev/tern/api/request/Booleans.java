package dev.tern.api.request;

import java.util.Optional;
import java.util.Set;

/** The texts that Nova takes for true and false. */
public final class Booleans {
  private static final Set<String> TRUE =
      Set.of("True", "TRUE", "true", "1", "ON", "On", "on", "YES", "Yes", "yes");
  private static final Set<String> FALSE =
      Set.of("False", "FALSE", "false", "0", "OFF", "Off", "off", "NO", "No", "no");

  private Booleans() {}

  public static Optional<Boolean> parse(String text) {
    if (TRUE.contains(text)) {
      return Optional.of(true);
    }
    return FALSE.contains(text) ? Optional.of(false) : Optional.empty();
  }
}
