package dev.tern.contract;

import com.fasterxml.jackson.annotation.JsonCreator;
import com.fasterxml.jackson.annotation.JsonValue;
import java.util.regex.Pattern;

/** A host with an agent, by the name its agent reports: Nova's {@code host}. */
public record HostName(@JsonValue String value) {
  /**
   * Nova's pattern for host names, at most 255 characters, at least one. Also safe as part of a
   * queue's name.
   */
  private static final Pattern FORM = Pattern.compile("[a-zA-Z0-9._-]{1,255}");

  @JsonCreator
  public HostName {
    if (!FORM.matcher(value).matches()) {
      throw new IllegalArgumentException(
          "host names have 1 to 255 letters, digits, '.', '_' or '-'");
    }
  }

  @Override
  public String toString() {
    return value;
  }
}
