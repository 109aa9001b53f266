package dev.tern.api.errors;

import java.util.Objects;

/**
 * A failure of the request as HTTP, before it means anything to the service: no such route,
 * version, method, type or size.
 */
public final class HttpFailure extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final int status;

  public HttpFailure(int status, String message) {
    super(message);
    this.status = status;
  }

  public static HttpFailure notFound() {
    return new HttpFailure(404, "The resource could not be found.");
  }

  public int status() {
    return status;
  }

  public String explanation() {
    return Objects.requireNonNull(getMessage());
  }
}
