package dev.tern.api.servers;

import java.net.Inet6Address;
import java.net.InetAddress;
import java.nio.ByteBuffer;
import java.nio.ShortBuffer;
import java.util.Optional;
import java.util.regex.Pattern;

/** An IPv6 address in the one form that RFC 5952 gives it, section 4, as Nova shows it. */
final class Ipv6Text {
  /** Nothing else gets to the JDK, so that no name is ever looked up. */
  private static final Pattern LITERAL = Pattern.compile("[0-9A-Fa-f:.]{2,45}");

  private static final int GROUPS = 8;

  private Ipv6Text() {}

  /** Empty when the text is no such address; one of IPv4 in its clothes is none. */
  static Optional<String> of(String text) {
    if (!LITERAL.matcher(text).matches() || !text.contains(":")) {
      return Optional.empty();
    }
    try {
      return InetAddress.ofLiteral(text) instanceof Inet6Address address
          ? Optional.of(canonical(ByteBuffer.wrap(address.getAddress()).asShortBuffer()))
          : Optional.empty();
    } catch (IllegalArgumentException _) {
      return Optional.empty();
    }
  }

  private static String canonical(ShortBuffer groups) {
    int from = 0;
    int most = 1; // A single group of zeros is written.
    for (int i = 0; i < GROUPS; i++) {
      int zeros = zeros(groups, i);
      if (zeros > most) {
        from = i;
        most = zeros;
      }
    }
    if (most == 1) {
      return text(groups, 0, GROUPS);
    }
    return text(groups, 0, from) + "::" + text(groups, from + most, GROUPS);
  }

  private static int zeros(ShortBuffer groups, int from) {
    int end = from;
    while (end < GROUPS && groups.get(end) == 0) {
      end++;
    }
    return end - from;
  }

  private static String text(ShortBuffer groups, int from, int to) {
    StringBuilder text = new StringBuilder();
    for (int i = from; i < to; i++) {
      text.append(i == from ? "" : ":").append(Integer.toHexString(groups.get(i) & 0xffff));
    }
    return text.toString();
  }
}
