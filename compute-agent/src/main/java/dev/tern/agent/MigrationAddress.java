package dev.tern.agent;

import java.net.InetAddress;

/** Addresses guests are sent to: numeric, and on loopback unless somebody said it is insecure. */
final class MigrationAddress {
  private MigrationAddress() {}

  /**
   * @throws IllegalArgumentException for a name, a wildcard, or an address others reach when
   *     plaintext is not allowed
   */
  static InetAddress parse(String text, boolean insecure) {
    InetAddress address = InetAddress.ofLiteral(text);
    if (address.isAnyLocalAddress() || address.isMulticastAddress()) {
      throw new IllegalArgumentException("guests are sent to one address, not to " + text);
    }
    if (!address.isLoopbackAddress() && !insecure) {
      throw new IllegalArgumentException(
          "migration streams are plaintext, so %s is only used with insecure=true".formatted(text));
    }
    return address;
  }
}
