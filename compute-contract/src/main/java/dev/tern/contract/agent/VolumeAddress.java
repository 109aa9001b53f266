package dev.tern.contract.agent;

import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Where a volume is served over NBD. The same address is used on every host the guest is ever on.
 * Nothing that is no such address can be made into one, from whichever side it comes.
 *
 * @param host name or numeric address, in lower case
 * @param port TCP port
 * @param export the export's name; may be empty, which is the server's default export
 */
public record VolumeAddress(String host, int port, String export) {
  /** NBD's registered port. */
  public static final int USUAL_PORT = 10_809;

  private static final Pattern URI =
      Pattern.compile("(?i:nbd)://(\\[[^\\[\\]/]+]|[^\\[\\]:/]+)(?::([0-9]{1,5}))?/(.*)");
  private static final Pattern NAME = Pattern.compile("[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?");
  private static final Pattern NUMERIC_6 = Pattern.compile("[0-9a-f:.]{2,45}");
  private static final Pattern EXPORT = Pattern.compile("[A-Za-z0-9._/-]{0,255}");
  private static final Pattern NOWHERE =
      Pattern.compile("0+(\\.0+){0,3}|[0:]+|(22[4-9]|23[0-9]|2[45][0-9])(\\.[0-9]+){3}|ff.*:.*");
  private static final Pattern LOOPBACK =
      Pattern.compile("localhost|(.*\\.)localhost|127(\\.[0-9]+){0,3}|[0:]+:0*1|::ffff:127\\..*");
  private static final int LAST_PORT = 65_535;

  /**
   * @throws IllegalArgumentException saying which part is not usable
   */
  public VolumeAddress {
    boolean numeric6 = host.contains(":");
    if (!(numeric6 ? NUMERIC_6 : NAME).matcher(host).matches()) {
      throw new IllegalArgumentException("its host is neither a name nor an address");
    }
    if (NOWHERE.matcher(host).matches()) {
      throw new IllegalArgumentException("its host is the address of no machine");
    }
    if (port < 1 || port > LAST_PORT) {
      throw new IllegalArgumentException("its port is not between 1 and 65535");
    }
    if (!EXPORT.matcher(export).matches()) {
      throw new IllegalArgumentException(
          "its export has other signs than letters, digits, '.', '_', '-' and '/', or is too long");
    }
  }

  /**
   * Reads {@code nbd://HOST[:PORT]/EXPORT}; nothing else is an address here: no other scheme, no
   * user, query, fragment or percent sign.
   *
   * @throws IllegalArgumentException saying what is not usable
   */
  public static VolumeAddress parse(String uri) {
    Matcher parts = URI.matcher(uri);
    if (!parts.matches()) {
      throw new IllegalArgumentException("it is not of the form nbd://HOST[:PORT]/EXPORT");
    }
    String host = parts.group(1).toLowerCase(Locale.ROOT);
    boolean bracketed = host.startsWith("[");
    String bare = bracketed ? host.substring(1, host.length() - 1) : host;
    if (bracketed != bare.contains(":")) {
      throw new IllegalArgumentException("its host is neither a name nor an address");
    }
    int port = parts.group(2) == null ? USUAL_PORT : Integer.parseInt(parts.group(2));
    return new VolumeAddress(bare, port, parts.group(3));
  }

  /** Whether every host would find itself under it. */
  public boolean loopback() {
    return LOOPBACK.matcher(host).matches();
  }

  /** As people write it; {@link #parse} reads it. */
  public String uri() {
    return "nbd://%s:%d/%s".formatted(host.contains(":") ? "[" + host + "]" : host, port, export);
  }
}
