package dev.tern.api.deadletters;

import java.nio.charset.StandardCharsets;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Text of a message without its secrets. It need not be whole, nor JSON: what follows a name that
 * sounds like a secret is left out, up to the end of its value or of the text.
 */
final class Masked {
  private static final String MASK = "***";
  private static final Pattern SECRET =
      Pattern.compile(
          "key|secret|passw|passphrase|token|psk|credential|user_?data|sealed",
          Pattern.CASE_INSENSITIVE);

  /** A name, in quotes or not, and what stands between it and its value. */
  private static final Pattern NAME =
      Pattern.compile(
          "(?:\"[^\"]{0,200}\"|[\\w.-]{1,200})\\s{0,20}[:=]\\s*+", Pattern.CASE_INSENSITIVE);

  /** Passwords in addresses. */
  private static final Pattern IN_ADDRESS =
      Pattern.compile("(://[^/\\s:@\"]{0,200}:)[^/\\s@\"]++@");

  private Masked() {}

  static String of(byte[] bytes, int most) {
    int length = Math.min(bytes.length, most);
    return of(new String(bytes, 0, length, StandardCharsets.UTF_8));
  }

  static String of(String text) {
    String open = IN_ADDRESS.matcher(text).replaceAll("$1" + MASK + "@");
    StringBuilder masked = new StringBuilder(open.length());
    Matcher name = NAME.matcher(open);
    int from = 0;
    while (name.find(from)) {
      masked.append(open, from, name.end());
      from = name.end();
      if (secret(name.group())) {
        masked.append('"').append(MASK).append('"');
        from = endOfValue(open, from);
      }
    }
    masked.append(open, from, open.length());
    return masked.toString().replaceAll("[\\p{Cntrl}&&[^\\n\\t]]", "?");
  }

  static boolean secret(String name) {
    return SECRET.matcher(name).find();
  }

  /** Behind the string, the object, the array or the word that begins there. */
  private static int endOfValue(String text, int begin) {
    int depth = 0;
    for (int at = begin; at < text.length(); at++) {
      char each = text.charAt(at);
      if (each == '"') {
        at = endOfString(text, at);
      } else if (each == '{' || each == '[') {
        depth++;
      } else if (each == '}' || each == ']') {
        depth--;
      }
      boolean over = each == '"' || each == '}' || each == ']';
      if (depth < 0 || (depth == 0 && (each == ',' || Character.isWhitespace(each)))) {
        return at;
      }
      if (depth == 0 && over) {
        return Math.min(at + 1, text.length());
      }
    }
    return text.length();
  }

  /** Of the quote at its end, or the text's end. */
  private static int endOfString(String text, int quote) {
    for (int at = quote + 1; at < text.length(); at++) {
      if (text.charAt(at) == '\\') {
        at++;
      } else if (text.charAt(at) == '"') {
        return at;
      }
    }
    return text.length() - 1;
  }
}
