package dev.tern.api.request;

import jakarta.servlet.http.HttpServletRequest;
import java.util.Optional;

/** Finds out who asks. Identity headers other than the token are never believed. */
@FunctionalInterface
public interface Authentication {
  /**
   * Who asks.
   *
   * @param urlProject the project in the request's path
   * @throws dev.tern.api.errors.HttpFailure 401 when that cannot be told
   */
  Caller callerOf(HttpServletRequest request, Optional<String> urlProject);
}
