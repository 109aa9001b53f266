package dev.tern.contract;

import com.fasterxml.jackson.annotation.JsonCreator;
import com.fasterxml.jackson.annotation.JsonValue;
import java.util.Objects;
import java.util.UUID;

/** An image of the image service. */
public record ImageId(@JsonValue UUID value) {
  public ImageId {
    Objects.requireNonNull(value, "value");
  }

  /**
   * Reads the canonical form only: 36 characters, lower or upper case hexadecimal and dashes. So it
   * can be used in a path.
   *
   * @throws IllegalArgumentException for anything else
   */
  @JsonCreator
  public static ImageId parse(String text) {
    UUID id = UUID.fromString(text);
    if (!id.toString().equalsIgnoreCase(text)) {
      throw new IllegalArgumentException("not a UUID in canonical form");
    }
    return new ImageId(id);
  }

  @Override
  public String toString() {
    return value.toString();
  }
}
