package dev.tern.scheduler.filter;

import java.util.Arrays;
import java.util.stream.IntStream;

/** What a flavor's extra spec asks of a value, with Nova's operators. */
final class ExtraSpecs {
  private ExtraSpecs() {}

  /** Without an operator the two are equal. What compares numbers is not met by a text. */
  static boolean matches(String value, String asked) {
    String[] words = asked.strip().split("\\s+", -1);
    return switch (words[0]) {
      case "<or>" ->
          IntStream.range(1, words.length)
              .filter(at -> words[at - 1].equals("<or>"))
              .anyMatch(at -> words[at].equals(value));
      case "<in>" -> words.length > 1 && value.contains(words[1]);
      case "<all-in>" -> Arrays.stream(words).skip(1).allMatch(word -> value.contains(word));
      case "s==", "s!=", "s<", "s<=", "s>", "s>=" ->
          words.length > 1 && met(words[0].substring(1), value.compareTo(words[1]));
      case "=" -> numbers(">=", value, words);
      case "==", "!=", "<=", ">=" -> numbers(words[0], value, words);
      default -> value.equals(asked.strip());
    };
  }

  private static boolean numbers(String operator, String value, String[] words) {
    try {
      return words.length > 1
          && met(operator, Double.compare(Double.parseDouble(value), Double.parseDouble(words[1])));
    } catch (NumberFormatException _) {
      return false;
    }
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
