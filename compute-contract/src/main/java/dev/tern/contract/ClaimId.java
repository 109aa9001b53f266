package dev.tern.contract;

import com.fasterxml.jackson.annotation.JsonCreator;
import com.fasterxml.jackson.annotation.JsonValue;
import java.util.Objects;
import java.util.UUID;

/**
 * A claim on a host's memory, processors and disk. Made by who asks, so that asking twice claims
 * once.
 */
public record ClaimId(@JsonValue UUID value) {
  public ClaimId {
    Objects.requireNonNull(value, "value");
  }

  /**
   * Reads the canonical form only: 36 characters, lower or upper case hexadecimal and dashes. So it
   * can be used in a path.
   *
   * @throws IllegalArgumentException for anything else
   */
  @JsonCreator
  public static ClaimId parse(String text) {
    UUID id = UUID.fromString(text);
    if (!id.toString().equalsIgnoreCase(text)) {
      throw new IllegalArgumentException("not a UUID in canonical form");
    }
    return new ClaimId(id);
  }

  @Override
  public String toString() {
    return value.toString();
  }
}
