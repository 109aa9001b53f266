package dev.tern.contract.amqp;

import org.jspecify.annotations.Nullable;

/** The broker did not take a message, or did not say so in time. It may be there all the same. */
public final class Undelivered extends Exception {
  private static final long serialVersionUID = 1L;

  public Undelivered(String message, @Nullable Throwable cause) {
    super(message, cause);
  }
}
