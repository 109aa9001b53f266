package dev.tern.contract.amqp;

import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * A message from outside that is not one of ours, or not one we can read. Nothing was done for it.
 */
public final class MalformedMessageException extends Exception {
  private static final long serialVersionUID = 1L;

  /** Why; also the value of the header and the metric's tag when it is parked. */
  public enum Reason {
    TOO_LARGE,
    NOT_JSON,
    NO_ENVELOPE,
    NEWER_VERSION,
    WRONG_KIND,
    UNKNOWN_TYPE,
    INVALID_CONTENT
  }

  private final Reason reason;

  MalformedMessageException(Reason reason, String message, @Nullable Throwable cause) {
    super(message, cause);
    this.reason = Objects.requireNonNull(reason);
  }

  public Reason reason() {
    return reason;
  }
}
