package dev.tern.api.errors;

import java.util.Map;
import java.util.Objects;

/**
 * A failure of the request as HTTP, before it means anything to the service: no such route,
 * version, method, type or size.
 */
public final class HttpFailure extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final int status;

  @SuppressWarnings("serial") // an immutable map, which is serializable
  private final Map<String, String> headers;

  public HttpFailure(int status, String message) {
    this(status, message, Map.of());
  }

  /** With headers that the answer has besides. */
  public HttpFailure(int status, String message, Map<String, String> headers) {
    super(message);
    this.status = status;
    this.headers = Map.copyOf(headers);
  }

  public static HttpFailure notFound() {
    return new HttpFailure(404, "The resource could not be found.");
  }

  public Map<String, String> headers() {
    return headers;
  }

  public int status() {
    return status;
  }

  public String explanation() {
    return Objects.requireNonNull(getMessage());
  }
}
