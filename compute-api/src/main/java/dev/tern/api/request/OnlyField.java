package dev.tern.api.request;

import jakarta.servlet.http.HttpServletRequest;
import java.util.Optional;
import java.util.regex.Pattern;

/** The name of a body's only field, which says what is asked for: {@code os-migrateLive}. */
public final class OnlyField {
  private static final String NOTED = OnlyField.class.getName();
  private static final Pattern NAME = Pattern.compile("[A-Za-z][A-Za-z0-9:_-]{0,63}");

  private OnlyField() {}

  static void note(HttpServletRequest request, JsonBody body) {
    if (body.node().size() == 1 && NAME.matcher(body.onlyKey()).matches()) {
      request.setAttribute(NOTED, body.onlyKey());
    }
  }

  /** Empty before the body was read, and where it has none or several. */
  public static Optional<String> of(HttpServletRequest request) {
    return Optional.ofNullable((String) request.getAttribute(NOTED));
  }
}
