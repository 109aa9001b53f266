package dev.tern.contract;

import com.fasterxml.jackson.annotation.JsonCreator;
import com.fasterxml.jackson.annotation.JsonValue;
import java.util.Objects;
import java.util.UUID;

/**
 * A migration's UUID (Nova's {@code uuid} since 2.59; the integer {@code id} is the database's).
 */
public record MigrationId(@JsonValue UUID value) {
  public MigrationId {
    Objects.requireNonNull(value, "value");
  }

  /**
   * Reads the canonical form only: 36 characters, lower or upper case hexadecimal and dashes. So it
   * can be used in a path.
   *
   * @throws IllegalArgumentException for anything else
   */
  @JsonCreator
  public static MigrationId parse(String text) {
    UUID id = UUID.fromString(text);
    if (!id.toString().equalsIgnoreCase(text)) {
      throw new IllegalArgumentException("not a UUID in canonical form");
    }
    return new MigrationId(id);
  }

  @Override
  public String toString() {
    return value.toString();
  }
}
