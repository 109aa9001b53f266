package dev.tern.contract;

import com.fasterxml.jackson.annotation.JsonCreator;
import com.fasterxml.jackson.annotation.JsonValue;
import java.util.UUID;
import java.util.regex.Pattern;

/**
 * {@code req-<uuid>}: the key of the instance action a request made, and the thread to pull through
 * all logs.
 */
public record RequestId(@JsonValue String value) {
  private static final Pattern FORM =
      Pattern.compile("req-[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}");

  @JsonCreator
  public RequestId {
    if (!FORM.matcher(value).matches()) {
      throw new IllegalArgumentException("request ids are req-<uuid>");
    }
  }

  public static RequestId of(UUID id) {
    return new RequestId("req-" + id);
  }

  @Override
  public String toString() {
    return value;
  }
}
