package dev.tern.contract.metrics;

import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** What a queue is for, as a label: without an installation's prefix and without a host's name. */
public final class QueueWord {
  private static final Pattern NAME =
      Pattern.compile(
          "[^.]+\\.(?:(?<one>conductor|scheduler|reports|progress|dead)|(?<each>agent|host)\\..+)");

  private QueueWord() {}

  /** {@code other} for what is none of Tern's. */
  public static String of(String queue) {
    Matcher name = NAME.matcher(queue);
    if (!name.matches()) {
      return "other";
    }
    return name.group("one") != null ? name.group("one") : name.group("each");
  }
}
