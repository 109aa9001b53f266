package dev.tern.contract;

import java.util.Objects;

/** A named failure as it crosses a boundary or is kept in the database. */
public record Failure(ErrorCode code, String message) {
  public Failure {
    Objects.requireNonNull(code, "code");
    Objects.requireNonNull(message, "message");
  }

  public ComputeException asException() {
    return new ComputeException(code, message, null);
  }
}
