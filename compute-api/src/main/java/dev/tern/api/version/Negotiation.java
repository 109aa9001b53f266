package dev.tern.api.version;

import dev.tern.api.errors.HttpFailure;
import jakarta.servlet.http.HttpServletRequest;
import java.util.Collections;
import java.util.Optional;

/**
 * Which version a request is to be answered in. The newer header wins; without any it is the
 * oldest.
 */
public final class Negotiation {
  public static final String HEADER = "OpenStack-API-Version";
  public static final String OLD_HEADER = "X-OpenStack-Nova-API-Version";

  private Negotiation() {}

  /**
   * Reads the version headers.
   *
   * @throws HttpFailure 400 for what is no version, 406 for one that is not served
   */
  public static Microversion of(HttpServletRequest request) {
    Optional<String> asked =
        newHeader(request).or(() -> Optional.ofNullable(request.getHeader(OLD_HEADER)));
    return asked.map(String::strip).map(Negotiation::served).orElse(Microversion.MIN);
  }

  /**
   * {@code OpenStack-API-Version: compute 2.30}; services are separated by commas, or have a header
   * each.
   */
  private static Optional<String> newHeader(HttpServletRequest request) {
    for (String line : Collections.list(request.getHeaders(HEADER))) {
      for (String entry : line.split(",", -1)) {
        String[] words = entry.strip().split("\\s+", 2);
        if (words.length == 2 && words[0].equalsIgnoreCase("compute")) {
          return Optional.of(words[1]);
        }
      }
    }
    return Optional.empty();
  }

  private static Microversion served(String text) {
    try {
      return Microversion.parse(text)
          .orElseThrow(() ->
              new HttpFailure(
                  406,
                  "Version %s is not supported by the API. Minimum is %s and maximum is %s."
                      .formatted(text, Microversion.MIN, Microversion.MAX)));
    } catch (IllegalArgumentException e) {
      throw new HttpFailure(
          400,
          "API Version String %s is of invalid format. Must be of format MajorNum.MinorNum."
              .formatted(text));
    }
  }
}
