package dev.tern.store;

import java.util.Optional;

/** Keeps everybody but administrators from changing a server. */
public record ServerLock(By by, Optional<String> reason) {
  /** Who locked it. */
  public enum By {
    /** Somebody of its own project. */
    OWNER,
    /** Somebody of another. */
    ADMIN
  }
}
