package dev.tern.agent;

import dev.tern.contract.agent.NbdExport;
import java.net.InetAddress;
import java.util.List;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Foreign NBD servers that this host may be told to connect to. A name is only ever allowed by
 * itself, whatever it resolves to, because it resolves to something else tomorrow.
 */
final class AllowedExports {
  private static final Pattern PLACE = Pattern.compile("(\\[[^]]+]|[^:/\\[\\]]+):([0-9]{1,5})");
  private static final Pattern NETWORK = Pattern.compile("([0-9a-f:.]+)/([0-9]{1,3})");
  private static final Pattern NUMERIC_4 =
      Pattern.compile("(0|[1-9][0-9]{0,2})(\\.(0|[1-9][0-9]{0,2})){3}");

  private final List<Rule> rules;

  private AllowedExports(List<Rule> rules) {
    this.rules = rules;
  }

  private sealed interface Rule {}

  private record Place(String host, int port) implements Rule {}

  private record Network(InetAddress address, int bits) implements Rule {
    boolean contains(InetAddress given) {
      byte[] mine = address.getAddress();
      byte[] other = given.getAddress();
      if (other.length != mine.length) {
        return false;
      }
      for (int bit = 0; bit < bits; bit++) {
        int mask = 0x80 >> (bit % Byte.SIZE);
        if (((mine[bit / Byte.SIZE] ^ other[bit / Byte.SIZE]) & mask) != 0) {
          return false;
        }
      }
      return true;
    }
  }

  /**
   * @param entries each {@code HOST:PORT}, or {@code NETWORK/BITS} for all ports of the numeric
   *     addresses in it; IPv6 hosts are in brackets
   * @throws IllegalArgumentException naming the entry that is neither
   */
  static AllowedExports of(List<String> entries) {
    return new AllowedExports(entries.stream().map(AllowedExports::rule).toList());
  }

  private static Rule rule(String entry) {
    String text = entry.strip().toLowerCase(Locale.ROOT);
    Matcher network = NETWORK.matcher(text);
    if (network.matches() && numeric(network.group(1))) {
      InetAddress address = InetAddress.ofLiteral(network.group(1));
      int bits = Integer.parseInt(network.group(2));
      if (bits <= address.getAddress().length * Byte.SIZE) {
        return new Network(address, bits);
      }
    }
    Matcher place = PLACE.matcher(text);
    if (place.matches()) {
      try {
        NbdExport.parse("nbd://" + text + "/");
        String host = place.group(1).replace("[", "").replace("]", "");
        return new Place(same(host), Integer.parseInt(place.group(2)));
      } catch (IllegalArgumentException e) {
        throw wrong(entry, e);
      }
    }
    throw wrong(entry, null);
  }

  private static IllegalArgumentException wrong(
      String entry, @org.jspecify.annotations.Nullable Exception cause) {
    return new IllegalArgumentException(
        "tern.agent.copy-targets: '%s' is neither HOST:PORT nor NETWORK/BITS".formatted(entry),
        cause);
  }

  /** Only forms that every reader of addresses takes for the same one. */
  private static boolean numeric(String host) {
    if (!host.contains(":") && !NUMERIC_4.matcher(host).matches()) {
      return false;
    }
    try {
      return InetAddress.ofLiteral(host).getAddress().length > 0;
    } catch (IllegalArgumentException e) {
      return false;
    }
  }

  /** Numeric addresses in one spelling. */
  private static String same(String host) {
    return numeric(host) ? InetAddress.ofLiteral(host).getHostAddress() : host;
  }

  /** Whether somebody who runs this host has allowed it. */
  boolean contain(NbdExport export) {
    boolean numeric = numeric(export.host());
    String host = same(export.host());
    return rules.stream()
        .anyMatch(rule ->
            switch (rule) {
              case Place place -> place.host().equals(host) && place.port() == export.port();
              case Network network ->
                  numeric && network.contains(InetAddress.ofLiteral(export.host()));
            });
  }
}
