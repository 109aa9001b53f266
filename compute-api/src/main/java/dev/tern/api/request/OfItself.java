package dev.tern.api.request;

import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;

/**
 * What the process says of itself, under {@code /actuator}. Health is for everybody, so that
 * whoever balances load may ask; metrics tell how many servers and hosts there are.
 */
final class OfItself {
  private static final String PREFIX = "/actuator";
  private static final String HEALTH = PREFIX + "/health";

  private OfItself() {}

  /** Whether only administrators may ask for it; also of a path that just might lead there. */
  static boolean isGuarded(String path) {
    if (path.equals(HEALTH)) {
      return false;
    }
    return path.contains(PREFIX) || decoded(path).contains("actuator");
  }

  private static String decoded(String path) {
    try {
      return URLDecoder.decode(path, StandardCharsets.UTF_8);
    } catch (IllegalArgumentException _) {
      return PREFIX;
    }
  }
}
