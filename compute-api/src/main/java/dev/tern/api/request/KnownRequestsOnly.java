package dev.tern.api.request;

import dev.tern.api.errors.HttpFailure;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import org.springframework.web.method.HandlerMethod;
import org.springframework.web.servlet.HandlerInterceptor;

/**
 * Nothing of ours is reached by a path that {@link RequestFilter} did not know for ours, and that
 * it asked nobody about: {@code /v2%2e1/servers} is not found.
 */
public final class KnownRequestsOnly implements HandlerInterceptor {
  private static final String OURS = "dev.tern.";

  @Override
  public boolean preHandle(
      HttpServletRequest request, HttpServletResponse response, Object handler) {
    if (handler instanceof HandlerMethod method
        && method.getBeanType().getName().startsWith(OURS)
        && ApiRequest.find(request).isEmpty()) {
      throw HttpFailure.notFound();
    }
    return true;
  }
}
