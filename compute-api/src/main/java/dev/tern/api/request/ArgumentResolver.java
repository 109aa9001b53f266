package dev.tern.api.request;

import jakarta.servlet.http.HttpServletRequest;
import java.io.IOException;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.springframework.core.MethodParameter;
import org.springframework.web.bind.support.WebDataBinderFactory;
import org.springframework.web.context.request.NativeWebRequest;
import org.springframework.web.method.support.HandlerMethodArgumentResolver;
import org.springframework.web.method.support.ModelAndViewContainer;

/** Gives handlers the request and its body. */
public final class ArgumentResolver implements HandlerMethodArgumentResolver {
  private final BodyReader bodies;

  public ArgumentResolver(int maxBodyBytes) {
    this.bodies = new BodyReader(maxBodyBytes);
  }

  @Override
  public boolean supportsParameter(MethodParameter parameter) {
    return parameter.getParameterType() == ApiRequest.class
        || parameter.getParameterType() == JsonBody.class;
  }

  @Override
  public Object resolveArgument(
      MethodParameter parameter,
      @Nullable ModelAndViewContainer container,
      NativeWebRequest web,
      @Nullable WebDataBinderFactory binders)
      throws IOException {
    HttpServletRequest request =
        Objects.requireNonNull(web.getNativeRequest(HttpServletRequest.class));
    if (parameter.getParameterType() == ApiRequest.class) {
      return ApiRequest.of(request);
    }
    JsonBody body = bodies.read(request);
    OnlyField.note(request, body);
    return body;
  }
}
