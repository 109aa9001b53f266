package dev.tern.client;

import java.io.IOException;

/** The time to wait is over. What was waited for goes on. */
public final class LateException extends IOException {
  private static final long serialVersionUID = 1L;

  LateException(String message) {
    super(message);
  }
}
