package dev.tern.api.policy;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Reads a rule: {@code role:}, {@code rule:}, comparisons, {@code and}, {@code or}, {@code not},
 * parentheses, {@code @}, {@code !}. {@code not} binds closest, then {@code and}.
 */
final class RuleParser {
  private static final int DEEPEST = 50;
  private static final int LONGEST = 10_000;

  private static final Pattern TOKEN =
      Pattern.compile("\\s*(?<token>[()]|(?:'[^']*'|\"[^\"]*\"|%\\([^()\\s]*\\)s|[^\\s()'\"])+)");

  private static final Pattern OF_TARGET = Pattern.compile("%\\((?<name>[^()]*)\\)s");

  private final String text;
  private final List<String> tokens;
  private int next;
  private int depth;

  private RuleParser(String text) {
    this.text = text;
    this.tokens = tokens(text);
  }

  /**
   * @throws IllegalArgumentException saying what in the rule cannot be read
   */
  static Check parse(String text) {
    if (text.length() > LONGEST) {
      throw new IllegalArgumentException("it is longer than " + LONGEST + " characters");
    }
    if (text.isBlank()) {
      return new Check.Always(true);
    }
    RuleParser parser = new RuleParser(text);
    Check check = parser.any();
    if (parser.next < parser.tokens.size()) {
      throw parser.unexpected();
    }
    return check;
  }

  private static List<String> tokens(String text) {
    List<String> tokens = new ArrayList<>();
    Matcher matcher = TOKEN.matcher(text);
    int at = 0;
    while (at < text.length() && !text.substring(at).isBlank()) {
      matcher.region(at, text.length());
      if (!matcher.lookingAt()) {
        throw new IllegalArgumentException(
            "'%s' cannot be read".formatted(text.substring(at).strip()));
      }
      tokens.add(matcher.group("token"));
      at = matcher.end();
    }
    return tokens;
  }

  private Check any() {
    List<Check> checks = new ArrayList<>(List.of(all()));
    while (takes("or")) {
      checks.add(all());
    }
    return checks.size() == 1 ? checks.getFirst() : new Check.Any(checks);
  }

  private Check all() {
    List<Check> checks = new ArrayList<>(List.of(one()));
    while (takes("and")) {
      checks.add(one());
    }
    return checks.size() == 1 ? checks.getFirst() : new Check.All(checks);
  }

  private Check one() {
    if (++depth > DEEPEST) {
      throw new IllegalArgumentException("it is nested deeper than " + DEEPEST);
    }
    try {
      if (takes("not")) {
        return new Check.Not(one());
      }
      if (takes("(")) {
        Check inner = any();
        if (!takes(")")) {
          throw new IllegalArgumentException("a ( is not closed");
        }
        return inner;
      }
      if (next == tokens.size() || isWord(tokens.get(next)) || tokens.get(next).equals(")")) {
        throw unexpected();
      }
      return leaf(tokens.get(next++));
    } finally {
      depth--;
    }
  }

  private static boolean isWord(String token) {
    return List.of("and", "or", "not").contains(token.toLowerCase(Locale.ROOT));
  }

  private boolean takes(String token) {
    if (next < tokens.size() && tokens.get(next).equalsIgnoreCase(token)) {
      next++;
      return true;
    }
    return false;
  }

  private IllegalArgumentException unexpected() {
    return new IllegalArgumentException(
        next == tokens.size()
            ? "'%s' ends too early".formatted(text)
            : "'%s' is not expected there".formatted(tokens.get(next)));
  }

  private static Check leaf(String token) {
    if (token.equals("@")) {
      return new Check.Always(true);
    }
    if (token.equals("!")) {
      return new Check.Always(false);
    }
    int colon = token.indexOf(':');
    if (colon <= 0 || colon == token.length() - 1) {
      throw new IllegalArgumentException("'%s' is no check like role:NAME".formatted(token));
    }
    String kind = token.substring(0, colon);
    String match = token.substring(colon + 1);
    return switch (kind) {
      case "role" -> new Check.HasRole(plain(match).toLowerCase(Locale.ROOT));
      case "rule" -> new Check.Refers(match);
      case "http", "https", "field" ->
          throw new IllegalArgumentException(
              "checks of the kind '%s' are not offered".formatted(kind));
      default -> compares(kind, match);
    };
  }

  private static String plain(String match) {
    if (match.contains("%(")) {
      throw new IllegalArgumentException("a role is named, not taken from the target: " + match);
    }
    return match;
  }

  private static Check compares(String fact, String right) {
    boolean literal = isQuoted(fact) || fact.equals("True") || fact.equals("False");
    if (!literal && !Credentials.COMPARABLE.contains(fact)) {
      throw new IllegalArgumentException(
          "callers have no '%s' to compare; they have %s"
              .formatted(fact, String.join(", ", new java.util.TreeSet<>(Credentials.COMPARABLE))));
    }
    Matcher names = OF_TARGET.matcher(right);
    while (names.find()) {
      if (!Target.NAMES.contains(names.group("name"))) {
        throw new IllegalArgumentException(
            "targets have no '%s'; they have %s"
                .formatted(
                    names.group("name"), String.join(", ", new java.util.TreeSet<>(Target.NAMES))));
      }
    }
    return new Check.Compares(unquoted(fact), unquoted(right));
  }

  private static boolean isQuoted(String text) {
    return text.length() >= 2
        && (text.charAt(0) == '\'' || text.charAt(0) == '"')
        && text.charAt(text.length() - 1) == text.charAt(0);
  }

  private static String unquoted(String text) {
    return isQuoted(text) ? "'" + text.substring(1, text.length() - 1) + "'" : text;
  }

  /** What is left when the target's names are put in. */
  static String filled(String right, Target target) {
    String text =
        right.startsWith("'") && right.length() > 1
            ? right.substring(1, right.length() - 1)
            : right;
    return OF_TARGET
        .matcher(text)
        .replaceAll(name -> Matcher.quoteReplacement(target.value(name.group("name"))));
  }
}
