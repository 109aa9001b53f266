package dev.tern.virt.testing;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;

/**
 * Input that is almost right: samples of good input with a few places flipped, cut, repeated, put
 * in, or exchanged for what parsers trip over. More of it gets past the first check than of random
 * bytes.
 *
 * <p>Seed and try give the same input again: {@code -Dtern.fuzz.seed=N} replays a failure, {@code
 * -Dtern.fuzz.tries=N} looks longer.
 */
public final class Mutations {
  private static final Pattern TOKEN =
      Pattern.compile("\"(?:[^\"\\\\]++|\\\\.)*+\"|-?\\d+(?:\\.\\d+)?|true|false|null");
  private static final byte[] INTERESTING = {0, 1, 127, -128, -1, '"', '{', '[', '\\', '\n', ' '};
  private static final long[] EXTREMES = {
    0,
    1,
    -1,
    Integer.MAX_VALUE,
    Integer.MIN_VALUE,
    1L << 32,
    Long.MAX_VALUE,
    Long.MIN_VALUE,
    1L << 46
  };
  private static final String[] VALUES = {
    "null",
    "true",
    "-1",
    "0",
    "1e400",
    "-0.0",
    "1e-2147483649",
    "9223372036854775808",
    "-9223372036854775809",
    "99999999999999999999999999999999",
    "\"\"",
    "\" \"",
    "\"..\"",
    "\"../../etc/passwd\"",
    "\"%00\"",
    "\"\\u0000\"",
    "\"\\ud800\"",
    "\"a\\r\\nX-Header: b\\u001b[2K\"",
    "\"9223372036854775808\"",
    "\"+292278994-08-17T07:12:55.192Z\"",
    "\"PT2562047788015216H\"",
    "\"json:{\\\"driver\\\":\\\"file\\\"}\"",
    "\"\u202e\ufeff\ud83d\udc26\"",
    "\"" + "x".repeat(3000) + "\"",
    "[]",
    "{}",
    "[null]",
    "{\"\":null}",
    "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]",
    "{\"type\":\"java.lang.Runtime\"}"
  };

  private Mutations() {}

  /** What is to hold for an input; throws when it does not. */
  @FunctionalInterface
  public interface Check {
    void holds(byte[] input, Random random) throws Exception;
  }

  /** The seed of this run. */
  public static long seed() {
    return Long.getLong("tern.fuzz.seed", System.nanoTime());
  }

  /**
   * Tries that many inputs.
   *
   * @throws AssertionError naming seed, try and input of the first that does not hold
   */
  public static void of(List<byte[]> samples, int tries, Check check) {
    long seed = seed();
    int most = Integer.getInteger("tern.fuzz.tries", tries);
    for (int n = 0; n < most; n++) {
      Random random = new Random(seed * 31 + n);
      byte[] input = mutate(samples, random);
      try {
        check.holds(input, random);
      } catch (Exception | AssertionError | StackOverflowError e) {
        throw new AssertionError(
            "try %d of seed %d (replay with -Dtern.fuzz.seed=%d): %s%ninput: %s"
                .formatted(n, seed, seed, e, shown(input)),
            e);
      }
    }
  }

  /** Likewise, of text. */
  public static List<byte[]> texts(String... samples) {
    return Arrays.stream(samples).map(s -> s.getBytes(StandardCharsets.UTF_8)).toList();
  }

  private static String shown(byte[] input) {
    String text = new String(input, StandardCharsets.ISO_8859_1);
    return text.substring(0, Math.min(text.length(), 2000)).replaceAll("[\\p{Cntrl}]", ".");
  }

  private static byte[] mutate(List<byte[]> samples, Random random) {
    byte[] input = samples.get(random.nextInt(samples.size())).clone();
    for (int n = 1 + random.nextInt(4); n > 0; n--) {
      input =
          isJson(input) && random.nextBoolean()
              ? exchanged(input, random)
              : once(input, samples, random);
    }
    return input;
  }

  private static boolean isJson(byte[] input) {
    return input.length > 0 && (input[0] == '{' || input[0] == '[');
  }

  /** One value of the JSON is another. */
  private static byte[] exchanged(byte[] input, Random random) {
    String text = new String(input, StandardCharsets.UTF_8);
    List<MatchResult> tokens = TOKEN.matcher(text).results().toList();
    if (tokens.isEmpty()) {
      return input;
    }
    MatchResult token = tokens.get(random.nextInt(tokens.size()));
    String value =
        random.nextInt(4) == 0
            ? tokens.get(random.nextInt(tokens.size())).group()
            : VALUES[random.nextInt(VALUES.length)];
    return (text.substring(0, token.start()) + value + text.substring(token.end()))
        .getBytes(StandardCharsets.UTF_8);
  }

  private static byte[] once(byte[] input, List<byte[]> samples, Random random) {
    if (input.length == 0) {
      return new byte[] {(byte) random.nextInt()};
    }
    int at = random.nextInt(input.length);
    int length = 1 + random.nextInt(Math.min(64, input.length - at));
    return switch (random.nextInt(8)) {
      case 0 -> with(input, at, (byte) (input[at] ^ 1 << random.nextInt(8)));
      case 1 -> with(input, at, INTERESTING[random.nextInt(INTERESTING.length)]);
      case 2 -> Arrays.copyOf(input, at);
      case 3 -> joined(input, 0, at, input, at + length, input.length);
      case 4 -> joined(input, 0, at + length, input, at, input.length);
      case 5 -> inserted(input, at, random);
      case 6 -> spliced(input, at, samples.get(random.nextInt(samples.size())), random);
      default -> number(input, at, random);
    };
  }

  private static byte[] with(byte[] input, int at, byte value) {
    byte[] changed = input.clone();
    changed[at] = value;
    return changed;
  }

  private static byte[] joined(byte[] a, int fromA, int toA, byte[] b, int fromB, int toB) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    out.write(a, fromA, toA - fromA);
    out.write(b, fromB, toB - fromB);
    return out.toByteArray();
  }

  private static byte[] inserted(byte[] input, int at, Random random) {
    byte[] some = new byte[1 + random.nextInt(16)];
    random.nextBytes(some);
    byte[] start = joined(input, 0, at, some, 0, some.length);
    return joined(start, 0, start.length, input, at, input.length);
  }

  private static byte[] spliced(byte[] input, int at, byte[] other, Random random) {
    int from = other.length == 0 ? 0 : random.nextInt(other.length);
    return joined(input, 0, at, other, from, other.length);
  }

  /** An extreme number where a header of big-endian fields may have one. */
  private static byte[] number(byte[] input, int at, Random random) {
    byte[] changed = input.clone();
    long value = EXTREMES[random.nextInt(EXTREMES.length)];
    int aligned = at & ~3;
    if (random.nextBoolean() && aligned + 8 <= changed.length) {
      ByteBuffer.wrap(changed).putLong(aligned, value);
    } else if (aligned + 4 <= changed.length) {
      ByteBuffer.wrap(changed).putInt(aligned, (int) value);
    }
    return changed;
  }

  /** Cuts input into pieces, as a socket may deliver it. */
  public static List<byte[]> pieces(byte[] input, Random random) {
    List<byte[]> pieces = new ArrayList<>();
    int at = 0;
    while (at < input.length) {
      int next = Math.min(input.length, at + 1 + random.nextInt(40));
      pieces.add(Arrays.copyOfRange(input, at, next));
      at = next;
    }
    return pieces;
  }
}
