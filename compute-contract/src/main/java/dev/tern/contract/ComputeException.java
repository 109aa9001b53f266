package dev.tern.contract;

import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * A failure with a name. The message is for the caller: what, which, what to do. What happened
 * underneath is the cause, for the log.
 */
public final class ComputeException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final ErrorCode code;

  public ComputeException(ErrorCode code, String message, @Nullable Throwable cause) {
    super(message, cause);
    this.code = Objects.requireNonNull(code, "code");
  }

  public ErrorCode code() {
    return code;
  }

  /** The message; never absent here. */
  public String explanation() {
    return Objects.requireNonNull(getMessage());
  }
}
