package dev.tern.agent;

import java.net.InetAddress;

/** Addresses guests are sent to: numeric, of one host. */
final class MigrationAddress {
  private MigrationAddress() {}

  /**
   * @throws IllegalArgumentException for a name or a wildcard
   */
  static InetAddress parse(String text) {
    InetAddress address = InetAddress.ofLiteral(text);
    if (address.isAnyLocalAddress() || address.isMulticastAddress()) {
      throw new IllegalArgumentException("guests are sent to one address, not to " + text);
    }
    return address;
  }
}
