package dev.tern.client;

import java.io.IOException;

/** The API said no, and nothing was done. The message is the API's own reason. */
public final class RefusedException extends IOException {
  private static final long serialVersionUID = 1L;

  private final int status;

  /**
   * @param status of HTTP; 0 where the client itself found that it cannot be done
   */
  public RefusedException(int status, String message) {
    super(message);
    this.status = status;
  }

  /** Of HTTP; 0 where the client itself found that it cannot be done. */
  public int status() {
    return status;
  }
}
