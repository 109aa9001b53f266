package dev.tern.client;

import java.net.URI;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Where the API is, and who asks.
 *
 * @param root without a path's end, e.g. {@code http://127.0.0.1:8774}
 * @param compute path of Nova's API there, e.g. {@code /v2.1}
 * @param token sent with each request, if there is one
 */
public record Endpoint(String root, String compute, Optional<String> token) {
  /** Where {@code ./tern up} puts it. */
  public static final String USUAL = "http://127.0.0.1:8774/v2.1";

  private static final Pattern COMPUTE = Pattern.compile("(.*?)(/v2\\.1(?:/[A-Za-z0-9._-]+)?)?/*");
  private static final Pattern TOKEN = Pattern.compile("[\\x21-\\x7e]{1,8192}");

  /**
   * Reads the address of Nova's API, or of the root above it.
   *
   * @throws IllegalArgumentException naming what is wrong; the token itself is never named
   */
  public static Endpoint of(String address, Optional<String> token) {
    URI uri;
    try {
      uri = URI.create(address);
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException(bad(address, "it is no URL"), e);
    }
    String scheme = uri.getScheme() == null ? "" : uri.getScheme();
    if (!scheme.equals("http") && !scheme.equals("https")) {
      throw new IllegalArgumentException(
          bad(address, "it begins with neither http:// nor https://"));
    }
    if (uri.getHost() == null) {
      throw new IllegalArgumentException(bad(address, "it names no host"));
    }
    if (uri.getRawUserInfo() != null || uri.getRawQuery() != null || uri.getRawFragment() != null) {
      throw new IllegalArgumentException(
          bad(uri.getHost(), "user, query and fragment are not for an endpoint"));
    }
    if (token.isPresent() && !TOKEN.matcher(token.get()).matches()) {
      throw new IllegalArgumentException(
          "The token in OS_TOKEN is not one line of visible ASCII characters.");
    }
    Matcher path = COMPUTE.matcher(uri.getRawPath());
    if (!path.matches()) {
      throw new IllegalArgumentException(bad(address, "its path is none of Nova's"));
    }
    String prefix = path.group(1).replaceAll("/+$", "");
    return new Endpoint(
        scheme + "://" + uri.getRawAuthority() + prefix,
        path.group(2) == null ? "/v2.1" : path.group(2),
        token);
  }

  private static String bad(String address, String why) {
    return "The endpoint %s cannot be used: %s. One looks like %s.".formatted(address, why, USUAL);
  }
}
