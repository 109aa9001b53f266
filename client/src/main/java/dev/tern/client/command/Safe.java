package dev.tern.client.command;

/** Strings of others as a terminal may see them. */
final class Safe {
  private Safe() {}

  /**
   * The same text in one line; what a terminal might obey, or what hides or turns text around, is
   * written as an escape of Java's.
   */
  static String text(String text) {
    StringBuilder safe = new StringBuilder(text.length());
    text.codePoints()
        .forEach(point -> {
          if (mayBeShown(point)) {
            safe.appendCodePoint(point);
          } else {
            for (char unit : Character.toChars(point)) {
              safe.append("\\u%04x".formatted((int) unit));
            }
          }
        });
    return safe.toString();
  }

  private static boolean mayBeShown(int point) {
    return switch (Character.getType(point)) {
      case Character.CONTROL,
          Character.FORMAT,
          Character.SURROGATE,
          Character.LINE_SEPARATOR,
          Character.PARAGRAPH_SEPARATOR,
          Character.UNASSIGNED ->
          false;
      default -> true;
    };
  }
}
