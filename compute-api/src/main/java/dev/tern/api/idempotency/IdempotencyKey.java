package dev.tern.api.idempotency;

import dev.tern.api.errors.HttpFailure;
import jakarta.servlet.http.HttpServletRequest;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * The header, as draft-ietf-httpapi-idempotency-key-header has it: a string in double quotes. Most
 * clients leave the quotes out, and mean the same.
 */
final class IdempotencyKey {
  static final String HEADER = "Idempotency-Key";

  /** Visible ASCII but the quote and the backslash, which would need escapes within quotes. */
  private static final Pattern VALUE = Pattern.compile("[!#-\\[\\]-~]{1,255}");

  private IdempotencyKey() {}

  /**
   * The key of a request, if it has one.
   *
   * @throws HttpFailure 400 when it is none, or when there are several
   */
  static Optional<String> of(HttpServletRequest request) {
    List<String> all = Collections.list(request.getHeaders(HEADER));
    if (all.isEmpty()) {
      return Optional.empty();
    }
    String text = all.getFirst().strip();
    boolean quoted = text.length() > 1 && text.startsWith("\"") && text.endsWith("\"");
    String value = quoted ? text.substring(1, text.length() - 1) : text;
    if (all.size() > 1 || !VALUE.matcher(value).matches()) {
      throw new HttpFailure(
          400,
          "Invalid input for header Idempotency-Key. It is given once and has 1 to 255 visible ASCII"
              + " characters other than \" and \\, with or without double quotes around them.");
    }
    return Optional.of(value);
  }
}
