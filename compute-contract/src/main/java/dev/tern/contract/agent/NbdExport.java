package dev.tern.contract.agent;

import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * An export of an NBD server that is none of Tern's, as a disk can be copied to. Both ways of
 * writing it that QEMU's tools know come to the same value, and nothing else does.
 *
 * @param host name or numeric address, in lower case, without brackets
 * @param port TCP port
 * @param name of the export, as the server knows it; may be empty, which is the default export
 */
public record NbdExport(String host, int port, String name) {
  /** The longest text that can be one: each byte of the longest name as {@code %XX}. */
  public static final int LONGEST_TEXT = 13_000;

  /** The NBD protocol's own limit, in bytes of UTF-8. */
  private static final int LONGEST_NAME = 4096;

  private static final String PLACE = "(\\[[^\\[\\]/]*]|[^\\[\\]:/?#@]*)";
  private static final Pattern URI =
      Pattern.compile("(?i:nbd)://" + PLACE + "(?::([0-9]{1,5}))?(?:/(.*))?", Pattern.DOTALL);
  private static final Pattern LEGACY =
      Pattern.compile("nbd:" + PLACE + ":([0-9]{1,5})(?::exportname=(.*))?", Pattern.DOTALL);
  private static final String UNRESERVED = "-._~/";
  private static final int ESCAPE = 3;

  /**
   * @throws IllegalArgumentException saying which part is not usable
   */
  public NbdExport {
    // The same hosts and ports as a volume's.
    var _ = new VolumeAddress(host, port, "");
    if (name.getBytes(StandardCharsets.UTF_8).length > LONGEST_NAME) {
      throw new IllegalArgumentException("its export's name is longer than 4096 bytes");
    }
    if (name.chars().anyMatch(Character::isISOControl)) {
      throw new IllegalArgumentException("its export's name has control characters");
    }
  }

  /**
   * Reads {@code nbd://HOST[:PORT][/NAME]}, whose name may have {@code %XX}, or the older {@code
   * nbd:HOST:PORT[:exportname=NAME]}, whose name is taken as it stands. IPv6 is in brackets.
   *
   * @throws IllegalArgumentException saying what is not usable
   */
  public static NbdExport parse(String text) {
    refuseOthers(text.toLowerCase(Locale.ROOT));
    Matcher uri = URI.matcher(text);
    if (uri.matches()) {
      int port = uri.group(2) == null ? VolumeAddress.USUAL_PORT : Integer.parseInt(uri.group(2));
      String name = Optional.ofNullable(uri.group(3)).orElse("");
      return new NbdExport(bare(uri.group(1)), port, decoded(name));
    }
    Matcher legacy = LEGACY.matcher(text);
    if (legacy.matches()) {
      String name = Optional.ofNullable(legacy.group(3)).orElse("");
      return new NbdExport(bare(legacy.group(1)), Integer.parseInt(legacy.group(2)), name);
    }
    throw new IllegalArgumentException(
        "it is neither of the form nbd://HOST:PORT/NAME nor nbd:HOST:PORT:exportname=NAME");
  }

  private static void refuseOthers(String text) {
    if (text.startsWith("nbds:") || text.startsWith("nbds+")) {
      throw new IllegalArgumentException(
          "copies to foreign servers are not encrypted; use nbd:// on a network that is trusted,"
              + " or through a tunnel of your own");
    }
    if (text.startsWith("nbd+unix:") || text.startsWith("nbd:unix:")) {
      throw new IllegalArgumentException(
          "a socket of the host's file system is no export that a request may name; use TCP");
    }
  }

  private static String bare(String place) {
    String host = place.toLowerCase(Locale.ROOT);
    boolean bracketed = host.startsWith("[");
    String bare = bracketed ? host.substring(1, host.length() - 1) : host;
    if (bracketed != bare.contains(":")) {
      throw new IllegalArgumentException("its host is neither a name nor an address");
    }
    return bare;
  }

  private static String decoded(String name) {
    if (name.indexOf('?') >= 0 || name.indexOf('#') >= 0) {
      throw new IllegalArgumentException(
          "it has a query or a fragment; in a name these signs are %3F and %23");
    }
    byte[] given = name.getBytes(StandardCharsets.UTF_8);
    ByteBuffer bytes = ByteBuffer.allocate(given.length);
    for (int at = 0; at < given.length; at++) {
      if (given[at] == '%') {
        bytes.put(octet(given, at));
        at += ESCAPE - 1;
      } else {
        bytes.put(given[at]);
      }
    }
    try {
      return StandardCharsets.UTF_8
          .newDecoder()
          .onMalformedInput(CodingErrorAction.REPORT)
          .decode(bytes.flip())
          .toString();
    } catch (CharacterCodingException e) {
      throw new IllegalArgumentException("its export's name is not UTF-8", e);
    }
  }

  private static byte octet(byte[] given, int at) {
    if (at + ESCAPE > given.length
        || !HexFormat.isHexDigit(given[at + 1])
        || !HexFormat.isHexDigit(given[at + 2])) {
      throw new IllegalArgumentException("a percent sign in it is not followed by two hex digits");
    }
    return (byte)
        ((HexFormat.fromHexDigit(given[at + 1]) << 4) | HexFormat.fromHexDigit(given[at + 2]));
  }

  /** As people write it; {@link #parse} reads it. */
  public String uri() {
    StringBuilder uri = new StringBuilder("nbd://");
    uri.append(host.contains(":") ? "[" + host + "]" : host).append(':').append(port).append('/');
    for (byte octet : name.getBytes(StandardCharsets.UTF_8)) {
      boolean plain =
          (octet >= '0' && octet <= '9')
              || (octet >= 'A' && octet <= 'Z')
              || (octet >= 'a' && octet <= 'z')
              || UNRESERVED.indexOf(octet) >= 0;
      if (plain) {
        uri.append((char) octet);
      } else {
        uri.append('%').append(HexFormat.of().withUpperCase().toHexDigits(octet));
      }
    }
    return uri.toString();
  }

  /** The volume that is served there, where a volume can have such a name. */
  public Optional<VolumeAddress> volume() {
    try {
      return Optional.of(new VolumeAddress(host, port, name));
    } catch (IllegalArgumentException e) {
      return Optional.empty();
    }
  }
}
