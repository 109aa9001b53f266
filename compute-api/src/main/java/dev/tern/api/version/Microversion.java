package dev.tern.api.version;

import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** A version of the API, {@code 2.<minor>}: what the client that asked for it has been promised. */
public record Microversion(int minor) implements Comparable<Microversion> {
  public static final Microversion MIN = new Microversion(1);
  public static final Microversion MAX = new Microversion(Change.newest().minor());

  private static final Pattern FORM = Pattern.compile("([1-9][0-9]{0,8})\\.(0|[1-9][0-9]{0,8})");

  /** Whether a change of the API is part of this version. */
  public boolean has(Change change) {
    return minor >= change.minor();
  }

  /** Whether this version is older than a change. */
  public boolean before(Change change) {
    return minor < change.minor();
  }

  /**
   * Reads what a client sent. {@code latest} is the newest.
   *
   * @return empty when it is a version, but none that is served here
   * @throws IllegalArgumentException when it is no version at all
   */
  public static Optional<Microversion> parse(String text) {
    if (text.equals("latest")) {
      return Optional.of(MAX);
    }
    Matcher form = FORM.matcher(text);
    if (!form.matches()) {
      throw new IllegalArgumentException("not a version");
    }
    Microversion version = new Microversion(Integer.parseInt(form.group(2)));
    return Integer.parseInt(form.group(1)) == 2
            && version.compareTo(MIN) >= 0
            && version.compareTo(MAX) <= 0
        ? Optional.of(version)
        : Optional.empty();
  }

  @Override
  public int compareTo(Microversion other) {
    return Integer.compare(minor, other.minor);
  }

  @Override
  public String toString() {
    return "2." + minor;
  }
}
