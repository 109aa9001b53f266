package dev.tern.client;

import java.io.IOException;
import org.jspecify.annotations.Nullable;

/** Nobody knows: no answer came, or none that can be read. What was asked for may still happen. */
public final class NoAnswerException extends IOException {
  private static final long serialVersionUID = 1L;

  NoAnswerException(String message, @Nullable Throwable cause) {
    super(message, cause);
  }
}
