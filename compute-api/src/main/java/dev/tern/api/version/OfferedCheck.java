package dev.tern.api.version;

import dev.tern.api.errors.HttpFailure;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import org.springframework.web.method.HandlerMethod;
import org.springframework.web.servlet.HandlerInterceptor;

/** Answers 404 for endpoints that the requested version does not have. */
public final class OfferedCheck implements HandlerInterceptor {
  @Override
  public boolean preHandle(
      HttpServletRequest request, HttpServletResponse response, Object handler) {
    if (handler instanceof HandlerMethod method) {
      Offered offered = method.getMethodAnnotation(Offered.class);
      if (offered != null) {
        int minor = Negotiation.of(request).minor();
        if (minor < offered.from() || minor > offered.to()) {
          throw HttpFailure.notFound();
        }
      }
    }
    return true;
  }
}
