package dev.tern.api.servers;

import dev.tern.contract.HostName;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/**
 * What a tenant sees instead of a host: the same for two servers of one project on one host, and no
 * more.
 */
public final class HostIds {
  private HostIds() {}

  public static String hostId(String project, HostName host) {
    try {
      byte[] digest =
          MessageDigest.getInstance("SHA-224")
              .digest((project + host).getBytes(StandardCharsets.UTF_8));
      return HexFormat.of().formatHex(digest);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }
}
