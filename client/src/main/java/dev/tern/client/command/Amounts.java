package dev.tern.client.command;

import java.time.Duration;
import java.time.temporal.ChronoUnit;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** What people type for times and bandwidths. */
final class Amounts {
  private static final Pattern TIME = Pattern.compile("([0-9]{1,12})(ms|s|m|h)?");
  private static final Pattern BANDWIDTH = Pattern.compile("([0-9]{1,15})([KMG])?(iB)?(/s)?");
  private static final Map<String, ChronoUnit> UNITS =
      Map.of(
          "ms",
          ChronoUnit.MILLIS,
          "s",
          ChronoUnit.SECONDS,
          "m",
          ChronoUnit.MINUTES,
          "h",
          ChronoUnit.HOURS);
  private static final long KIB = 1024;

  private Amounts() {}

  /**
   * A number with {@code ms}, {@code s}, {@code m} or {@code h}.
   *
   * @param usual the unit of a number without one
   * @throws IllegalArgumentException when it is none
   */
  static Duration time(String option, String text, ChronoUnit usual) {
    Matcher time = TIME.matcher(text);
    if (!time.matches()) {
      throw new IllegalArgumentException(
          "%s '%s' is no time: a whole number of %s, or one with ms, s, m or h behind it."
              .formatted(option, text, usual.toString().toLowerCase(Locale.ROOT)));
    }
    ChronoUnit unit = time.group(2) == null ? usual : UNITS.getOrDefault(time.group(2), usual);
    return Duration.of(Long.parseLong(time.group(1)), unit);
  }

  /**
   * Bytes a second. As in virsh a plain number is MiB/s and 0 is no limit; {@code 500K}, {@code
   * 2M}, {@code 1G} are KiB, MiB and GiB.
   *
   * @return null for no limit
   * @throws IllegalArgumentException when it is none
   */
  static @Nullable Long bandwidth(String option, String text) {
    if (text.equals("none")) {
      return null;
    }
    Matcher bandwidth = BANDWIDTH.matcher(text);
    if (!bandwidth.matches()) {
      throw new IllegalArgumentException(
          "%s '%s' is no bandwidth: MiB/s, or a number with K, M or G behind it; 0 is no limit."
              .formatted(option, text));
    }
    long number = Long.parseLong(bandwidth.group(1));
    String unit = bandwidth.group(2) == null ? "M" : bandwidth.group(2);
    long factor =
        switch (unit) {
          case "K" -> KIB;
          case "G" -> KIB * KIB * KIB;
          default -> KIB * KIB;
        };
    if (number == 0) {
      return null;
    }
    try {
      return Math.multiplyExact(number, factor);
    } catch (ArithmeticException e) {
      throw new IllegalArgumentException("%s '%s' is too much.".formatted(option, text), e);
    }
  }
}
